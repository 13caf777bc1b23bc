// SPDX-License-Identifier: Apache-2.0
#include "cli/top_waits.hpp"

#include "cli/report_text.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::cli {
namespace {

// What is shown of one tree: nobody reads more, and a herd of 100,000 would hide everything else.
constexpr std::size_t tree_lines_max = 2000;

bool holds(const LockInfo& lock) { return lock.standing != LockStanding::waiting; }
bool waits(const LockInfo& lock) { return lock.standing != LockStanding::granted; }

std::string owner_text(const LockInfo& lock) {
  return fmt::format("{} pid {} ({})", node_text(lock.node), lock.owner.pid, escaped(lock.owner.user));
}

std::string wait_text(const Wait& wait) {
  return fmt::format("waits {} for {} of {}{}", time_text(wait.lock->age), mode_text(*wait.lock), wait.resource,
                     wait.hard ? "" : ", behind others");
}

}  // namespace

OwnerKey key_of(const LockInfo& lock) { return {lock.node, lock.owner.owner}; }

Waits::Waits(const TopModel& model) {
  for (const auto& [name, sight] : model.resources())
    if (sight.waiters() > 0) add(name, sight.info);
  for (std::size_t place = 0; place < waits_.size(); ++place) {
    by_waiter_[key_of(*waits_[place].lock)].push_back(place);
    std::set<OwnerKey> blockers;
    for (const LockInfo* blocker : waits_[place].blockers) blockers.insert(key_of(*blocker));
    for (const OwnerKey& blocker : blockers) by_blocker_[blocker].push_back(place);
  }
}

void Waits::add(const std::string& name, const ResourceInfo& resource) {
  std::vector<const LockInfo*> holders;
  for (const LockInfo& lock : resource.locks)
    if (holds(lock)) holders.push_back(&lock);
  const LockInfo* in_front = nullptr;
  for (const LockInfo& lock : resource.locks) {
    if (!waits(lock)) continue;
    Wait wait{.resource = name, .lock = &lock, .blockers = {}};
    for (const LockInfo* holder : holders)
      if (holder != &lock && !compatible(holder->granted, lock.wanted)) wait.blockers.push_back(holder);
    wait.hard = !wait.blockers.empty();
    if (!wait.hard && in_front != nullptr) wait.blockers.push_back(in_front);
    in_front = &lock;
    waits_.push_back(std::move(wait));
  }
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
    std::set<OwnerKey> seen;
    count_below(owner, seen, root);
    roots.push_back(std::move(root));
  }
  std::ranges::sort(roots, [](const RootBlocker& a, const RootBlocker& b) { return a.all > b.all; });
  return roots;
}

// Without recursion: a chain may be as long as there are owners.
void Waits::count_below(OwnerKey owner, std::set<OwnerKey>& seen, RootBlocker& root) const {
  std::set<std::size_t> counted;
  std::vector<OwnerKey> open{owner};
  seen.insert(owner);
  while (!open.empty()) {
    const auto found = by_blocker_.find(open.back());
    open.pop_back();
    if (found == by_blocker_.end()) continue;
    for (const std::size_t place : found->second) {
      if (!counted.insert(place).second) continue;
      root.longest = std::max<Duration>(root.longest, waits_[place].lock->age);
      if (const OwnerKey next = key_of(*waits_[place].lock); seen.insert(next).second) open.push_back(next);
    }
  }
  root.all = counted.size();
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

std::vector<std::string> Waits::tree_below(OwnerKey root) const {
  std::vector<std::string> lines;
  const auto found = by_blocker_.find(root);
  if (found == by_blocker_.end()) return lines;
  for (const LockInfo* blocker : waits_[found->second.front()].blockers) {
    if (key_of(*blocker) != root) continue;
    lines.push_back(fmt::format("{}: {}", owner_text(*blocker), escaped(blocker->owner.command)));
    break;
  }
  std::set<OwnerKey> above;
  add_lines(root, 1, above, lines);
  return lines;
}

void Waits::add_lines(OwnerKey owner, std::size_t depth, std::set<OwnerKey>& above,
                      std::vector<std::string>& lines) const {
  const auto found = by_blocker_.find(owner);
  if (found == by_blocker_.end() || !above.insert(owner).second) return;
  for (const std::size_t place : found->second) {
    if (lines.size() >= tree_lines_max) break;
    const Wait& wait = waits_[place];
    for (const LockInfo* blocker : wait.blockers)
      if (key_of(*blocker) == owner) {
        lines.push_back(fmt::format("{:>{}}{} {}; above: {}; {}", "", 2 * depth, owner_text(*wait.lock), wait_text(wait),
                                    mode_text(*blocker), escaped(wait.lock->owner.command)));
        break;
      }
    if (depth < 50) add_lines(key_of(*wait.lock), depth + 1, above, lines);
  }
  above.erase(owner);
}

}  // namespace holdfast::cli
