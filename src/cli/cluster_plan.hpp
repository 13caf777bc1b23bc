// SPDX-License-Identifier: Apache-2.0
// What `holdfast cluster init` writes: texts of configuration files from a list of nodes. Decides, and touches no file.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cli {

struct ClusterNode {
  std::string name;
  std::string address;      // a number, IPv4 or IPv6
  std::uint32_t number = 0;  // nodeid of corosync, [node] id of holdfastd: 1, 2, ... as they were written
};

struct ClusterPlan {
  std::string name = "holdfast";
  std::vector<ClusterNode> nodes;
  std::uint32_t token_ms = 1000;
  std::uint32_t lease_ms = 3000;
  std::uint32_t peer_port = 7001;
  std::string tie_breaker;  // name of a node; empty: the first one, where one is needed
  std::string device;       // address of a machine with corosync-qnetd, which breaks ties instead; empty: none
};

// "a=10.0.0.1,b=10.0.0.2". Refuses what no cluster can be made of: no or odd names, names or addresses twice, host
// names, addresses that others do not reach, IPv4 beside IPv6, too many.
[[nodiscard]] Result<std::vector<ClusterNode>> parse_nodes(std::string_view text);
// What the single arguments cannot tell.
[[nodiscard]] Result<void> check_plan(const ClusterPlan& plan);

// An even number of votes can be halved; then the side of one node counts, or the one that the device chooses, which
// is that of this node if it may choose.
[[nodiscard]] const ClusterNode* tie_breaker_of(const ClusterPlan& plan);
[[nodiscard]] std::string corosync_conf(const ClusterPlan& plan);
[[nodiscard]] std::string holdfastd_toml(const ClusterPlan& plan, const ClusterNode& node);

}  // namespace holdfast::cli
