// SPDX-License-Identifier: Apache-2.0
// Leases: until when this node may believe in its own locks, and until when each other one may in its locks
// by our answers. Peers exchange one heartbeat per pair of nodes, never one per lock.
//
// A node is valid until the sending of a heartbeat that more than half of the configured votes have answered,
// plus the lease. Whoever answered remembers when, and never lets the locks of a lost node go before that
// lease is over: so somebody of every majority knows the last heartbeat of everybody (design section 6).
#pragma once

#include <optional>
#include <vector>

#include "base/instant.hpp"
#include "model/ids.hpp"
#include "model/view.hpp"

namespace holdfast::cluster {

class Leases {
 public:
  // Are those who stay in `after` a majority of the votes of the view that is in force? If not, whoever is gone
  // may have been answered by others who are gone.
  [[nodiscard]] bool is_majority_of_before(const View& after) const;
  // What those said or were told who are no members counts for nothing from now on: note losses before.
  void take_view(const View& view, NodeId self);

  // ---- our own ----
  // This life of a member has answered the heartbeat that we sent then.
  void answered(NodeId node, Incarnation incarnation, Instant sent);
  // The quorum device has said that this side has its votes.
  void device_answered(Instant at);
  // Somebody vouches for the death of this node: of two nodes, it can vote for nobody else until a life of it is
  // a member again.
  // False if no life of it was a member that is none now.
  bool confirm_dead(NodeId node);
  // An earlier life of this node knew it as a member.
  void remember(NodeId node, std::uint32_t votes) { gone_.push_back({.node = node, .votes = votes}); }
  [[nodiscard]] std::uint32_t votes_of(NodeId node) const;
  // The latest moment for which more than half of the configured votes agreed that we are there; none if they
  // never did. We agree with ourselves.
  [[nodiscard]] std::optional<Instant> agreed(Instant now) const;

  // ---- of the others ----
  // We answer a heartbeat of this life of a member now: it may take its locks for its own until then, by our
  // clock, a margin included.
  void answer(NodeId node, Incarnation incarnation, Instant until);
  // When the lease that it has by our answers ends; none if it never had one.
  [[nodiscard]] std::optional<Instant> answered_until(NodeId node, Incarnation incarnation) const;

 private:
  struct Peer {
    NodeId node;
    Incarnation incarnation;
    std::uint32_t votes = 1;
    std::optional<Instant> answered;  // when we had sent what it answered
    std::optional<Instant> until;     // its lease by our answers
  };
  struct Dead {
    NodeId node;
    std::uint32_t votes = 1;
  };
  [[nodiscard]] Peer* find(NodeId node, Incarnation incarnation);
  [[nodiscard]] bool is_majority(std::uint64_t votes, bool with_tie_breaker) const;

  NodeId self_;
  std::uint32_t own_votes_ = 0;
  std::uint64_t configured_ = 0;
  NodeId tie_breaker_;
  std::uint32_t device_votes_ = 0;
  std::optional<Instant> device_;
  std::vector<Peer> peers_;        // the other members
  std::vector<Dead> gone_, dead_;  // former members, and those of them that are known to be dead
};

}  // namespace holdfast::cluster
