// SPDX-License-Identifier: Apache-2.0
// WaitGraph: who waits for whom, worked out from the rows of a query. Both directions, for a lock, an owner, a
// resource or a node; who waits in a circle; and as a tree with the root blocker first, which is what a person
// wants who asks why something does not go on.
//
//   auto graph = client->waits();
//   for (const WaitGraph::Edge& edge : graph->blockers(graph->places(NodeId{2}))) ...
//   const WaitTree tree = wait_tree(*graph, graph->waiting());
//
// The rules are those of the daemon that grants: in the way stands whoever holds a mode in conflict with the wanted
// one, and whoever is ahead in the queue (unless the waiter may pass the queue: `noorder`).
// A pure value: it asks nobody and never changes.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "holdfast/ids.hpp"
#include "holdfast/report.hpp"

namespace holdfast {

// Who goes on only when it has got all that it waits for: a session.
struct WaitOwner {
  NodeId node;
  OwnerId owner;
  friend auto operator<=>(const WaitOwner&, const WaitOwner&) = default;
};
[[nodiscard]] inline WaitOwner wait_owner(const LockInfo& lock) { return {.node = lock.node, .owner = lock.owner.owner}; }

enum class BlockKind : std::uint8_t {
  holds,  // a mode in conflict: the waiter must wait until it is given up
  ahead,  // in the queue: the waiter would pass somebody who came first
};

class WaitGraph {
 public:
  WaitGraph() = default;
  explicit WaitGraph(QueryPage page);

  // A lock of the page.
  struct Place {
    std::uint32_t resource = 0;
    std::uint32_t lock = 0;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  using Places = std::vector<Place>;
  struct Edge {
    Place waiter;
    Place blocker;
    BlockKind kind = BlockKind::holds;
    friend bool operator==(const Edge&, const Edge&) = default;
  };

  [[nodiscard]] const QueryPage& page() const { return page_; }
  [[nodiscard]] const ResourceInfo& resource(Place place) const { return page_.resources[place.resource]; }
  [[nodiscard]] const LockInfo& lock(Place place) const { return resource(place).locks[place.lock]; }

  // ---- which locks ----
  [[nodiscard]] std::optional<Place> find(NodeId node, ClaimId lock) const;
  [[nodiscard]] Places places(const WaitOwner& owner) const;
  [[nodiscard]] Places places(NodeId node) const;
  [[nodiscard]] Places places(const ResourceInfo& resource) const;  // one of page().resources
  // All that wait, those of a resource in the order of its queue.
  [[nodiscard]] Places waiting() const;

  // ---- both directions ----
  // Who stands in their way: as many as there are pairs.
  [[nodiscard]] std::vector<Edge> blockers(std::span<const Place> waiters) const;
  [[nodiscard]] std::vector<Edge> blockers(Place waiter) const { return blockers({&waiter, 1}); }
  // In whose way they stand.
  [[nodiscard]] std::vector<Edge> blocked(std::span<const Place> holders) const;
  [[nodiscard]] std::vector<Edge> blocked(Place holder) const { return blocked({&holder, 1}); }

  // ---- circles ----
  // Owners that wait for each other, one list for each knot of them, in the order of the owners. Who took himself out
  // of the search for deadlocks (`nodlckwt`, `nodlckblk`), and a session that waits for itself (one of its threads for
  // another), is in none.
  [[nodiscard]] const std::vector<std::vector<WaitOwner>>& cycles() const { return cycles_; }
  // The number of the owner's cycle, from 1 on; 0: it is in none.
  [[nodiscard]] std::size_t cycle_of(const WaitOwner& owner) const;

 private:
  [[nodiscard]] std::optional<BlockKind> in_the_way(const ResourceInfo& resource, std::uint32_t blocker, std::uint32_t waiter) const;

  QueryPage page_;
  std::map<WaitOwner, Places> owners_;
  std::map<std::pair<NodeId, ClaimId>, Place> locks_;
  std::vector<std::vector<WaitOwner>> cycles_;
  std::map<WaitOwner, std::size_t> cycle_of_;
};

// The same as lines of a tree, root blockers first, everybody below the one who stands in his way.
struct WaitTree {
  enum class Line : std::uint8_t {
    full,          // an owner, and below it all who wait for it
    again,         // it stands further up already, with all who wait for it
    closes_cycle,  // it stands above this line: here the circle closes
  };
  struct Node {
    std::size_t depth = 0;  // 0: a root
    Line line = Line::full;
    WaitOwner owner;
    // How it waits for the one above it. Of a root: nothing, unless it waits itself (in a circle, or nobody stands in
    // its way).
    std::optional<WaitGraph::Place> waits;
    // The lock of the one above that is in its way, and how.
    std::optional<WaitGraph::Place> behind;
    BlockKind kind = BlockKind::holds;
    // Further owners that stand in the way of this wait, and are not drawn above it.
    std::size_t others = 0;
    std::size_t cycle = 0;  // of the owner; 0: none
  };
  std::vector<Node> nodes;  // in the order of the lines
};
// Why these wait: they, whoever stands in their way, why those wait, and so on to the roots.
[[nodiscard]] WaitTree wait_tree(const WaitGraph& graph, std::span<const WaitGraph::Place> waiters);

}  // namespace holdfast
