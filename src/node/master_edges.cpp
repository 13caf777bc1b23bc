// SPDX-License-Identifier: Apache-2.0
// The master's part in the deadlock search: it knows for whom a wait waits, and nothing of parties.
#include "node/master.hpp"

namespace holdfast::node {

// As its own node knows it, and served here: what moves is asked about again later.
bool Master::is_waiting(const wire::WaitPlace& wait) const {
  const Resource* const resource = const_cast<Master&>(*this).find(wait.resource);
  const bool is_served = resource != nullptr && resource->mastership == wait.mastership &&
                         !resource->is_elsewhere() && is_up_to_date(*resource);
  const lock::Holder* const holder = is_served ? engine_.holder(wait.lock) : nullptr;
  return holder != nullptr && engine_.resource_of(wait.lock) == wait.resource && holder->node == wait.node &&
         holder->claim == wait.claim && core_.is_member(wait.node, extra(wait.lock).incarnation) &&
         extra(wait.lock).pending == wait.number && engine_.state(wait.lock).standing != lock::Standing::granted;
}

void Master::add_edges(std::vector<wire::EdgeRow>& rows, std::uint32_t of, LockId lock) const {
  for (const lock::Edge& edge : engine_.edges(lock)) {
    const lock::LockState blocker = engine_.state(edge.blocker);
    const Extra& known = extra(edge.blocker);
    // The locks of the lost go by themselves.
    if (!core_.is_member(blocker.holder.node, known.incarnation)) continue;
    rows.push_back({.of = of, .node = blocker.holder.node, .claim = blocker.holder.claim, .number = known.applied,
                    .waiting = edge.ahead ? known.pending : 0, .lock = edge.blocker, .token = blocker.token,
                    .mode = edge.mode, .ahead = static_cast<std::uint8_t>(edge.ahead ? 1 : 0)});
  }
}

void Master::tell_edges(NodeId to, const wire::WaitsAsk& ask) const {
  wire::WaitsReply reply{.epoch = ask.epoch, .search = ask.search, .round = ask.round};
  std::vector<wire::EdgeRow> edges;
  for (std::uint32_t i = 0; i < ask.waits.size() && edges.size() < limits::search_rows_max; ++i) {
    if (is_waiting(ask.waits[i]))
      add_edges(edges, i, ask.waits[i].lock);
    else
      reply.gone.push_back(i);
  }
  std::size_t sent = 0;
  const auto next = [&](std::size_t rows) {
    const auto begin = edges.begin() + static_cast<std::ptrdiff_t>(sent);
    sent += rows;
    return std::vector<wire::EdgeRow>(begin, edges.begin() + static_cast<std::ptrdiff_t>(sent));
  };
  while (edges.size() - sent > limits::search_rows_per_message_max)
    post_.send(to, wire::WaitsReply{.epoch = ask.epoch, .search = ask.search, .round = ask.round, .last = 0, .gone = {},
                                    .edges = next(limits::search_rows_per_message_max)});
  reply.last = 1;
  reply.edges = next(edges.size() - sent);
  post_.send(to, reply);
}

}  // namespace holdfast::node
