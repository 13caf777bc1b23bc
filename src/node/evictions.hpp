// SPDX-License-Identifier: Apache-2.0
// Evictions: the role of a node for operators who want a lock of somebody else to be ended. It asks the node
// whose lock it is, and tells the operator how it ended; how the lock ends is in requester_evictions.cpp.
#pragma once

#include <map>

#include "node/core.hpp"
#include "node/post.hpp"
#include "node/sessions.hpp"

namespace holdfast::node {

class Evictions {
 public:
  Evictions(Core& core, Post& post, Sessions& sessions) : core_(core), post_(post), sessions_(sessions) {}

  void on(const Session& session, const wire::Evict& call);
  void on(NodeId from, const wire::EvictAnswer& answer);
  // Nodes that are gone will not answer any more, and their locks go with them.
  void take_view();

 private:
  struct Asked {
    ClientConn conn;
    OwnerId owner;
    RequestId request;
    NodeId node;
    Incarnation incarnation;
    ClaimId claim;
    std::uint32_t pid = 0;  // who asked
  };
  [[nodiscard]] Error check(const wire::Evict& call) const;
  void answer(const Asked& asked, const Error& error);
  Core& core_;
  Post& post_;
  Sessions& sessions_;
  std::uint64_t asked_so_far_ = 0;
  std::map<std::uint64_t, Asked> asked_;
};

}  // namespace holdfast::node
