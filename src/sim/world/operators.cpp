// SPDX-License-Identifier: Apache-2.0
// What operators do, each over a session of his own at one node.
#include "sim/world/world.hpp"

namespace holdfast::sim {

void World::move(NodeId via, const std::string& name, NodeId to) {
  const Machine& there = *machine(via);
  HF_ASSERT(there.up());
  const auto [known, fresh] = operators_.try_emplace({via, there.incarnation}, clients_.size());
  if (fresh) HF_ASSERT(connect("operator", via, 0) == known->second);
  Client& client = *clients_[known->second];
  if (client.session->phase() == session::Phase::over) return;
  (void)client.session->move({.lockspace = {}, .to = to, .resource = name});
  flush(known->second);
}

}  // namespace holdfast::sim
