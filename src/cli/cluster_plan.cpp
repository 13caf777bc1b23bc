// SPDX-License-Identifier: Apache-2.0
#include "cli/cluster_plan.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/limits.hpp"
#include "model/name.hpp"

namespace holdfast::cli {
namespace {

constexpr std::size_t node_name_bytes_max = 63;  // a label of a host name

Error wrong(std::string_view text, std::string_view why) {
  return Error{Errc::bad_argument, fmt::format("'{}': {}", escaped(text), why)};
}

// What goes into files of others unquoted is not left to chance.
bool is_plain(std::string_view name, std::size_t bytes_max) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  return !name.empty() && name.size() <= bytes_max && name.front() != '-' && name.front() != '.' &&
         name.find_first_not_of(allowed) == std::string_view::npos;
}

int family_of(const std::string& address) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  for (const int family : {AF_INET, AF_INET6})
    if (::inet_pton(family, address.c_str(), bytes.data()) == 1) return family;
  return 0;
}

bool reaches_nobody(const std::string& address) {
  return address.starts_with("127.") || address.starts_with("0.") || address == "::1" || address == "::";
}

Result<ClusterNode> parse_node(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    return wrong(text, "is no node; write NAME=ADDRESS, such as a=10.0.0.1");
  ClusterNode node{.name = std::string(text.substr(0, equals)), .address = std::string(text.substr(equals + 1))};
  if (!is_plain(node.name, node_name_bytes_max))
    return wrong(node.name, fmt::format("is no name for a node; allowed are 1 to {} letters, digits, '-', '_' and '.'",
                                        node_name_bytes_max));
  if (family_of(node.address) == 0)
    return wrong(node.address, "is no address; numbers are allowed, such as 10.0.0.1 or fd00::1, and no host names: "
                               "the cluster must not wait for a name service");
  if (reaches_nobody(node.address)) return wrong(node.address, "cannot be reached by other nodes");
  return node;
}

std::string in_brackets(const std::string& address) {
  return family_of(address) == AF_INET6 ? "[" + address + "]" : address;
}

}  // namespace

Result<std::vector<ClusterNode>> parse_nodes(std::string_view text) {
  std::vector<ClusterNode> nodes;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    HF_TRY(ClusterNode node, parse_node(text.substr(at, comma - at)));
    for (const ClusterNode& other : nodes) {
      if (other.name == node.name) return wrong(node.name, "is the name of two nodes");
      if (other.address == node.address) return wrong(node.address, "is the address of two nodes");
      if (family_of(other.address) != family_of(node.address))
        return wrong(text, "has IPv4 and IPv6 addresses; use one kind");
    }
    node.number = static_cast<std::uint32_t>(nodes.size() + 1);
    nodes.push_back(std::move(node));
    at = comma + 1;
  }
  if (nodes.size() > limits::nodes_max)
    return Error{Errc::bad_argument, fmt::format("{} nodes; at most {} are allowed", nodes.size(), limits::nodes_max)};
  return nodes;
}

Result<void> check_plan(const ClusterPlan& plan) {
  if (!is_plain(plan.name, limits::lockspace_name_bytes_max))
    return wrong(plan.name, fmt::format("is no name for a cluster; allowed are 1 to {} letters, digits, '-', '_' and '.'",
                                        limits::lockspace_name_bytes_max));
  if (!plan.device.empty() && family_of(plan.device) == 0)
    return wrong(plan.device, "is no address of a quorum device; numbers are allowed, such as 10.0.0.9 or fd00::9");
  if (std::ranges::find(plan.nodes, plan.device, &ClusterNode::address) != plan.nodes.end())
    return wrong(plan.device, "is one of the nodes: a quorum device is a machine that goes on when a node is lost");
  if (!plan.device.empty() && plan.nodes.size() % 2 != 0)
    return Error{Errc::bad_argument, fmt::format("{} nodes cannot fall into two halves: no quorum device is needed",
                                                 plan.nodes.size())};
  if (plan.tie_breaker.empty()) return {};
  if (std::ranges::find(plan.nodes, plan.tie_breaker, &ClusterNode::name) == plan.nodes.end())
    return wrong(plan.tie_breaker, "is none of the nodes and cannot break ties");
  if (plan.nodes.size() % 2 != 0)
    return Error{Errc::bad_argument, fmt::format("{} nodes cannot fall into two halves: no tie-breaker is needed",
                                                 plan.nodes.size())};
  return {};
}

