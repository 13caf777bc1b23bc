// SPDX-License-Identifier: Apache-2.0
#include "cluster/wait_graph.hpp"

#include <algorithm>
#include <deque>

#include "base/assert.hpp"

namespace holdfast::cluster {

void WaitGraph::add_wait(const PartyId& party, const WaitId& wait) {
  waits_[party].insert(wait);
  add_party(wait.lock(), party);
}

// A walk in breadth: who led to which wait, and by which edge.
struct WaitGraph::Walk {
  struct Step {
    WaitId from;
    WaitEdge edge;
  };
  std::map<WaitId, Step> steps;  // of a wait that the walk began with: from itself
  std::deque<WaitId> open;

  void begin_with(const WaitId& wait) {
    steps.emplace(wait, Step{.from = wait, .edge = {}});
    open.push_back(wait);
  }
  void go(const WaitId& from, const WaitEdge& edge, const WaitId& to) {
    if (steps.try_emplace(to, Step{.from = from, .edge = edge}).second) open.push_back(to);
  }
  [[nodiscard]] WaitId root_of(WaitId wait) const {
    while (steps.at(wait).from != wait) wait = steps.at(wait).from;
    return wait;
  }
  // From the root to `last`, which `closing` leads back from.
  [[nodiscard]] Cycle path(WaitId last, const WaitEdge& closing) const {
    Cycle cycle{{.wait = last, .edge = closing}};
    while (steps.at(last).from != last) {
      const Step& step = steps.at(last);
      cycle.push_back({.wait = step.from, .edge = step.edge});
      last = step.from;
    }
    std::ranges::reverse(cycle);
    const auto smallest = std::ranges::min_element(cycle, {}, &CycleMember::wait);
    std::rotate(cycle.begin(), smallest, cycle.end());
    return cycle;
  }
};

std::optional<Cycle> WaitGraph::search(const PartyId& own, const std::set<WaitId>& from) const {
  Walk walk;
  for (const WaitId& wait : from) walk.begin_with(wait);
  for (; !walk.open.empty(); walk.open.pop_front()) {
    const WaitId wait = walk.open.front();
    const auto edges = edges_.find(wait);
    const PartyId* const party = party_of(wait.lock());
    if (edges == edges_.end() || party == nullptr) continue;
    for (const WaitEdge& edge : edges->second) {
      const PartyId* const blocker = party_of(edge.lock());
      if (blocker == nullptr || *blocker == *party) continue;
      const WaitId ahead{.node = edge.node, .claim = edge.claim, .number = edge.waiting};
      if (*blocker == own) {
        // The wait that is ahead must be the one that the walk began with; another one has cycles of its own.
        if (!edge.ahead || walk.root_of(wait) == ahead) return walk.path(wait, edge);
      } else if (edge.ahead) {
        walk.go(wait, edge, ahead);
      } else if (const auto waits = waits_.find(*blocker); waits != waits_.end()) {
        for (const WaitId& next : waits->second) walk.go(wait, edge, next);
      }
    }
  }
  return std::nullopt;
}

std::optional<Cycle> WaitGraph::cycle_through(const PartyId& own) const {
  const auto waits = waits_.find(own);
  if (waits == waits_.end()) return std::nullopt;
  std::optional<Cycle> shortest = search(own, waits->second);
  // A walk from many waits at once can miss a cycle that ends in a place in a queue: those are looked for one by one.
  std::set<WaitId> ahead_of_others;
  for (const auto& [wait, edges] : edges_)
    for (const WaitEdge& edge : edges)
      if (edge.ahead)
        if (const WaitId ahead{.node = edge.node, .claim = edge.claim, .number = edge.waiting}; waits->second.contains(ahead))
          ahead_of_others.insert(ahead);
  for (const WaitId& wait : ahead_of_others) {
    std::optional<Cycle> found = search(own, {wait});
    if (found && (!shortest || found->size() < shortest->size())) shortest = std::move(found);
  }
  return shortest;
}

}  // namespace holdfast::cluster
