// SPDX-License-Identifier: Apache-2.0
// Who waits for whom, as far as a TopModel has seen it: the waits, the owners at the root of them, and the
// tree of those who wait below one. A wait is hard if somebody holds what excludes it; a lock that is only
// behind others in the queue waits for the one in front of it.
#pragma once

#include "cli/top_model.hpp"

#include <compare>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace holdfast::cli {

struct OwnerKey {
  NodeId node;
  OwnerId owner;
  friend auto operator<=>(const OwnerKey&, const OwnerKey&) = default;
};

// One lock that waits.
struct Wait {
  std::string resource;  // as it is shown
  const LockInfo* lock = nullptr;
  std::vector<const LockInfo*> blockers;  // without its own owner's
  bool hard = true;                       // false: only behind others in the queue
};

// Somebody who blocks others and waits for nobody.
struct RootBlocker {
  const LockInfo* lock = nullptr;  // the one that most wait for
  std::string resource;            // its resource
  std::size_t direct = 0;          // locks that wait for it
  std::size_t all = 0;             // and for those who wait for it, ...
  Duration longest{};
};

// Refers to the model, which must not change meanwhile.
class Waits {
 public:
  explicit Waits(const TopModel& model);

  [[nodiscard]] const std::vector<Wait>& all() const { return waits_; }
  [[nodiscard]] std::vector<RootBlocker> roots() const;
  // Who is at the root of what this owner waits for; itself if it waits for nobody, or in a circle.
  [[nodiscard]] OwnerKey root_of(OwnerKey owner) const;
  // One line for each, indented by what it waits for: the owner, then those who wait for it.
  [[nodiscard]] std::vector<std::string> tree_below(OwnerKey root) const;

 private:
  void add(const std::string& name, const ResourceInfo& resource);
  void count_below(OwnerKey owner, std::set<OwnerKey>& seen, RootBlocker& root) const;
  void add_lines(OwnerKey owner, std::size_t depth, std::set<OwnerKey>& above, std::vector<std::string>& lines) const;
  [[nodiscard]] bool is_waiting(OwnerKey owner) const { return by_waiter_.contains(owner); }

  std::vector<Wait> waits_;
  std::map<OwnerKey, std::vector<std::size_t>> by_waiter_, by_blocker_;  // places in waits_
};

[[nodiscard]] OwnerKey key_of(const LockInfo& lock);

}  // namespace holdfast::cli