const ClusterNode* tie_breaker_of(const ClusterPlan& plan) {
  if (plan.nodes.empty() || plan.nodes.size() % 2 != 0) return nullptr;
  if (plan.tie_breaker.empty()) return &plan.nodes.front();
  return &*std::ranges::find(plan.nodes, plan.tie_breaker, &ClusterNode::name);
}

namespace {

// How long an answer of the device may be old is waited for before it counts, so these are shorter than corosync's own.
constexpr int device_timeout_ms = 2000, device_sync_timeout_ms = 6000;

std::string quorum_of_halves(const ClusterPlan& plan) {
  const ClusterNode* breaker = tie_breaker_of(plan);
  if (breaker == nullptr) return {};
  if (plan.device.empty())
    return fmt::format(
        "  # Of two halves, the one with {} has quorum; never both, as two_node would allow.\n"
        "  auto_tie_breaker: 1\n  auto_tie_breaker_node: {}\n",
        breaker->name, breaker->number);
  return fmt::format(
      "  # Of two halves, the one that the device chooses has quorum; holdfastd counts no other algorithm.\n"
      "  device {{\n    model: net\n    votes: 1\n    timeout: {}\n    sync_timeout: {}\n"
      "    net {{\n      host: {}\n      algorithm: ffsplit\n      tie_breaker: {}\n"
      "      # Needs certificates: corosync-qdevice-net-certutil(8)\n      tls: required\n    }}\n  }}\n",
      device_timeout_ms, device_sync_timeout_ms, plan.device, breaker->number);
}

}  // namespace

std::string corosync_conf(const ClusterPlan& plan) {
  std::string text = fmt::format(
      "# Written by `holdfast cluster init`. The same on all nodes: /etc/corosync/corosync.conf\n"
      "totem {{\n"
      "  version: 2\n"
      "  cluster_name: {}\n"
      "  # The only transport that encrypts; the key is in /etc/corosync/authkey.\n"
      "  transport: knet\n"
      "  crypto_cipher: aes256\n"
      "  crypto_hash: sha256\n"
      "  # Milliseconds without a word, and a node is gone (650 more for each node above two).\n"
      "  token: {}\n"
      "}}\n\nnodelist {{\n",
      plan.name, plan.token_ms);
  for (const ClusterNode& node : plan.nodes)
    text += fmt::format("  node {{\n    name: {}\n    nodeid: {}\n    ring0_addr: {}\n  }}\n", node.name, node.number,
                        node.address);
  text += "}\n\nquorum {\n  provider: corosync_votequorum\n";
  text += quorum_of_halves(plan);
  text += "}\n\nlogging {\n  to_syslog: yes\n  timestamp: hires\n}\n";
  return text;
}

std::string holdfastd_toml(const ClusterPlan& plan, const ClusterNode& node) {
  return fmt::format(
      "# Written by `holdfast cluster init` for node {}: /etc/holdfast/holdfastd.toml there\n"
      "[node]\nid = {}  # nodeid of {} in corosync.conf\n\n"
      "[cluster]\nname = \"{}\"\nkey_file = \"/etc/holdfast/key\"\n\n"
      "[peer]\nlisten = \"{}:{}\"\n\n"
      "[lease]\nlease_ms = {}  # the same on all nodes\n\n"
      "[membership]\nprovider = \"corosync\"\n",
      node.name, node.number, node.name, plan.name, in_brackets(node.address), plan.peer_port, plan.lease_ms);
}

}  // namespace holdfast::cli
