// SPDX-License-Identifier: Apache-2.0
// Budget: how often something may be done in a second. What is not used is kept for a second at most.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/instant.hpp"

namespace holdfast::node {

class Budget {
 public:
  // Begins full. 0: never.
  explicit Budget(std::uint32_t per_second)
      : cost_(per_second == 0 ? Duration{0} : Duration(std::chrono::seconds(1)) / per_second) {}

  [[nodiscard]] bool take(Instant now) {
    if (cost_ == Duration{0}) return false;
    // What is left is the time since `spent_until_`, a second of it at most.
    spent_until_ = std::max(spent_until_, now - kept);
    if (now < next()) return false;
    spent_until_ = spent_until_ + cost_;
    return true;
  }
  // When there is enough for one more.
  [[nodiscard]] Instant next() const { return cost_ == Duration{0} ? Instant::never() : spent_until_ + cost_; }

 private:
  static constexpr Duration kept = std::chrono::seconds(1);
  Duration cost_;
  Instant spent_until_{-kept};
};

}  // namespace holdfast::node
