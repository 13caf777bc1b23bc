// SPDX-License-Identifier: Apache-2.0
#include "cli/top_waits.hpp"

#include "cli/wait_text.hpp"

#include <algorithm>

namespace holdfast::cli {
namespace {

// What is shown of one tree: nobody reads more, and a herd of 100,000 would hide everything else.
constexpr std::size_t tree_lines_max = 2000;

}  // namespace

Waits::Waits(const TopModel& model) {
  QueryPage page;
  for (const auto& [name, sight] : model.resources()) {
    if (sight.waiters() == 0) continue;
    page.resources.push_back(sight.info);
    names_.push_back(name);
  }
  graph_ = WaitGraph(std::move(page));
  std::map<WaitGraph::Place, std::size_t> known;
  const WaitGraph::Places waiting = graph_.waiting();
  for (const WaitGraph::Place& place : waiting) {
    known.emplace(place, waits_.size());
    waits_.push_back({.resource = names_[place.resource], .place = place, .lock = &graph_.lock(place), .blockers = {}});
  }
  for (const WaitTree::Node& node : wait_tree(graph_, waiting).nodes)
    if (node.waits && node.behind) add(node, known);
  for (std::size_t place = 0; place < waits_.size(); ++place) {
    by_waiter_[key_of(*waits_[place].lock)].push_back(place);
    std::set<OwnerKey> blockers;
    for (const LockInfo* blocker : waits_[place].blockers) blockers.insert(key_of(*blocker));
    for (const OwnerKey& blocker : blockers) by_blocker_[blocker].push_back(place);
  }
}

void Waits::add(const WaitTree::Node& node, std::map<WaitGraph::Place, std::size_t>& known) {
  Wait& wait = waits_[known.at(*node.waits)];
  wait.blockers.push_back(&graph_.lock(*node.behind));
  wait.hard = wait.hard || node.kind == BlockKind::holds;
}

std::vector<RootBlocker> Waits::roots() const {
  std::vector<RootBlocker> roots;
  for (const auto& [owner, places] : by_blocker_) {
    if (is_waiting(owner)) continue;
    RootBlocker root;
    std::map<const LockInfo*, std::size_t> counts;
    for (const std::size_t place : places)
      for (const LockInfo* blocker : waits_[place].blockers)
        if (key_of(*blocker) == owner && ++counts[blocker] > counts[root.lock]) {
          root.lock = blocker;
          root.resource = waits_[place].resource;
        }
    root.direct = places.size();
    const std::set<std::size_t> all = below(owner);
    root.all = all.size();
    for (const std::size_t place : all) root.longest = std::max<Duration>(root.longest, waits_[place].lock->age);
    roots.push_back(std::move(root));
  }
  std::ranges::sort(roots, [](const RootBlocker& a, const RootBlocker& b) { return a.all > b.all; });
  return roots;
}

// Without recursion: a chain may be as long as there are owners.
std::set<std::size_t> Waits::below(OwnerKey owner) const {
  std::set<std::size_t> found;
  std::set<OwnerKey> seen{owner};
  std::vector<OwnerKey> open{owner};
  while (!open.empty()) {
    const auto blocked = by_blocker_.find(open.back());
    open.pop_back();
    if (blocked == by_blocker_.end()) continue;
    for (const std::size_t place : blocked->second) {
      found.insert(place);
      if (const OwnerKey next = key_of(*waits_[place].lock); seen.insert(next).second) open.push_back(next);
    }
  }
  return found;
}

OwnerKey Waits::root_of(OwnerKey owner) const {
  std::set<OwnerKey> seen;
  for (OwnerKey now = owner; seen.insert(now).second;) {
    const auto found = by_waiter_.find(now);
    if (found == by_waiter_.end()) return now;
    const Wait& wait = waits_[found->second.front()];
    if (wait.blockers.empty()) return now;
    now = key_of(*wait.blockers.front());
  }
  return owner;
}

std::vector<std::string> Waits::tree_of(OwnerKey owner) const {
  WaitGraph::Places waiters;
  for (const std::size_t place : below(owner)) waiters.push_back(waits_[place].place);
  std::vector<std::string> lines;
  for (const WaitTree::Node& node : wait_tree(graph_, waiters).nodes) {
    if (lines.size() >= tree_lines_max) break;
    const std::string indent(2 * node.depth, ' ');
    std::string line = indent + owner_text(graph_, node.owner);
    line.append(line_text(node.line));
    if (node.waits) line += ": " + wait_text(graph_, node);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace holdfast::cli
