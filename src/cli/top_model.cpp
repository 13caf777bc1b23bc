// SPDX-License-Identifier: Apache-2.0
#include "cli/top_model.hpp"

#include "cli/report_text.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::cli {
namespace {

bool waits(const LockInfo& lock) { return lock.standing != LockStanding::granted; }

Token newest_of(const ResourceInfo& resource) {
  Token newest;
  for (const LockInfo& lock : resource.locks) newest = std::max(newest, lock.token);
  return newest;
}

}  // namespace

std::size_t Sight::waiters() const {
  return static_cast<std::size_t>(std::ranges::count_if(info.locks, waits));
}

void TopModel::begin_sweep() {
  ++sweep_;
  masters_.clear();
}

void TopModel::add(const ResourceInfo& resource, Instant now) {
  const std::string name = name_text(resource);
  Sight sight{.info = resource, .changes = changes_since_last_look(name, resource, now), .sweep = sweep_};
  const std::size_t waiting = sight.waiters();
  MasterSight& master = masters_[resource.master];
  ++master.resources;
  master.waited_for += waiting > 0 ? 1 : 0;
  master.locks += resource.locks.size() - waiting;
  master.waits += waiting;
  master.changes += sight.changes;
  if (waiting > 0 || sight.changes > 0) resources_[name] = std::move(sight);
  else resources_.erase(name);
}

double TopModel::changes_since_last_look(const std::string& name, const ResourceInfo& resource, Instant now) {
  const Token newest = newest_of(resource);
  const auto found = fingerprints_.find(name);
  if (found == fingerprints_.end()) {
    if (fingerprints_.size() < fingerprints_max)
      fingerprints_.emplace(name, Fingerprint{newest, resource.write_number, now, sweep_});
    return 0;
  }
  const Fingerprint before = std::exchange(
      found->second, Fingerprint{std::max(newest, found->second.newest), resource.write_number, now, sweep_});
  const auto grants = static_cast<std::uint64_t>(
      std::ranges::count_if(resource.locks, [&](const LockInfo& lock) { return lock.token > before.newest; }));
  // A resource that was gone in between counts its writes anew.
  const std::uint64_t writes = resource.write_number - std::min(resource.write_number, before.writes);
  const double seconds = std::chrono::duration<double>(now - before.at).count();
  return seconds > 0 ? static_cast<double>(std::max(grants, writes)) / seconds : 0;
}

void TopModel::end_sweep(bool complete) {
  complete_ = complete;
  ++whole_sweeps_;
  whole_masters_ = masters_;
  // Rows that are missing because a node did not answer are not gone.
  if (complete) {
    std::erase_if(resources_, [&](const auto& entry) { return entry.second.sweep != sweep_; });
    std::erase_if(fingerprints_, [&](const auto& entry) { return entry.second.sweep != sweep_; });
  }
  keep_the_hottest();
}

void TopModel::keep_the_hottest() {
  std::vector<double> heats;
  for (const auto& [name, sight] : resources_)
    if (sight.waiters() == 0) heats.push_back(sight.heat());
  if (heats.size() <= hot_max) return;
  std::ranges::nth_element(heats, heats.begin() + hot_max, std::greater<>());
  const double least = heats[hot_max];
  std::erase_if(resources_,
                [&](const auto& entry) { return entry.second.waiters() == 0 && entry.second.heat() <= least; });
}

const std::map<NodeId, MasterSight>& TopModel::masters() const {
  return whole_sweeps_ == 0 ? masters_ : whole_masters_;
}

}  // namespace holdfast::cli
