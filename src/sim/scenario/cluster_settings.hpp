// SPDX-License-Identifier: Apache-2.0
// The keys of a cluster line. They are the names of the daemon's configuration.
#pragma once

#include "base/result.hpp"
#include "node/node.hpp"
#include "sim/scenario/script.hpp"
#include "sim/world/votes.hpp"

namespace holdfast::sim {

struct ClusterSettings {
  std::uint32_t nodes = 1;
  std::uint64_t seed = 1;
  bool manual_membership = false;
  Votes votes;
  node::NodeConfig node;
};

[[nodiscard]] Result<ClusterSettings> read_cluster(const Script& script);

}  // namespace holdfast::sim
