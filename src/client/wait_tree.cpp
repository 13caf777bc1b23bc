// SPDX-License-Identifier: Apache-2.0
// The graph of waits as a tree for people. A tree that drew every pair would be useless where many wait: so a wait is
// drawn below those who hold something in conflict, below those who are only ahead if nobody else is in its way or
// the two wait in one circle, and below a few of them at most; how many more there are is counted. What that takes is
// worked out once for a queue, so that a long one costs its length.
#include <algorithm>
#include <set>

#include "base/limits.hpp"
#include "holdfast/wait_graph.hpp"

namespace holdfast {
namespace {

using Edge = WaitGraph::Edge;
using Place = WaitGraph::Place;

// What stands against a mode on one resource.
struct Against {
  std::vector<Place> drawn;                // one lock per owner, the most telling owners first, a few
  std::uint32_t holders = 0;               // locks in conflict
  std::vector<std::uint32_t> converting;   // those of them that stand in the queue themselves
};

// The queue of one resource.
struct Queue {
  std::uint32_t first = 0;             // index of the first lock that waits
  std::vector<std::uint32_t> nearest;  // of each that waits: who ahead of it wants something in conflict; else the first
  std::map<Mode, Against> against;
};

class Drawing {
 public:
  Drawing(const WaitGraph& graph, std::span<const Place> waiters) : graph_(graph) {
    for (const Place& place : graph.waiting()) waits_.insert(owner_of(place));
    for (const Place& waiter : waiters) follow(waiter);
    while (!unfollowed_.empty()) {
      const WaitOwner owner = unfollowed_.back();
      unfollowed_.pop_back();
      for (const Place& place : graph_.places(owner)) follow(place);
    }
  }
  [[nodiscard]] WaitTree draw() {
    for (const WaitOwner& owner : blockers_)
      if (!waits_.contains(owner)) draw_root(owner, std::nullopt);
    // What is left waits in circles, or for nobody who is known.
    for (const Place& waiter : followed_in_order_)
      if (graph_.cycle_of(owner_of(waiter)) != 0 && !drawn_.contains(owner_of(waiter))) draw_root(owner_of(waiter), waiter);
    for (const Place& waiter : followed_in_order_)
      if (!drawn_.contains(owner_of(waiter))) draw_root(owner_of(waiter), waiter);
    return std::move(tree_);
  }

 private:
  struct Drawn {
    Edge edge;
    std::size_t others = 0;
  };
  [[nodiscard]] WaitOwner owner_of(Place place) const { return wait_owner(graph_.lock(place)); }

  // ---- one queue ----
  [[nodiscard]] Queue& queue_of(std::uint32_t resource) {
    const auto [at, is_new] = queues_.try_emplace(resource);
    Queue& queue = at->second;
    if (!is_new) return queue;
    const std::vector<LockInfo>& locks = graph_.page().resources[resource].locks;
    while (queue.first < locks.size() && locks[queue.first].standing == LockStanding::granted) ++queue.first;
    std::map<Mode, std::uint32_t> last;  // who wants it
    for (std::uint32_t k = queue.first; k < locks.size(); ++k) {
      std::uint32_t nearest = queue.first;
      for (const auto& [mode, at_index] : last)
        if (!compatible(mode, locks[k].wanted)) nearest = std::max(nearest, at_index);
      queue.nearest.push_back(nearest);
      last[locks[k].wanted] = k;
    }
    return queue;
  }
  // Owners in a circle first, then those who wait themselves: there it goes on.
  [[nodiscard]] int rank(Place place) const {
    const WaitOwner owner = owner_of(place);
    return graph_.cycle_of(owner) != 0 ? 0 : waits_.contains(owner) ? 1 : 2;
  }
  [[nodiscard]] const Against& against(std::uint32_t resource, Mode wanted) {
    const auto [at, is_new] = queue_of(resource).against.try_emplace(wanted);
    Against& found = at->second;
    if (!is_new) return found;
    std::set<WaitOwner> seen;
    const std::vector<LockInfo>& locks = graph_.page().resources[resource].locks;
    for (std::uint32_t k = 0; k < locks.size(); ++k) {
      if (locks[k].standing == LockStanding::waiting || compatible(locks[k].granted, wanted)) continue;
      ++found.holders;
      if (locks[k].standing == LockStanding::converting) found.converting.push_back(k);
      if (seen.insert(wait_owner(locks[k])).second) found.drawn.push_back({.resource = resource, .lock = k});
    }
    std::ranges::stable_sort(found.drawn, {}, [&](Place place) { return rank(place); });
    // One more than are drawn: a conversion's own lock may be among them.
    if (found.drawn.size() > limits::blockers_told_max + 1) found.drawn.resize(limits::blockers_told_max + 1);
    return found;
  }

