// SPDX-License-Identifier: Apache-2.0
// LostNodes: how long what a lost node was granted may still be in use. A dead daemon proves nothing about
// its clients, so their locks are granted again only after the lease, or when somebody confirms that the
// clients are dead too (fence-ack). What we know of that lease is what we answered to its heartbeats
// (leases.hpp); the others say what they know in the exchange, and only then is it sure that nobody knows more.
#pragma once

#include <algorithm>
#include <vector>

#include "base/instant.hpp"
#include "base/limits.hpp"
#include "base/planted.hpp"
#include "model/ids.hpp"
#include "wire/peer_messages.hpp"

namespace holdfast::cluster {

class LostNodes {
 public:
  struct Lost {
    NodeId node;
    Incarnation incarnation;
    Instant until;      // its locks may be in use until then
    bool sure = false;  // everybody has said what he knows of it
    friend bool operator==(const Lost&, const Lost&) = default;
  };

  // The lease, and a margin for clocks that run apart.
  [[nodiscard]] static Duration wait_for(Duration lease) { return lease + lease * limits::drift_per_mille / 1000; }

  // A later knowledge never shortens the wait: that takes a confirmation.
  void note(NodeId node, Incarnation incarnation, Instant until) {
    if (is_fenced(node, incarnation)) return;
    if (planted(Bug::skip_lease_wait)) until = Instant{};
    if (Lost* known = find(node, incarnation)) {
      known->until = std::max(known->until, until);
      return;
    }
    lost_.push_back({.node = node, .incarnation = incarnation, .until = until, .sure = false});
  }
  // Everybody has said what he knows. For lives that were not sure yet somebody may have forgotten, in a
  // restart, what he had answered: that counts until `unknown`.
  void everybody_has_reported(Instant unknown) {
    for (Lost& lost : lost_) {
      if (!lost.sure && lost.until != Instant{}) lost.until = std::max(lost.until, unknown);
      lost.sure = true;
    }
  }
  // Somebody vouches for the death of the node and of its clients. No incarnation: the latest lost one.
  // False if no such life of the node was lost.
  bool confirm(NodeId node, Incarnation incarnation) {
    bool found = false;
    for (Lost& lost : lost_) {
      if (lost.node != node || (incarnation && lost.incarnation != incarnation)) continue;
      lost.until = Instant{};
      fenced_.push_back(lost);
      found = true;
    }
    return found;
  }
  // This life of a node is about to end and leaves nothing behind: if it is lost, nobody has to wait.
  void leaves(NodeId node, Incarnation incarnation) {
    if (!is_fenced(node, incarnation)) fenced_.push_back({.node = node, .incarnation = incarnation, .until = {}});
  }
  // Takes out those whose wait is over.
  [[nodiscard]] std::vector<Lost> take_over_due(Instant now) {
    std::vector<Lost> due;
    std::erase_if(lost_, [&](const Lost& lost) {
      if (lost.until > now) return false;
      due.push_back(lost);
      return true;
    });
    return due;
  }
  [[nodiscard]] bool is_waited_for(NodeId node, Incarnation incarnation) const {
    return std::ranges::any_of(
        lost_, [&](const Lost& lost) { return lost.node == node && lost.incarnation == incarnation; });
  }
  [[nodiscard]] bool waiting(Instant now) const {
    return std::ranges::any_of(lost_, [now](const Lost& lost) { return lost.until > now; });
  }
  // When the next wait ends; never() if there is none.
  [[nodiscard]] Instant next() const {
    Instant next = Instant::never();
    for (const Lost& lost : lost_) next = std::min(next, lost.until);
    return next;
  }
  [[nodiscard]] std::vector<wire::LostLease> report(Instant now) const {
    std::vector<wire::LostLease> leases;
    for (const Lost& lost : lost_)
      leases.push_back({.node = lost.node, .incarnation = lost.incarnation,
                        .left = std::max(Duration{0}, lost.until - now)});
    return leases;
  }

 private:
  [[nodiscard]] Lost* find(NodeId node, Incarnation incarnation) {
    const auto at = std::ranges::find_if(
        lost_, [&](const Lost& lost) { return lost.node == node && lost.incarnation == incarnation; });
    return at == lost_.end() ? nullptr : &*at;
  }
  [[nodiscard]] bool is_fenced(NodeId node, Incarnation incarnation) const {
    return std::ranges::any_of(
        fenced_, [&](const Lost& lost) { return lost.node == node && lost.incarnation == incarnation; });
  }
  std::vector<Lost> lost_;
  std::vector<Lost> fenced_;
};

}  // namespace holdfast::cluster
