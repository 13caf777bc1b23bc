// SPDX-License-Identifier: Apache-2.0
// What a daemon reports: the rows of queries, the state of a node, lockspaces.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/instant.hpp"
#include "model/ids.hpp"
#include "wire/client_message.hpp"
#include "wire/codec.hpp"
#include "wire/shared_parts.hpp"

namespace holdfast::wire {

struct ResourceRow {
  static constexpr auto type = ClientMessage::resource_row;
  static constexpr std::string_view name = "ResourceRow";
  RequestId request;
  ResourceReport resource;
  static constexpr std::tuple fields{field("request", &ResourceRow::request),
                                     field("resource", &ResourceRow::resource)};
};

struct LockRow {
  static constexpr auto type = ClientMessage::lock_row;
  static constexpr std::string_view name = "LockRow";
  RequestId request;
  LockReport lock;
  OwnerReport owner;
  static constexpr std::tuple fields{field("request", &LockRow::request), field("lock", &LockRow::lock),
                                     field("owner", &LockRow::owner)};
};

struct QueryEnd {
  static constexpr auto type = ClientMessage::query_end;
  static constexpr std::string_view name = "QueryEnd";
  RequestId request;
  Errc status = Errc::ok;          // recovering: the rows may not be complete
  std::string_view next_after_key;  // not empty: there is more behind this key
  static constexpr std::tuple fields{field("request", &QueryEnd::request), field("status", &QueryEnd::status),
                                     field("next_after_key", &QueryEnd::next_after_key)};
};

struct NodeStatus {
  static constexpr auto type = ClientMessage::node_status;
  static constexpr std::string_view name = "NodeStatus";
  RequestId request;
  NodeId node;
  Incarnation incarnation;
  std::string_view version;
  std::string_view cluster;
  std::string_view peer_address;  // where the peer port really listens
  WireView view;
  NodePhase phase = NodePhase::open;
  Duration lease{};
  Duration deadline_left{};  // how long this node's locks are still valid without a renewal
  std::uint32_t sessions = 0;
  std::uint32_t claims = 0;
  std::uint32_t resources_mastered = 0;
  std::uint32_t directory_entries = 0;
  Duration uptime{};
  std::vector<NodeId> peers_connected;
  std::vector<Duration> member_ages;  // how long each of the view's members has been one, as this node saw it
  std::vector<LostLease> lease_waits;  // lost nodes whose programs may still rely on their locks
  NodeId tie_breaker;  // this and the next two belong to the view, too
  std::uint32_t device_votes = 0;
  Duration device_timeout{};
  std::uint64_t moved = 0;         // resources that this node has given to another master,
  std::uint64_t moved_by_use = 0;  // and how many of them because they were used there
  static constexpr std::size_t required = 18;
  static constexpr std::tuple fields{
      field("request", &NodeStatus::request),           field("node", &NodeStatus::node),
      field("incarnation", &NodeStatus::incarnation),   field("version", &NodeStatus::version),
      field("cluster", &NodeStatus::cluster),           field("peer_address", &NodeStatus::peer_address),
      field("view", &NodeStatus::view),                 field("phase", &NodeStatus::phase),
      field("lease", &NodeStatus::lease),               field("deadline_left", &NodeStatus::deadline_left),
      field("sessions", &NodeStatus::sessions),         field("claims", &NodeStatus::claims),
      field("resources_mastered", &NodeStatus::resources_mastered),
      field("directory_entries", &NodeStatus::directory_entries),
      field("uptime", &NodeStatus::uptime),             field("peers_connected", &NodeStatus::peers_connected),
      field("member_ages", &NodeStatus::member_ages),
      field("lease_waits", &NodeStatus::lease_waits), field("tie_breaker", &NodeStatus::tie_breaker),
      field("device_votes", &NodeStatus::device_votes),
      field("device_timeout", &NodeStatus::device_timeout),
      field("moved", &NodeStatus::moved), field("moved_by_use", &NodeStatus::moved_by_use)};
};
[[nodiscard]] inline View from_wire(const NodeStatus& message) {
  View view = from_wire(message.view);
  view.tie_breaker = message.tie_breaker;
  view.device_votes = message.device_votes;
  view.device_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(message.device_timeout);
  return view;
}

struct LockspaceRow {
  static constexpr auto type = ClientMessage::lockspace_row;
  static constexpr std::string_view name = "LockspaceRow";
  RequestId request;
  std::string_view lockspace;
  std::uint32_t joins = 0;  // of this node and not taken back; 0: it is not in it, and what follows to `mode` is 0
  std::uint32_t uid = 0;    // who joined first
  std::uint32_t gid = 0;
  std::uint32_t mode = 0;  // permission bits
  // Who is in it, as this node knows it, and what its latest change did. `change` counts from this node's join.
  std::uint32_t change = 0;
  std::uint32_t joined = 0;
  std::uint32_t left = 0;
  std::uint32_t failed = 0;  // lost with their nodes; they count in `left` too
  std::vector<NodeId> members;
  std::vector<std::uint32_t> since;  // the change with which each of them came
  static constexpr std::tuple fields{
      field("request", &LockspaceRow::request), field("lockspace", &LockspaceRow::lockspace),
      field("joins", &LockspaceRow::joins),     field("uid", &LockspaceRow::uid),
      field("gid", &LockspaceRow::gid),         field("mode", &LockspaceRow::mode),
      field("change", &LockspaceRow::change),   field("joined", &LockspaceRow::joined),
      field("left", &LockspaceRow::left),       field("failed", &LockspaceRow::failed),
      field("members", &LockspaceRow::members), field("since", &LockspaceRow::since)};
};

struct DeadlockRow {
  static constexpr auto type = ClientMessage::deadlock_row;
  static constexpr std::string_view name = "DeadlockRow";
  RequestId request;
  DeadlockReport report;
  static constexpr std::tuple fields{field("request", &DeadlockRow::request), field("report", &DeadlockRow::report)};
};

}  // namespace holdfast::wire
