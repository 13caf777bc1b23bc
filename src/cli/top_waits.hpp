// SPDX-License-Identifier: Apache-2.0
// Who waits for whom, as far as a TopModel has seen it: the waits, the owners at the root of them, and the tree of those
// who wait for one. Who is in whose way, and who of them is told, is WaitGraph's and wait_tree's to say.
#pragma once

#include "cli/top_model.hpp"
#include "holdfast/wait_graph.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace holdfast::cli {

using OwnerKey = WaitOwner;

// One lock that waits.
struct Wait {
  std::string resource;  // as it is shown
  WaitGraph::Place place;
  const LockInfo* lock = nullptr;
  std::vector<const LockInfo*> blockers;  // those that wait_tree draws it below
  bool hard = false;                      // false: only behind others in the queue
};

// Somebody who blocks others and waits for nobody.
struct RootBlocker {
  const LockInfo* lock = nullptr;  // the one that most wait for
  std::string resource;            // its resource
  std::size_t direct = 0;          // locks that wait for it
  std::size_t all = 0;             // and for those who wait for it, ...
  Duration longest{};
};

class Waits {
 public:
  explicit Waits(const TopModel& model);
  Waits(const Waits&) = delete;
  Waits& operator=(const Waits&) = delete;

  [[nodiscard]] const std::vector<Wait>& all() const { return waits_; }
  [[nodiscard]] std::vector<RootBlocker> roots() const;
  // Who is at the root of what this owner waits for; itself if it waits for nobody, or in a circle.
  [[nodiscard]] OwnerKey root_of(OwnerKey owner) const;
  // Those who wait for this owner, and whatever stands above it, as `holdfast why` draws it.
  [[nodiscard]] std::vector<std::string> tree_of(OwnerKey owner) const;

 private:
  void add(const WaitTree::Node& node, std::map<WaitGraph::Place, std::size_t>& known);
  // All that wait for this owner, and for those who do, ...: places in waits_.
  [[nodiscard]] std::set<std::size_t> below(OwnerKey owner) const;
  [[nodiscard]] bool is_waiting(OwnerKey owner) const { return by_waiter_.contains(owner); }

  WaitGraph graph_;
  std::vector<std::string> names_;  // of its resources, as they are shown
  std::vector<Wait> waits_;
  std::map<OwnerKey, std::vector<std::size_t>> by_waiter_, by_blocker_;  // places in waits_
};

[[nodiscard]] inline OwnerKey key_of(const LockInfo& lock) { return wait_owner(lock); }

}  // namespace holdfast::cli