  // ---- what is to be drawn ----
  void follow(Place waiter) {
    const LockInfo& lock = graph_.lock(waiter);
    if (lock.standing == LockStanding::granted || !followed_.insert(waiter).second) return;
    followed_in_order_.push_back(waiter);
    const Against& holders = against(waiter.resource, lock.wanted);
    const bool meets_itself = lock.standing == LockStanding::converting && !compatible(lock.granted, lock.wanted);
    std::vector<Edge> edges;
    for (const Place& place : holders.drawn)
      if (place != waiter && edges.size() < limits::blockers_told_max)
        edges.push_back({.waiter = waiter, .blocker = place, .kind = BlockKind::holds});
    const auto named = std::ranges::lower_bound(holders.converting, waiter.lock) - holders.converting.begin();
    const std::size_t ahead = lock.flags.has(Flag::noorder)
                                  ? 0 : waiter.lock - queue_of(waiter.resource).first - static_cast<std::size_t>(named);
    if (ahead > 0) add_ahead(waiter, edges);
    const std::size_t all = holders.holders - (meets_itself ? 1 : 0) + ahead;
    for (const Edge& edge : edges) {
      const WaitOwner blocker = owner_of(edge.blocker);
      below_[blocker].push_back({.edge = edge, .others = all - edges.size()});
      if (!known_.insert(blocker).second) continue;
      blockers_.push_back(blocker);
      unfollowed_.push_back(blocker);
    }
  }
  void add_ahead(Place waiter, std::vector<Edge>& edges) {
    const Queue& queue = queue_of(waiter.resource);
    const auto add = [&](std::uint32_t lock) {
      edges.push_back({.waiter = waiter, .blocker = {.resource = waiter.resource, .lock = lock}, .kind = BlockKind::ahead});
    };
    if (edges.empty()) return add(queue.nearest[waiter.lock - queue.first]);
    const std::size_t cycle = graph_.cycle_of(owner_of(waiter));
    if (cycle == 0) return;
    for (std::uint32_t k = queue.first; k < waiter.lock; ++k) {
      const WaitOwner owner = owner_of({.resource = waiter.resource, .lock = k});
      const bool is_drawn = std::ranges::any_of(edges, [&](const Edge& edge) { return owner_of(edge.blocker) == owner; });
      if (!is_drawn && graph_.cycle_of(owner) == cycle && edges.size() < limits::blockers_told_max) add(k);
    }
  }

  // ---- drawing ----
  void draw_root(const WaitOwner& owner, std::optional<Place> waits) {
    tree_.nodes.push_back({.owner = owner, .waits = waits, .cycle = graph_.cycle_of(owner)});
    draw_below(owner);
  }
  // Without recursion: a chain of waits may be long.
  void draw_below(const WaitOwner& root) {
    struct Step {
      WaitOwner owner;
      std::size_t next = 0;
    };
    std::vector<Step> way{{.owner = root}};
    std::set<WaitOwner> above{root};
    drawn_.insert(root);
    while (!way.empty()) {
      const std::vector<Drawn>& below = below_[way.back().owner];
      if (way.back().next == below.size()) {
        above.erase(way.back().owner);
        way.pop_back();
        continue;
      }
      const Drawn& drawn = below[way.back().next++];
      const WaitOwner owner = owner_of(drawn.edge.waiter);
      const bool is_above = above.contains(owner);
      const bool is_new = drawn_.insert(owner).second;
      tree_.nodes.push_back({.depth = way.size(),
                             .line = is_above ? WaitTree::Line::closes_cycle : is_new ? WaitTree::Line::full : WaitTree::Line::again,
                             .owner = owner,
                             .waits = drawn.edge.waiter,
                             .behind = drawn.edge.blocker,
                             .kind = drawn.edge.kind,
                             .others = drawn.others,
                             .cycle = graph_.cycle_of(owner)});
      if (!is_new) continue;
      above.insert(owner);
      way.push_back({.owner = owner});
    }
  }

  const WaitGraph& graph_;
  std::set<Place> followed_;
  std::vector<Place> followed_in_order_;
  std::vector<WaitOwner> unfollowed_;
  std::vector<WaitOwner> blockers_;  // in the order in which they were met
  std::set<WaitOwner> known_, drawn_;
  std::set<WaitOwner> waits_;  // all who wait, drawn or not
  std::map<std::uint32_t, Queue> queues_;
  std::map<WaitOwner, std::vector<Drawn>> below_;
  WaitTree tree_;
};

}  // namespace

WaitTree wait_tree(const WaitGraph& graph, std::span<const Place> waiters) { return Drawing(graph, waiters).draw(); }

}  // namespace holdfast
