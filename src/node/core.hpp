// SPDX-License-Identifier: Apache-2.0
// Core: what all roles of a node know: who we are, what time it is, the view and its homes, and where the
// effects of the step under way go. Core decides nothing.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/homes.hpp"
#include "cluster/leases.hpp"
#include "cluster/lost_nodes.hpp"
#include "model/name.hpp"
#include "model/token.hpp"
#include "node/node.hpp"

namespace holdfast::node {

// From one view to the next, as far as the directory is concerned.
struct ViewChange {
  cluster::Homes before;
  bool skipped = false;  // views between the two were never seen here: what moved meanwhile is not known

  [[nodiscard]] bool moved(Slot slot, const cluster::Homes& now) const { return skipped || now.moved(slot, before); }
};

struct Core {
  explicit Core(NodeConfig c) : config(std::move(c)) { clock.enter(config.saved_epoch); }

  NodeConfig config;
  Clock clock;
  Instant now;
  Instant started;
  View view;  // without epoch: none yet
  cluster::Homes homes;
  cluster::LostNodes lost;
  cluster::Leases leases;
  // Lives of members that are about to leave, this node's perhaps among them.
  std::vector<std::pair<NodeId, Incarnation>> leaving;
  // Somebody has another view of this epoch. Whatever he believes to be at home where, the next exchange must not
  // build upon this one.
  bool conflict_seen = false;
  bool valid = false;  // enough others have agreed that we are there: our programs may hold locks
  Effects* out = nullptr;

  [[nodiscard]] NodeId self() const { return config.node; }
  [[nodiscard]] bool has_view() const { return static_cast<bool>(view.epoch); }
  // May programs of this node be promised anything?
  [[nodiscard]] bool serves() const { return valid && view.quorate; }
  // May this node, as a master, grant anything to anybody?
  [[nodiscard]] bool may_grant() const { return has_view() && view.quorate; }
  [[nodiscard]] NodeId home(Slot slot) const { return homes.home(slot); }
  // We are a member ourselves as long as there is a view: no need to look.
  [[nodiscard]] bool is_member(NodeId node, Incarnation incarnation) const {
    return node == self() && has_view() ? incarnation == config.incarnation : view.has(node, incarnation);
  }
  // REQUIRES: `node` is a member.
  [[nodiscard]] bool is_leaving(NodeId node) const {
    return std::ranges::find(leaving, std::pair(node, incarnation_of(node))) != leaving.end();
  }
  // Could it take what this node is master of?
  [[nodiscard]] bool may_become_master(NodeId node) const { return view.has(node) && !is_leaving(node); }
  // Of one resource each mastership is larger than all before it: across epochs by the epoch in front, within
  // one because whoever gives the next one out has seen the last (tokens cannot serve: a new epoch counts them
  // from the start).
  [[nodiscard]] Mastership mint_mastership() {
    constexpr int counter_bits = 33;  // what a clock's seconds leave of 64
    newest_mastership_ = std::max(newest_mastership_, view.epoch.value() << counter_bits) + 1;
    return Mastership{newest_mastership_};
  }
  void saw(Mastership mastership) { newest_mastership_ = std::max(newest_mastership_, mastership.value()); }
  // REQUIRES: `node` is a member.
  [[nodiscard]] Incarnation incarnation_of(NodeId node) const {
    return node == self() ? config.incarnation : view.find(node)->incarnation;
  }

  [[nodiscard]] const LockspacePolicy& policy(std::string_view lockspace) const {
    for (const LockspacePolicy& policy : config.policies)
      if (policy.lockspace == lockspace) return policy;
    return config.default_policy;
  }
  [[nodiscard]] const LockspacePolicy& policy_of_key(std::string_view key) const {
    const auto parts = split_key(key);
    HF_ASSERT(parts.has_value());
    return policy(parts->lockspace);
  }

  // A rare situation: campaigns report which ones were never reached.
  void reached(std::string_view what) {
    out->traces.push_back({.kind = TraceKind::reached, .peer = {}, .a = 0, .b = 0, .text = std::string(what)});
  }
  void trace(Trace trace) { out->traces.push_back(std::move(trace)); }

 private:
  std::uint64_t newest_mastership_ = 0;  // given out or seen by this node
};

}  // namespace holdfast::node
