// SPDX-License-Identifier: Apache-2.0
// Allowance: how much of a large work one turn may do, so that programs are served between two pieces of a
// recovery. Counted, not timed: a node has no clock inside a step, and a seed has to replay it.
#pragma once

#include <algorithm>
#include <cstdint>

namespace holdfast::node {

class Allowance {
 public:
  // What things cost, about in tens of nanoseconds.
  static constexpr std::uint32_t look_at_nothing = 1;  // an index where no record lives
  static constexpr std::uint32_t look = 4;
  static constexpr std::uint32_t look_after = 28;  // a resource whose locks and waits are gone through
  static constexpr std::uint32_t lock = 40;  // one that is reported or dropped; a claimed resource
  static constexpr std::uint32_t rebuild = 200;  // a lock that is rebuilt: its record, its holder's answer

  explicit Allowance(std::uint32_t units) : left_(units) {}
  void spend(std::uint32_t units) { left_ -= std::min(left_, units); }
  [[nodiscard]] bool is_spent() const { return left_ == 0; }

 private:
  std::uint32_t left_;
};

}  // namespace holdfast::node
