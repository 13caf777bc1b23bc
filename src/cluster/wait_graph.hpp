// SPDX-License-Identifier: Apache-2.0
// WaitGraph: what one deadlock search knows of who waits for whom, and the shortest cycle through one party.
//
// A party is who can be stuck: a transaction, or else the owner of a lock. It is stuck while any of its waits
// lasts. An edge of a wait leads to a lock. If that lock is held in the way, it goes when its party gives it up,
// which the party cannot do while it waits: the edge leads on to all waits of the party. If the lock is only
// ahead in the queue, it is out of the way when its own wait ends, whatever else its party waits for: the edge
// leads on to that wait alone. Within one party there are no edges.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "model/ids.hpp"
#include "model/mode.hpp"
#include "model/token.hpp"

namespace holdfast::cluster {

using LockOf = std::pair<NodeId, ClaimId>;

struct WaitId {
  NodeId node;
  ClaimId claim;
  std::uint32_t number = 0;  // of the request or conversion that waits
  [[nodiscard]] LockOf lock() const { return {node, claim}; }
  friend auto operator<=>(const WaitId&, const WaitId&) = default;
};

struct PartyId {
  std::uint64_t transaction = 0;
  NodeId node;  // this and the owner only without a transaction
  OwnerId owner;
  friend auto operator<=>(const PartyId&, const PartyId&) = default;
};

// The same twice means that it was there all the time between: whatever happens to the blocker meanwhile changes
// its number or its token.
struct WaitEdge {
  NodeId node;  // of the blocker
  ClaimId claim;
  std::uint32_t number = 0;   // of its latest operation
  std::uint32_t waiting = 0;  // ahead: of its operation that waits
  Token token;
  Mode mode = Mode::NL;  // that it holds or, ahead, wants
  bool ahead = false;
  [[nodiscard]] LockOf lock() const { return {node, claim}; }
  friend bool operator==(const WaitEdge&, const WaitEdge&) = default;
};

// A wait, and why it waits for the next member of its cycle.
struct CycleMember {
  WaitId wait;
  WaitEdge edge;
};
using Cycle = std::vector<CycleMember>;

class WaitGraph {
 public:
  void add_wait(const PartyId& party, const WaitId& wait);
  void add_edge(const WaitId& wait, const WaitEdge& edge) { edges_[wait].push_back(edge); }
  void add_party(const LockOf& lock, const PartyId& party) { parties_[lock] = party; }
  [[nodiscard]] bool knows(const LockOf& lock) const { return parties_.contains(lock); }

  // The shortest cycle through a wait of this party; its smallest wait comes first.
  [[nodiscard]] std::optional<Cycle> cycle_through(const PartyId& own) const;

 private:
  struct Walk;
  [[nodiscard]] const PartyId* party_of(const LockOf& lock) const {
    const auto at = parties_.find(lock);
    return at == parties_.end() ? nullptr : &at->second;
  }
  [[nodiscard]] std::optional<Cycle> search(const PartyId& own, const std::set<WaitId>& from) const;

  std::map<PartyId, std::set<WaitId>> waits_;
  std::map<WaitId, std::vector<WaitEdge>> edges_;
  std::map<LockOf, PartyId> parties_;
};

}  // namespace holdfast::cluster
