// SPDX-License-Identifier: Apache-2.0
// Homes: which member is home of which slot of the directory. Rendezvous hashing: every member gets a
// score for every slot and the highest wins, so a member that comes or goes moves only its own share.
// Weights follow the logarithmic method (score = weight / -log2(u)), in integers, so that all nodes agree
// to the last bit.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "base/limits.hpp"
#include "base/planted.hpp"
#include "model/ids.hpp"
#include "model/view.hpp"

namespace holdfast::cluster {

struct WeightedNode {
  NodeId node;
  std::uint32_t weight = 1;
};

// The winner of this slot among `nodes`; if all weights are 0, as if all were 1. REQUIRES: not empty.
[[nodiscard]] NodeId rendezvous(Slot slot, std::span<const WeightedNode> nodes);

class Homes {
 public:
  Homes() = default;
  explicit Homes(const View& view);

  // None before there was a view.
  [[nodiscard]] NodeId home(Slot slot) const { return homes_[slot.value()].node; }
  // Has the home changed, as a node or as an incarnation of it? A restarted home remembers nothing.
  [[nodiscard]] bool moved(Slot slot, const Homes& before) const {
    if (planted(Bug::home_stays_unmoved)) return home(slot) != before.home(slot);
    return !(homes_[slot.value()] == before.homes_[slot.value()]);
  }

 private:
  struct Home {
    NodeId node;
    Incarnation incarnation;
    friend bool operator==(const Home&, const Home&) = default;
  };
  std::array<Home, limits::slots> homes_{};
};

}  // namespace holdfast::cluster
