// SPDX-License-Identifier: Apache-2.0
// Moves: the role of a node for operators who want a resource to be mastered elsewhere. It asks the home and
// tells the operator how it ended; how a resource moves is in master_moves.cpp.
#pragma once

#include <map>
#include <string>

#include "node/core.hpp"
#include "node/post.hpp"
#include "node/sessions.hpp"

namespace holdfast::node {

class Moves {
 public:
  Moves(Core& core, Post& post, Sessions& sessions) : core_(core), post_(post), sessions_(sessions) {}

  // REQUIRES: the session is an operator's.
  void on(const Session& session, const wire::Move& call);
  void on(const wire::MoveAnswer& answer);
  // What was asked in an earlier epoch may have been swallowed.
  void take_view();

 private:
  struct Asked {
    ClientConn conn;
    OwnerId owner;
    RequestId request;
    NodeId to;
    // If nobody uses the name, it may be that of a sub-lock as people write it.
    std::string path;  // its key; empty: it cannot be one
    std::string root;  // not empty: `path` has been asked for, and this is the root of its tree
  };
  void ask(Asked asked, std::string_view key);
  void answer(const Asked& asked, const Error& error);
  Core& core_;
  Post& post_;
  Sessions& sessions_;
  std::uint64_t asked_so_far_ = 0;
  std::map<std::uint64_t, Asked> asked_;
};

}  // namespace holdfast::node
