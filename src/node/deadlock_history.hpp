// SPDX-License-Identifier: Apache-2.0
// DeadlockHistory: the deadlocks whose victims were programs of this node, and the questions for those of all nodes.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "node/core.hpp"
#include "node/post.hpp"
#include "node/sessions.hpp"

namespace holdfast::node {

class DeadlockHistory {
 public:
  DeadlockHistory(Core& core, Post& post, Sessions& sessions) : core_(core), post_(post), sessions_(sessions) {}

  void add(wire::DeadlockReport report);
  void on(const Session& session, const wire::DeadlocksQuery& call);
  void on(NodeId from, const wire::DeadlocksAsk& ask);
  void on(NodeId from, const wire::DeadlocksReply& reply);
  // Nodes that left the view will not answer any more.
  void take_view();
  // Answers what was waited for too long without those who are silent.
  void sweep();
  [[nodiscard]] Instant next() const { return open_.empty() ? Instant::never() : open_.begin()->second.until; }

 private:
  struct Entry {
    Instant at;
    wire::DeadlockReport report;
  };
  struct OpenQuery {
    ClientConn conn;
    OwnerId owner;
    RequestId request;
    Instant until;
    std::vector<NodeId> missing;
    bool is_complete = true;
    std::vector<wire::DeadlockReport> found;
  };
  void finish(std::uint64_t number);

  Core& core_;
  Post& post_;
  Sessions& sessions_;
  std::deque<Entry> entries_;  // the latest first
  std::map<std::uint64_t, OpenQuery> open_;
  std::uint64_t last_query_ = 0;
};

}  // namespace holdfast::node
