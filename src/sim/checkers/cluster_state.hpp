// SPDX-License-Identifier: Apache-2.0
// ClusterState: what must hold between the states of all nodes, looked at from outside:
//   I6   whoever waits keeps his place before those behind him, also through a recovery
//   I9   whoever is in somebody's way was told so, once all is quiet
//   I15  in the end no lock is left that nobody holds
//   I16  of nodes in one view at most one serves a resource
// and, once all is quiet, that each tree of sub-locks has one master.
#pragma once

#include "base/result.hpp"
#include "sim/world/world.hpp"

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace holdfast::sim {

class ClusterState {
 public:
  [[nodiscard]] Result<void> check(World& world);

 private:
  // One request or conversion that waits.
  using Waiter = std::tuple<NodeId, Incarnation, ClaimId, std::uint32_t>;
  struct Queue {
    Epoch epoch;
    std::vector<Waiter> waiting;
  };
  [[nodiscard]] Result<void> check_masters(World& world);
  [[nodiscard]] Result<void> check_queues(World& world);
  std::map<std::string, Queue> queues_;  // as they were seen last
};

// REQUIRES: nothing is under way, and whoever waits has waited for a while.
[[nodiscard]] Result<void> check_notices(World& world);
[[nodiscard]] Result<void> check_trees(World& world);
[[nodiscard]] Result<void> check_nothing_is_left(World& world);

}  // namespace holdfast::sim
