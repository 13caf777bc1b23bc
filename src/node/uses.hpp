// SPDX-License-Identifier: Apache-2.0
// Uses: who uses a resource, as far as its master needs to know it to give the resource to whoever uses it most. One
// other node is remembered, found by majority vote: each use by somebody else takes one vote away, and at none the next
// node is the one. Whoever does more than half of all uses gets there, and counting costs no list, no hash and no clock.
// All counts are halved in each period, so what was long ago counts for little.
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/ids.hpp"

namespace holdfast::node {

class Uses {
 public:
  // By a program of the master's own node.
  void note_own(std::uint32_t period) {
    age(period);
    ++all_;
    votes_ -= votes_ > 0 ? 1 : 0;
  }
  // By another node. True if it has used the resource `enough` by now.
  [[nodiscard]] bool note(NodeId node, std::uint32_t period, std::uint32_t enough) {
    age(period);
    ++all_;
    if (node == rival_) {
      ++votes_;
      return ++rivals_ >= enough;
    }
    if (votes_ > 0) {
      --votes_;
      return false;
    }
    rival_ = node;
    votes_ = rivals_ = 1;
    return enough <= 1;
  }
  // Halves, once for each period that has passed.
  void age(std::uint32_t period) {
    if (period == period_) return;
    const std::uint32_t halvings = std::min(period - period_, 31U);
    votes_ >>= halvings;
    rivals_ >>= halvings;
    all_ >>= halvings;
    period_ = period;
  }

  [[nodiscard]] NodeId rival() const { return rival_; }
  [[nodiscard]] std::uint32_t of_rival() const { return rivals_; }
  // By all others; what the rival did before it was the rival counts here, too.
  [[nodiscard]] std::uint32_t of_others() const { return all_ - rivals_; }
  [[nodiscard]] bool is_rivals(std::uint32_t enough, std::uint32_t times) const {
    return rivals_ >= enough && rivals_ > std::uint64_t{times} * of_others();
  }

 private:
  NodeId rival_;
  std::uint32_t votes_ = 0;
  std::uint32_t rivals_ = 0;  // of the rival since it is that
  std::uint32_t all_ = 0;
  std::uint32_t period_ = 0;
};

}  // namespace holdfast::node
