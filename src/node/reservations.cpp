// SPDX-License-Identifier: Apache-2.0
#include "node/reservations.hpp"

#include <algorithm>

#include "base/planted.hpp"

namespace holdfast::node {

// REQUIRES: it waits.
void Reservations::answer(const Search& search, const Wait& wait) {
  const Claim* const claim = requester_.waiting(wait.first, wait.second);
  HF_ASSERT(claim != nullptr);
  post_.send(search.node,
             wire::Reserved{.epoch = core_.view.epoch, .search = search.number, .claim = wait.first,
                            .number = wait.second, .gone = 0,
                            .party = requester_.describe(party_of(*claim), Requester::Tally::wanted),
                            .member = requester_.describe_waiting(*claim)});
}

void Reservations::on(NodeId from, const wire::Reserve& message) {
  const Wait wait{message.claim, message.number};
  const Search search{.node = from, .number = message.search};
  if (requester_.waiting(wait.first, wait.second) == nullptr) {
    post_.send(from, wire::Reserved{.epoch = message.epoch, .search = message.search, .claim = message.claim,
                                    .number = message.number, .gone = 1});
    return;
  }
  if (planted(Bug::doom_unreserved)) return answer(search, wait);
  std::deque<Search>& queue = waits_[wait];
  queue.push_back(search);
  if (queue.size() == 1)
    answer(search, wait);
  else
    core_.reached("a deadlock search waits for another one");
}

void Reservations::leave(const Search& search, const Wait& wait) {
  const auto at = waits_.find(wait);
  if (at == waits_.end()) return;
  const bool had_it = at->second.front() == search;
  std::erase(at->second, search);
  const std::deque<Search> queue = at->second;
  if (queue.empty()) waits_.erase(at);
  if (!had_it || queue.empty()) return;
  if (requester_.waiting(wait.first, wait.second) != nullptr) return answer(queue.front(), wait);
  waits_.erase(wait);
  for (const Search& next : queue)
    post_.send(next.node, wire::Reserved{.epoch = core_.view.epoch, .search = next.number, .claim = wait.first,
                                         .number = wait.second, .gone = 1});
}

void Reservations::on(NodeId from, const wire::Unreserve& message) {
  leave({.node = from, .number = message.search}, {message.claim, message.number});
}

void Reservations::on(NodeId from, const wire::Doom& message) {
  if (requester_.doom(message.claim, message.number, message.report))
    core_.trace({.kind = TraceKind::deadlock_victim, .peer = from, .a = message.search, .b = message.claim.value()});
  leave({.node = from, .number = message.search}, {message.claim, message.number});
}

}  // namespace holdfast::node
