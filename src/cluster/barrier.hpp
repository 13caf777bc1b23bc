// SPDX-License-Identifier: Apache-2.0
// Barrier: the one of the recovery exchange. A home opens when every member of the view, itself included,
// has said "done" for this epoch. A further view simply starts it again.
#pragma once

#include <algorithm>
#include <vector>

#include "base/planted.hpp"
#include "model/view.hpp"

namespace holdfast::cluster {

enum class HomePhase : std::uint8_t { closed, collecting, open };

class Barrier {
 public:
  void begin(const View& view) {
    epoch_ = view.epoch;
    missing_.clear();
    for (const Member& member : view.members) missing_.push_back(member.node);
    phase_ = HomePhase::collecting;
  }
  // True if this was the last one missing.
  [[nodiscard]] bool done(NodeId node, Epoch epoch) {
    if (phase_ != HomePhase::collecting || epoch != epoch_) return false;
    std::erase(missing_, node);
    if (!missing_.empty() && !planted(Bug::grant_before_barrier)) return false;
    phase_ = HomePhase::open;
    return true;
  }
  [[nodiscard]] HomePhase phase() const { return phase_; }
  [[nodiscard]] Epoch epoch() const { return epoch_; }
  [[nodiscard]] const std::vector<NodeId>& missing() const { return missing_; }

 private:
  Epoch epoch_;
  std::vector<NodeId> missing_;
  HomePhase phase_ = HomePhase::closed;
};

}  // namespace holdfast::cluster
