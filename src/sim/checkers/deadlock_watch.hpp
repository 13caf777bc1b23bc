// SPDX-License-Identifier: Apache-2.0
// DeadlockWatch: I11, looked at on the state of all nodes.
//   Each victim was on a real cycle: at the moment when its search had reserved the cycle and began to look a second
//   time, each member waited at its master for what the next one holds (or for its place in the queue), and none of
//   them was the victim of another search before it.
//   Each cycle that is older than a bound is broken.
#pragma once

#include "sim/world/world.hpp"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace holdfast::sim {

class DeadlockWatch {
 public:
  // A wait of one life of a node.
  using Wait = std::tuple<NodeId, Incarnation, ClaimId, std::uint32_t>;

  // What is wrong; empty: nothing.
  [[nodiscard]] std::string on_trace(World& world, NodeId node, const node::Trace& trace);
  std::uint64_t victims = 0;

 private:
  struct Looked {
    Duration at{};
    std::vector<Wait> members;
    std::vector<Wait> gone;   // they waited no more
    std::string broken;       // an edge that was not there
  };
  using Search = std::tuple<NodeId, Incarnation, std::uint64_t>;
  void look(World& world, NodeId node, const node::Trace& trace);
  [[nodiscard]] std::string judge(World& world, NodeId node, const node::Trace& trace);
  std::map<Search, Looked> searches_;
  std::set<Wait> victims_;
};

// The waits that are on a cycle now.
[[nodiscard]] std::set<DeadlockWatch::Wait> waits_in_cycles(World& world);

}  // namespace holdfast::sim
