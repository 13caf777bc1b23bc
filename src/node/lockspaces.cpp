// SPDX-License-Identifier: Apache-2.0
#include "node/lockspaces.hpp"

#include <algorithm>

namespace holdfast::node {
namespace {

Error named(Errc code, std::string_view lockspace) {
  return Error{code, std::string(row_of(code).text) + ": \"" + escaped(lockspace) + "\""};
}

}  // namespace

// ---- opening and joining --------------------------------------------------------------------------------

void Lockspaces::on(Session& session, const wire::OpenLockspace& call) {
  const ClientConn conn = session.conn;
  const OwnerId owner = session.owner;
  const bool joins = call.use == LockspaceUse::join || call.use == LockspaceUse::join_new;
  Result<void> fine = check_lockspace_name(call.lockspace);
  if (fine) fine = may_open(sessions_.facts(owner), call);
  const Result<wire::LockspaceHandle> handle =
      fine ? sessions_.open_lockspace(session, call.lockspace, call.use != LockspaceUse::any)
           : Result<wire::LockspaceHandle>(fine.error());
  fine = handle ? Result<void>() : Result<void>(handle.error());
  if (fine && joins) fine = join(sessions_.facts(owner), call);
  if (fine)
    sessions_.send(conn, owner, wire::LockspaceOpened{.request = call.request, .lockspace = *handle});
  else
    sessions_.send(conn, owner, wire::Done{.request = call.request, .status = fine.error().code,
                                           .detail = fine.error().detail});
}

Result<void> Lockspaces::may_open(const Owner& who, const wire::OpenLockspace& call) const {
  const auto known = lockspaces_.find(std::string(call.lockspace));
  const bool is_in = known != lockspaces_.end() && known->second.joins > 0;
  if (!is_in && call.use == LockspaceUse::existing) return named(Errc::no_such_lockspace, call.lockspace);
  if (is_in && call.use == LockspaceUse::join_new) return named(Errc::lockspace_exists, call.lockspace);
  if (is_in && !has_access(who, known->second)) return named(Errc::no_access, call.lockspace);
  return {};
}

// As with a file that is opened for reading and writing.
bool Lockspaces::has_access(const Owner& who, const Lockspace& lockspace) {
  constexpr std::uint32_t read_and_write = 06;
  const bool in_group = std::ranges::find(who.groups, lockspace.gid) != who.groups.end();
  const unsigned shift = who.uid == lockspace.uid ? 6 : in_group ? 3 : 0;
  return who.uid == 0 || (lockspace.mode >> shift & read_and_write) == read_and_write;
}

Result<void> Lockspaces::join(const Owner& who, const wire::OpenLockspace& call) {
  const std::string name(call.lockspace);
  if (!lockspaces_.contains(name) && lockspaces_.size() >= limits::lockspaces_max)
    return Error{Errc::too_many_lockspaces,
                 "the cluster has " + std::to_string(limits::lockspaces_max) + " lockspaces, which is the limit"};
  Lockspace& lockspace = lockspaces_[name];
  if (++lockspace.joins > 1) {
    // The latest join says the mode, if it is one who may.
    if (who.uid == 0 || who.uid == lockspace.uid) lockspace.mode = call.mode;
    return {};
  }
  lockspace.uid = who.uid;
  lockspace.gid = who.groups.empty() ? 0 : who.groups.front();
  lockspace.mode = call.mode;
  // Changes count from here: whoever is in it already came with the first.
  lockspace.changes = 0;
  for (auto& [node, since] : lockspace.members) since = 1;
  note(name, core_.self(), wire::Membership::joined);
  tell(name, wire::Membership::joined);
  return {};
}

// ---- leaving --------------------------------------------------------------------------------------------

bool Lockspaces::is_in(const std::string& lockspace) const {
  const auto known = lockspaces_.find(lockspace);
  return known != lockspaces_.end() && known->second.joins > 0;
}

Result<void> Lockspaces::may_leave(const Session& session, const Lockspace& lockspace, LeaveHow how) const {
  const Owner& who = sessions_.facts(session.owner);
  if (!has_access(who, lockspace)) return Error{Errc::no_access};
  if (how == LeaveHow::force && who.uid != lockspace.uid && !sessions_.is_operator(session))
    return Error{Errc::not_permitted, "only the operator, or who joined the lockspace first, may force this node out"};
  return {};
}

Error Lockspaces::leave(const Session& session, const std::string& name, LeaveHow how) {
  const auto known = lockspaces_.find(name);
  if (known == lockspaces_.end() || known->second.joins == 0) return named(Errc::no_such_lockspace, name);
  Lockspace& lockspace = known->second;
  if (const Result<void> fine = may_leave(session, lockspace, how); !fine) return fine.error();
  requester_.collect_releases();
  if (lockspace.joins == 1 && how == LeaveHow::if_unused && requester_.has_locks_in(name))
    return named(Errc::lockspace_in_use, name);
  if (--lockspace.joins > 0) return Error{Errc::ok};
  lockspace.uid = lockspace.gid = lockspace.mode = 0;
  note(name, core_.self(), wire::Membership::left);
  tell(name, wire::Membership::left);
  return Error{Errc::ok};
}

// ---- who is in it ---------------------------------------------------------------------------------------

void Lockspaces::tell(const std::string& lockspace, wire::Membership membership) {
  for (const Member& member : core_.view.members)
    if (member.node != core_.self())
      post_.send(member.node, wire::LockspaceMember{.membership = membership, .lockspace = lockspace});
}

void Lockspaces::on(NodeId from, const wire::LockspaceMember& message) {
  const std::string name(message.lockspace);
  if (!lockspaces_.contains(name) && lockspaces_.size() >= limits::lockspaces_max) return;
  note(name, from, message.membership);
}

void Lockspaces::note(const std::string& name, NodeId node, wire::Membership membership) {
  Lockspace& lockspace = lockspaces_[name];
  const bool joins = membership == wire::Membership::joined;
  if (lockspace.members.contains(node) != joins) {
    ++lockspace.changes;
    lockspace.latest = {.joined = joins ? 1U : 0U, .left = joins ? 0U : 1U};
    if (joins)
      lockspace.members[node] = lockspace.changes;
    else
      lockspace.members.erase(node);
  }
  if (lockspace.members.empty()) lockspaces_.erase(name);
}

void Lockspaces::take_view(const View& before) {
  std::vector<NodeId> gone;
  for (const Member& member : before.members)
    if (!core_.is_member(member.node, member.incarnation)) gone.push_back(member.node);
  for (auto& [name, lockspace] : lockspaces_) {
    const auto lost = static_cast<std::uint32_t>(std::erase_if(
        lockspace.members, [&](const auto& member) { return std::ranges::find(gone, member.first) != gone.end(); }));
    if (lost == 0) continue;
    ++lockspace.changes;
    lockspace.latest = {.left = lost, .failed = lost};
  }
  std::erase_if(lockspaces_, [](const auto& entry) { return entry.second.members.empty(); });
  for (const auto& [name, lockspace] : lockspaces_)
    if (lockspace.joins > 0) tell(name, wire::Membership::joined);
}

void Lockspaces::on(const Session& session, const wire::ListLockspaces& call) {
  const ClientConn conn = session.conn;
  const OwnerId owner = session.owner;
  for (const auto& [name, lockspace] : lockspaces_) {
    std::vector<NodeId> members;
    std::vector<std::uint32_t> since;
    for (const auto& [node, change] : lockspace.members) {
      members.push_back(node);
      since.push_back(change);
    }
    sessions_.send(conn, owner,
                   wire::LockspaceRow{.request = call.request, .lockspace = name, .joins = lockspace.joins,
                                      .uid = lockspace.uid, .gid = lockspace.gid, .mode = lockspace.mode,
                                      .change = lockspace.changes, .joined = lockspace.latest.joined,
                                      .left = lockspace.latest.left, .failed = lockspace.latest.failed,
                                      .members = std::move(members), .since = std::move(since)});
  }
  sessions_.send(conn, owner, wire::QueryEnd{.request = call.request, .next_after_key = {}});
}

}  // namespace holdfast::node
