// SPDX-License-Identifier: Apache-2.0
#include "client/reports.hpp"

#include "model/name.hpp"

namespace holdfast::client {
namespace {

std::string text_of(const Blocker& blocker) {
  return "node " + std::to_string(blocker.node.value()) + (blocker.ahead ? " waits ahead for " : " holds ") +
         std::string(name_of(blocker.mode));
}

std::string text_of(Errc status, const std::vector<Blocker>& blockers) {
  std::string text(row_of(status).text);
  for (const Blocker& blocker : blockers) text += (&blocker == &blockers.front() ? ": " : ", ") + text_of(blocker);
  return text;
}

}  // namespace

OwnerInfo to_owner(const wire::OwnerReport& report) {
  return {.node = report.node,
          .owner = report.owner,
          .pid = report.pid,
          .start_ticks = report.start_ticks,
          .uid = report.uid,
          .user = report.user,
          .command = report.command,
          .label = report.label};
}

Grant to_grant(const wire::Granted& message) {
  Grant grant{.mode = message.mode,
              .token = message.token,
              .value_state = message.value_state,
              .write_number = message.write_number,
              .value = {},
              .demoted = message.notes.has(wire::GrantNote::demoted),
              .alternative = message.notes.has(wire::GrantNote::altmode),
              .doubtful = message.notes.has(wire::GrantNote::doubtful)};
  if (message.notes.has(wire::GrantNote::value)) grant.value.assign(message.value);
  if (message.notes.has(wire::GrantNote::doubtful)) grant.value_state = ValueState::doubtful;
  return grant;
}

std::vector<Blocker> to_blockers(const std::vector<wire::BlockerRow>& rows) {
  std::vector<Blocker> blockers;
  blockers.reserve(rows.size());
  for (const wire::BlockerRow& row : rows)
    blockers.push_back({.node = row.node, .lock = row.claim, .owner = row.owner, .mode = row.mode, .ahead = row.ahead != 0});
  return blockers;
}

Refusal to_refusal(const wire::Refused& message) {
  std::vector<Blocker> blockers = to_blockers(message.blockers);
  std::string text = message.detail.empty() ? text_of(message.status, blockers) : std::string(message.detail);
  return Refusal{Error{message.status, std::move(text)}, std::move(blockers)};
}

ResourceInfo to_resource(const wire::ResourceRow& message) {
  const wire::ResourceReport& report = message.resource;
  const KeyParts parts = split_key(report.key).value_or(KeyParts{.lockspace = {}, .name = report.key});
  std::vector<std::string> above;
  for (const std::string_view name : names_of(parts)) above.emplace_back(name);
  std::string name = std::move(above.back());
  above.pop_back();
  return {.lockspace = std::string(parts.lockspace),
          .above = std::move(above),
          .name = std::move(name),
          .master = report.master,
          .home = report.home,
          .mastership = report.mastership,
          .value_state = report.value_state,
          .write_number = report.write_number,
          .value = report.value,
          .recovering = report.recovering != 0,
          .locks = {}};
}

LockInfo to_lock(const wire::LockRow& message) {
  const wire::LockReport& report = message.lock;
  return {.node = report.node,
          .id = report.claim,
          .standing = report.standing,
          .granted = report.granted,
          .wanted = report.wanted,
          .flags = report.flags,
          .token = report.token,
          .age = report.age,
          .orphan = report.orphan != 0,
          .parent = report.parent,
          .tag = report.tag,
          .owner = to_owner(message.owner)};
}

HistoryEvent to_event(const wire::HistoryRow& message) {
  const wire::HistoryReport& report = message.event;
  HistoryEvent event{.at = message.at, .age = report.age, .what = report.what, .mode = report.mode, .status = report.status,
                     .node = report.node, .lock = report.lock, .owner = report.owner, .lockspace = {}, .name = {},
                     .is_cut = report.is_cut != 0};
  if (const auto parts = split_key(report.key)) {
    event.lockspace = parts->lockspace;
    event.name = parts->name;
  }
  return event;
}

LockspaceInfo to_lockspace(const wire::LockspaceRow& message) {
  return {.name = std::string(message.lockspace),
          .joins = message.joins,
          .uid = message.uid,
          .gid = message.gid,
          .mode = message.mode,
          .change = message.change,
          .joined = message.joined,
          .left = message.left,
          .failed = message.failed,
          .members = message.members,
          .since = message.since};
}

DeadlockInfo to_deadlock(const wire::DeadlockRow& message) {
  const wire::DeadlockReport& report = message.report;
  DeadlockInfo info{.policy = report.policy, .length = report.length, .waits = {}, .age = report.age};
  for (const wire::DeadlockMember& member : report.members) {
    const KeyParts parts = split_key(member.key).value_or(KeyParts{.lockspace = {}, .name = member.key});
    std::vector<std::string> above;
    for (const std::string_view name : names_of(parts)) above.emplace_back(name);
    std::string name = std::move(above.back());
    above.pop_back();
    info.waits.push_back({.owner = to_owner(member.owner),
                          .lock = member.claim,
                          .transaction = member.transaction,
                          .priority = member.priority,
                          .lockspace = std::string(parts.lockspace),
                          .above = std::move(above),
                          .name = std::move(name),
                          .wanted = member.wanted,
                          .blocked_by = member.blocked_by,
                          .ahead = member.ahead != 0});
  }
  return info;
}

NodeInfo to_node(const wire::NodeStatus& message) {
  std::vector<LeaseWait> waits;
  for (const wire::LostLease& lost : message.lease_waits)
    waits.push_back({.node = lost.node, .incarnation = lost.incarnation, .left = lost.left});
  return {.node = message.node,
          .incarnation = message.incarnation,
          .version = std::string(message.version),
          .cluster = std::string(message.cluster),
          .peer_address = std::string(message.peer_address),
          .view = wire::from_wire(message),
          .phase = message.phase,
          .lease = message.lease,
          .deadline_left = message.deadline_left,
          .sessions = message.sessions,
          .claims = message.claims,
          .resources_mastered = message.resources_mastered,
          .directory_entries = message.directory_entries,
          .uptime = message.uptime,
          .peers_connected = message.peers_connected,
          .member_ages = message.member_ages,
          .lease_waits = std::move(waits),
          .moved = message.moved,
          .moved_by_use = message.moved_by_use};
}

}  // namespace holdfast::client
