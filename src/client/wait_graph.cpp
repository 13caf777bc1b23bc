// SPDX-License-Identifier: Apache-2.0
// Who blocks whom (the rules of lock/explain.cpp, on rows), and who waits in a circle.
//
// Circles are searched among owners. A queue of n waiters has n * n pairs, so the search does not walk pairs but
// steps between: one per mode that is wanted of a resource (from it to all who hold something in conflict), one per place
// in a queue (from it to the one who stands there and to the place ahead). That graph is as large as the page.
#include "holdfast/wait_graph.hpp"

#include <algorithm>
#include <array>

namespace holdfast {
namespace {

bool waits(const LockInfo& lock) { return lock.standing != LockStanding::granted; }

// Strongly connected parts (Tarjan), without recursion: a chain of waits may be as long as a queue.
class Parts {
 public:
  using Index = std::uint32_t;
  explicit Parts(const std::vector<std::vector<Index>>& next)
      : next_(next), order_(next.size(), none), low_(next.size(), 0), part_(next.size(), none) {
    for (Index node = 0; node < next.size(); ++node)
      if (order_[node] == none) visit(node);
  }
  [[nodiscard]] Index part_of(Index node) const { return part_[node]; }

 private:
  static constexpr Index none = UINT32_MAX;
  struct Step {
    Index node;
    std::size_t edge = 0;
  };
  void enter(Index node) {
    order_[node] = low_[node] = entered_++;
    open_.push_back(node);
    way_.push_back({.node = node});
  }
  void visit(Index first) {
    enter(first);
    while (!way_.empty()) {
      Step& step = way_.back();
      if (step.edge < next_[step.node].size()) {
        const Index to = next_[step.node][step.edge++];
        if (order_[to] == none) enter(to);
        else if (part_[to] == none) low_[step.node] = std::min(low_[step.node], order_[to]);
      } else {
        leave(step.node);
      }
    }
  }
  void leave(Index node) {
    way_.pop_back();
    if (!way_.empty()) low_[way_.back().node] = std::min(low_[way_.back().node], low_[node]);
    if (low_[node] != order_[node]) return;
    while (part_[node] == none) {
      part_[open_.back()] = parts_;
      open_.pop_back();
    }
    ++parts_;
  }

  const std::vector<std::vector<Index>>& next_;
  std::vector<Index> order_, low_, part_;
  std::vector<Index> open_;
  std::vector<Step> way_;
  Index entered_ = 0, parts_ = 0;
};

// The graph between owners, with its steps between.
class Search {
 public:
  explicit Search(const std::map<WaitOwner, WaitGraph::Places>& owners) {
    for (const auto& [owner, places] : owners) {
      index_.emplace(owner, static_cast<Parts::Index>(ids_.size()));
      ids_.push_back(owner);
    }
    next_.resize(ids_.size());
  }
  void add(const ResourceInfo& resource) {
    if (std::ranges::none_of(resource.locks, waits)) return;
    std::array<std::optional<Parts::Index>, mode_count> holders_against;
    std::optional<Parts::Index> ahead;
    for (const LockInfo& lock : resource.locks) {
      if (!waits(lock)) continue;
      if (!lock.flags.has(Flag::nodlckwt)) {
        auto& against = holders_against[static_cast<std::size_t>(lock.wanted)];
        if (!against) against = add_holders(resource, lock.wanted);
        link(owner_of(lock), *against);
        if (ahead && !lock.flags.has(Flag::noorder)) link(owner_of(lock), *ahead);
      }
      const Parts::Index here = add_step();
      if (ahead) link(here, *ahead);
      if (!lock.flags.has(Flag::nodlckblk)) link(here, owner_of(lock));
      ahead = here;
    }
  }
  [[nodiscard]] std::vector<std::vector<WaitOwner>> cycles() const {
    const Parts parts(next_);
    std::map<Parts::Index, std::vector<WaitOwner>> together;
    for (Parts::Index k = 0; k < ids_.size(); ++k) together[parts.part_of(k)].push_back(ids_[k]);
    std::vector<std::vector<WaitOwner>> found;
    for (auto& [part, owners] : together)
      if (owners.size() > 1) found.push_back(std::move(owners));
    std::ranges::sort(found);
    return found;
  }

 private:
  [[nodiscard]] Parts::Index owner_of(const LockInfo& lock) const { return index_.at(wait_owner(lock)); }
  Parts::Index add_step() {
    next_.emplace_back();
    return static_cast<Parts::Index>(next_.size() - 1);
  }
  void link(Parts::Index from, Parts::Index to) { next_[from].push_back(to); }
  // A conversion meets its own lock here, too: that leads from an owner to itself, and is no circle of several.
  Parts::Index add_holders(const ResourceInfo& resource, Mode wanted) {
    const Parts::Index step = add_step();
    for (const LockInfo& lock : resource.locks)
      if (lock.standing != LockStanding::waiting && !compatible(lock.granted, wanted) && !lock.flags.has(Flag::nodlckblk))
        link(step, owner_of(lock));
    return step;
  }

