// SPDX-License-Identifier: Apache-2.0
// Deadlocks: the role of a node that looks for cycles of waits over resources and nodes, and sees to it that each
// loses exactly one of its waits (docs/deadlocks.md). It decides when which party is searched for, and carries the
// searches; what it knows of waits it is told by the other roles.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "node/allowance.hpp"
#include "node/budget.hpp"
#include "node/deadlock_history.hpp"
#include "node/master.hpp"
#include "node/requester.hpp"
#include "node/reservations.hpp"
#include "node/search.hpp"
#include "node/suspects.hpp"

namespace holdfast::node {

class Deadlocks {
 public:
  Deadlocks(Core& core, Post& post, Sessions& sessions, Master& master, Requester& requester)
      : core_(core), post_(post), master_(master), requester_(requester), suspects_(core.config.deadlocks.delay),
        budget_(limits::searches_per_second), reservations_(core, post, requester), history_(core, post, sessions) {}

  void on(const Session& session, const wire::DeadlocksQuery& call) { history_.on(session, call); }
  void on(NodeId from, const wire::WaitsAsk& ask) { master_.tell_edges(from, ask); }
  void on(NodeId from, const wire::PartiesAsk& ask);
  void on(NodeId from, const wire::WaitsReply& reply) { take_answer(from, reply); }
  void on(NodeId from, const wire::PartiesReply& reply) { take_answer(from, reply); }
  void on(NodeId from, const wire::Reserved& reply) { take_answer(from, reply); }
  void on(NodeId from, const wire::Reserve& message) { reservations_.on(from, message); }
  void on(NodeId from, const wire::Unreserve& message) { reservations_.on(from, message); }
  void on(NodeId from, const wire::Doom& message) { reservations_.on(from, message); }
  void on(NodeId from, const wire::DeadlocksAsk& ask) { history_.on(from, ask); }
  void on(NodeId from, const wire::DeadlocksReply& reply) { history_.on(from, reply); }

  // All searches are over, and everybody who waits is looked at again.
  void take_view();
  // Does what is due, as far as the allowance goes.
  void sweep(Allowance& allowance);
  // When sweep() has something to do.
  [[nodiscard]] Instant next() const;

 private:
  template <class Reply>
  void take_answer(NodeId from, const Reply& reply) {
    const auto at = open_.find(reply.search);
    if (at == open_.end() || at->second->is_ready()) return;
    at->second->on(from, reply);
    if (at->second->is_ready()) ready_.push_back(reply.search);
  }
  void consider(const Party& party);
  void go_on(Allowance& allowance);
  void begin(const Party& party);
  void advance(std::uint64_t number, Allowance& allowance);
  void end(std::uint64_t number, Search::Outcome outcome);
  [[nodiscard]] bool may_search() const { return core_.config.deadlocks.on && core_.serves(); }

  Core& core_;
  Post& post_;
  Master& master_;
  Requester& requester_;
  Suspects suspects_;
  Budget budget_;
  Reservations reservations_;
  DeadlockHistory history_;
  std::deque<Party> due_;                 // to be searched for
  enum class Since : std::uint8_t { nothing, news };
  std::map<Party, Since> listed_;         // due, or being searched for; and whether something came since that began
  std::map<std::uint64_t, std::unique_ptr<Search>> open_;
  std::deque<std::uint64_t> ready_;       // searches that have all their answers
  std::uint64_t last_search_ = 0;
};

}  // namespace holdfast::node
