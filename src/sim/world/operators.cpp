// SPDX-License-Identifier: Apache-2.0
// What operators do, each over a session of his own at one node.
#include "sim/world/world.hpp"

namespace holdfast::sim {

// His session with this life of the daemon; it may be over.
std::size_t World::operator_at(NodeId via) {
  const Machine& there = *machine(via);
  HF_ASSERT(there.up());
  const auto [known, fresh] = operators_.try_emplace({via, there.incarnation}, clients_.size());
  if (fresh) HF_ASSERT(connect("operator", via, 0) == known->second);
  return known->second;
}

void World::move(NodeId via, const std::string& name, NodeId to) {
  const std::size_t index = operator_at(via);
  if (clients_[index]->session->phase() == session::Phase::over) return;
  (void)clients_[index]->session->move({.lockspace = {}, .to = to, .resource = name});
  flush(index);
}

void World::evict(NodeId via, NodeId holder, ClaimId lock, Token token, Duration grace) {
  const std::size_t index = operator_at(via);
  if (clients_[index]->session->phase() == session::Phase::over) return;
  (void)clients_[index]->session->evict({.node = holder, .incarnation = {}, .lock = lock, .token = token,
                                         .grace = grace, .reason = "the dice"});
  flush(index);
}

void World::vouch(NodeId via, NodeId dead, Incarnation life) {
  const std::size_t index = operator_at(via);
  if (clients_[index]->session->phase() == session::Phase::over) return;
  (void)clients_[index]->session->fence_ack({.node = dead, .incarnation = life});
  flush(index);
}

}  // namespace holdfast::sim
