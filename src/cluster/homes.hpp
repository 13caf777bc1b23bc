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
// The same, and who would win without that node; none if there is nobody else.
struct Ranked {
  NodeId first;
  NodeId second;
};
[[nodiscard]] Ranked rank(Slot slot, std::span<const WeightedNode> nodes);

class Homes {
 public:
  Homes() = default;
  explicit Homes(const View& view);

  // None before there was a view.
  [[nodiscard]] NodeId home(Slot slot) const { return homes_[slot.value()].node; }
  // Who keeps the second copy of values that `master` is master of: whoever would be home without it. None:
  // there is nobody else.
  [[nodiscard]] NodeId keeper(Slot slot, NodeId master) const {
    const Home& home = homes_[slot.value()];
    return home.node == master ? home.next : home.node;
  }
  [[nodiscard]] Incarnation incarnation(Slot slot) const { return homes_[slot.value()].incarnation; }
  // Has the home changed, as a node or as an incarnation of it? A restarted home remembers nothing.
  [[nodiscard]] bool moved(Slot slot, const Homes& before) const {
    if (planted(Bug::home_stays_unmoved)) return home(slot) != before.home(slot);
    const Home& now = homes_[slot.value()];
    const Home& then = before.homes_[slot.value()];
    return now.node != then.node || now.incarnation != then.incarnation;
  }

 private:
  struct Home {
    NodeId node;
    Incarnation incarnation;
    NodeId next;  // home if this one were not there
  };
  std::array<Home, limits::slots> homes_{};
};

}  // namespace holdfast::cluster
