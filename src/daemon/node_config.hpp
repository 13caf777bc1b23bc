// SPDX-License-Identifier: Apache-2.0
// From what the operator configured to what a node is told.
#pragma once

#include <chrono>
#include <string>

#include "io/config.hpp"
#include "node/node.hpp"

namespace holdfast::daemon {

// What differs from life to life of a node.
struct Life {
  Incarnation incarnation;
  Epoch saved_epoch;
  // Programs of a daemon that was killed may not know it yet, and still rely on what it granted.
  std::chrono::milliseconds former_lease{0};
  std::vector<FormerPeer> former_peers;
  std::string peer_address;  // with the port that was really taken; empty: no peer port
};

[[nodiscard]] node::NodeConfig node_config(const io::Config& config, const Life& life);
// The view of a node that is alone. Its epoch is larger than any that this node has acted on, also if the
// state file was lost, as long as wall clocks do not go back.
[[nodiscard]] View lone_view(const io::Config& config, const Life& life);

}  // namespace holdfast::daemon
