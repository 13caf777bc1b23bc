// SPDX-License-Identifier: Apache-2.0
#include "reports.hpp"

#include <array>
#include <string>

namespace py = pybind11;
using namespace pybind11::literals;

namespace holdfast::python {
namespace {

template <class List, class Convert>
py::list to_list(const List& list, Convert convert) {
  py::list all;
  for (const auto& one : list) all.append(convert(one));
  return all;
}

std::uint32_t number_of(NodeId node) { return node.value(); }

py::list names_of(FlagSet flags) {
  py::list names;
  for (const FlagRow& row : flag_table)
    if (flags.has(row.flag)) names.append(std::string(row.name));
  return names;
}

py::dict to_dict(const OwnerInfo& owner) {
  return py::dict("node"_a = owner.node.value(), "owner"_a = owner.owner.value(), "pid"_a = owner.pid,
                  "start_ticks"_a = owner.start_ticks, "uid"_a = owner.uid, "user"_a = py::bytes(owner.user),
                  "command"_a = py::bytes(owner.command), "label"_a = py::bytes(owner.label));
}

py::dict to_dict(const LockInfo& lock) {
  return py::dict("node"_a = lock.node.value(), "id"_a = lock.id.value(),
                  "standing"_a = std::string(name_of(lock.standing)), "granted"_a = static_cast<int>(lock.granted),
                  "wanted"_a = static_cast<int>(lock.wanted), "flags"_a = names_of(lock.flags),
                  "token"_a = python::to_dict(lock.token), "age"_a = lock.age.count(), "orphan"_a = lock.orphan,
                  "parent"_a = lock.parent.value(), "tag"_a = lock.tag, "owner"_a = to_dict(lock.owner));
}

py::dict to_dict(const Member& member) {
  return py::dict("node"_a = member.node.value(), "incarnation"_a = member.incarnation.value(),
                  "address"_a = member.address, "weight"_a = member.weight, "votes"_a = member.votes);
}

py::dict to_dict(const View& view) {
  return py::dict("epoch"_a = view.epoch.value(),
                  "members"_a = to_list(view.members, [](const Member& m) { return to_dict(m); }),
                  "configured_votes"_a = view.configured_votes, "quorate"_a = view.quorate,
                  "tie_breaker"_a = view.tie_breaker.value(), "device_votes"_a = view.device_votes);
}

}  // namespace

std::string name_of_state(ValueState state) {
  constexpr std::array names{"never_written", "valid", "doubtful"};
  return names[static_cast<std::size_t>(state)];
}

py::dict to_dict(const Token& token) {
  return py::dict("epoch"_a = token.epoch.value(), "counter"_a = token.counter);
}

py::dict to_dict(const ResourceInfo& resource) {
  return py::dict("lockspace"_a = py::bytes(resource.lockspace),
                  "above"_a = to_list(resource.above, [](const std::string& name) { return py::bytes(name); }),
                  "name"_a = py::bytes(resource.name), "master"_a = resource.master.value(),
                  "home"_a = resource.home.value(), "value_state"_a = name_of_state(resource.value_state),
                  "write_number"_a = resource.write_number, "value"_a = py::bytes(resource.value),
                  "recovering"_a = resource.recovering,
                  "locks"_a = to_list(resource.locks, [](const LockInfo& lock) { return to_dict(lock); }));
}

py::dict to_dict(const NodeInfo& node) {
  const auto wait = [](const LeaseWait& one) {
    return py::dict("node"_a = one.node.value(), "incarnation"_a = one.incarnation.value(),
                    "left"_a = one.left.count());
  };
  const auto nanoseconds = [](std::chrono::nanoseconds time) { return time.count(); };
  return py::dict(
      "node"_a = node.node.value(), "incarnation"_a = node.incarnation.value(), "version"_a = node.version,
      "cluster"_a = node.cluster, "peer_address"_a = node.peer_address, "view"_a = to_dict(node.view),
      "phase"_a = std::string(name_of(node.phase)), "lease"_a = node.lease.count(),
      "deadline_left"_a = node.deadline_left.count(), "sessions"_a = node.sessions, "claims"_a = node.claims,
      "resources_mastered"_a = node.resources_mastered, "directory_entries"_a = node.directory_entries,
      "uptime"_a = node.uptime.count(), "peers_connected"_a = to_list(node.peers_connected, number_of),
      "member_ages"_a = to_list(node.member_ages, nanoseconds), "lease_waits"_a = to_list(node.lease_waits, wait),
      "moved"_a = node.moved, "moved_by_use"_a = node.moved_by_use);
}

py::dict to_dict(const LockspaceInfo& lockspace) {
  return py::dict("name"_a = py::bytes(lockspace.name), "joins"_a = lockspace.joins, "uid"_a = lockspace.uid,
                  "gid"_a = lockspace.gid, "mode"_a = lockspace.mode,
                  "members"_a = to_list(lockspace.members, number_of));
}

}  // namespace holdfast::python
