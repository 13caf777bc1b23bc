// SPDX-License-Identifier: Apache-2.0
// TopModel: what `holdfast top` knows about the cluster, built from pages of queries and from what nodes say
// of themselves. No terminal, no clock, no daemon: whoever looks hands in what was seen and when.
//
// A cluster may have a million locks, so a look may take several steps: a *sweep* is one walk over all pages,
// and what is kept in full are only resources that somebody waits for and those that are used most. Of the
// others a fingerprint stays, to see at the next look whether they were used.
//
// Heat, which orders resources: changes per second, times 1 + the number of those who wait. A change is a
// grant or a write of the value; of the grants between two looks only those are counted that still stand at
// the second one, so the rate is a lower bound.
#pragma once

#include "base/instant.hpp"
#include "holdfast/report.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace holdfast::cli {

// A member of the view, and what it says of itself if it could be asked.
struct NodeSight {
  NodeId node;
  bool connected = false;  // to the node that we asked, or it is that node
  Duration member_age{};
  std::optional<NodeInfo> info;
};

// A resource that is shown.
struct Sight {
  ResourceInfo info;
  double changes = 0;  // per second
  std::uint32_t sweep = 0;
  [[nodiscard]] std::size_t waiters() const;
  [[nodiscard]] double heat() const { return changes * static_cast<double>(1 + waiters()); }
};

struct MasterSight {
  std::uint64_t resources = 0;
  std::uint64_t waited_for = 0;  // resources that somebody waits for
  std::uint64_t locks = 0;
  std::uint64_t waits = 0;
  double changes = 0;  // per second
};

class TopModel {
 public:
  // What stays in full of those that nobody waits for.
  static constexpr std::size_t hot_max = 500;
  // Beyond it a resource is not known to be used.
  static constexpr std::size_t fingerprints_max = std::size_t{1} << 20;

  void set_nodes(std::vector<NodeSight> nodes) { nodes_ = std::move(nodes); }
  void begin_sweep();
  void add(const ResourceInfo& resource, Instant now);
  // The whole cluster was seen: what was not is gone.
  void end_sweep(bool complete);

  [[nodiscard]] const std::vector<NodeSight>& nodes() const { return nodes_; }
  // By the name that is shown, "lockspace:above::name".
  [[nodiscard]] const std::map<std::string, Sight>& resources() const { return resources_; }
  // Of the latest whole sweep; of the first one as far as it came.
  [[nodiscard]] const std::map<NodeId, MasterSight>& masters() const;
  [[nodiscard]] std::uint32_t sweeps() const { return whole_sweeps_; }
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  struct Fingerprint {
    Token newest;
    std::uint64_t writes = 0;
    Instant at{};
    std::uint32_t sweep = 0;
  };
  [[nodiscard]] double changes_since_last_look(const std::string& name, const ResourceInfo& resource, Instant now);
  void keep_the_hottest();

  std::vector<NodeSight> nodes_;
  std::map<std::string, Sight> resources_;
  std::unordered_map<std::string, Fingerprint> fingerprints_;
  std::map<NodeId, MasterSight> masters_, whole_masters_;
  std::uint32_t sweep_ = 0;
  std::uint32_t whole_sweeps_ = 0;
  bool complete_ = true;
};

}  // namespace holdfast::cli