  std::map<WaitOwner, Parts::Index> index_;
  std::vector<WaitOwner> ids_;
  std::vector<std::vector<Parts::Index>> next_;
};

}  // namespace

WaitGraph::WaitGraph(QueryPage page) : page_(std::move(page)) {
  for (std::uint32_t r = 0; r < page_.resources.size(); ++r)
    for (std::uint32_t k = 0; k < page_.resources[r].locks.size(); ++k) {
      const Place place{.resource = r, .lock = k};
      owners_[wait_owner(lock(place))].push_back(place);
      locks_.insert_or_assign({lock(place).node, lock(place).id}, place);
    }
  Search search(owners_);
  for (const ResourceInfo& resource : page_.resources) search.add(resource);
  cycles_ = search.cycles();
  for (std::size_t k = 0; k < cycles_.size(); ++k)
    for (const WaitOwner& owner : cycles_[k]) cycle_of_[owner] = k + 1;
}

std::size_t WaitGraph::cycle_of(const WaitOwner& owner) const {
  const auto found = cycle_of_.find(owner);
  return found == cycle_of_.end() ? 0 : found->second;
}

// ---- which locks ----------------------------------------------------------------------------------------

std::optional<WaitGraph::Place> WaitGraph::find(NodeId node, ClaimId lock) const {
  const auto found = locks_.find({node, lock});
  return found == locks_.end() ? std::nullopt : std::optional(found->second);
}

WaitGraph::Places WaitGraph::places(const WaitOwner& owner) const {
  const auto found = owners_.find(owner);
  return found == owners_.end() ? Places{} : found->second;
}

WaitGraph::Places WaitGraph::places(NodeId node) const {
  Places found;
  for (auto owner = owners_.lower_bound({.node = node}); owner != owners_.end() && owner->first.node == node; ++owner)
    found.insert(found.end(), owner->second.begin(), owner->second.end());
  return found;
}

WaitGraph::Places WaitGraph::places(const ResourceInfo& resource) const {
  Places found;
  const auto index = static_cast<std::uint32_t>(&resource - page_.resources.data());
  for (std::uint32_t k = 0; k < resource.locks.size(); ++k) found.push_back({.resource = index, .lock = k});
  return found;
}

WaitGraph::Places WaitGraph::waiting() const {
  Places found;
  for (std::uint32_t r = 0; r < page_.resources.size(); ++r)
    for (std::uint32_t k = 0; k < page_.resources[r].locks.size(); ++k)
      if (waits(page_.resources[r].locks[k])) found.push_back({.resource = r, .lock = k});
  return found;
}

// ---- both directions ------------------------------------------------------------------------------------

// The locks of a resource stand in the order of its queues: granted, converting, waiting. So whoever is ahead of a
// waiter has a smaller index.
std::optional<BlockKind> WaitGraph::in_the_way(const ResourceInfo& resource, std::uint32_t blocker, std::uint32_t waiter) const {
  if (blocker == waiter) return std::nullopt;
  const LockInfo& it = resource.locks[blocker];
  const LockInfo& asker = resource.locks[waiter];
  if (it.standing != LockStanding::waiting && !compatible(it.granted, asker.wanted)) return BlockKind::holds;
  const bool is_ahead = waits(it) && blocker < waiter && !asker.flags.has(Flag::noorder);
  return is_ahead ? std::optional(BlockKind::ahead) : std::nullopt;
}

std::vector<WaitGraph::Edge> WaitGraph::blockers(std::span<const Place> waiters) const {
  std::vector<Edge> edges;
  for (const Place& waiter : waiters) {
    if (!waits(lock(waiter))) continue;
    for (std::uint32_t k = 0; k < resource(waiter).locks.size(); ++k)
      if (const auto kind = in_the_way(resource(waiter), k, waiter.lock))
        edges.push_back({.waiter = waiter, .blocker = {.resource = waiter.resource, .lock = k}, .kind = *kind});
  }
  return edges;
}

std::vector<WaitGraph::Edge> WaitGraph::blocked(std::span<const Place> holders) const {
  std::vector<Edge> edges;
  for (const Place& holder : holders)
    for (std::uint32_t k = 0; k < resource(holder).locks.size(); ++k) {
      if (!waits(resource(holder).locks[k])) continue;
      if (const auto kind = in_the_way(resource(holder), holder.lock, k))
        edges.push_back({.waiter = {.resource = holder.resource, .lock = k}, .blocker = holder, .kind = *kind});
    }
  return edges;
}

}  // namespace holdfast
