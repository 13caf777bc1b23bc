// SPDX-License-Identifier: Apache-2.0
#include "node/lockspaces.hpp"

#include <algorithm>

namespace holdfast::node {
namespace {

Error named(Errc code, std::string_view lockspace) {
  return Error{code, std::string(row_of(code).text) + ": \"" + escaped(lockspace) + "\""};
}

bool joins(const wire::OpenLockspace& call) {
  return call.use == LockspaceUse::join || call.use == LockspaceUse::join_new;
}

}  // namespace

// ---- opening and joining --------------------------------------------------------------------------------

void Lockspaces::on(Session& session, const wire::OpenLockspace& call) {
  const ClientConn conn = session.conn;
  const OwnerId owner = session.owner;
  const Result<wire::LockspaceHandle> handle = open(session, call);
  if (handle)
    sessions_.send(conn, owner, wire::LockspaceOpened{.request = call.request, .lockspace = *handle});
  else
    sessions_.send(conn, owner, wire::Done{.request = call.request, .status = handle.error().code,
                                           .detail = handle.error().detail});
}

Result<wire::LockspaceHandle> Lockspaces::open(Session& session, const wire::OpenLockspace& call) {
  const Owner& who = sessions_.facts(session.owner);
  if (const Result<void> fine = check_lockspace_name(call.lockspace); !fine) return fine.error();
  if (const Result<void> fine = may_open(who, call); !fine) return fine.error();
  HF_TRY(const wire::LockspaceHandle handle,
         sessions_.open_lockspace(session, call.lockspace, call.use != LockspaceUse::any));
  if (joins(call)) join(who, call);
  return handle;
}

Result<void> Lockspaces::may_open(const Owner& who, const wire::OpenLockspace& call) const {
  const auto known = lockspaces_.find(std::string(call.lockspace));
  const bool is_in = known != lockspaces_.end() && known->second.joins > 0;
  if (!is_in && call.use == LockspaceUse::existing) return named(Errc::no_such_lockspace, call.lockspace);
  if (is_in && call.use == LockspaceUse::join_new) return named(Errc::lockspace_exists, call.lockspace);
  if (!has_access(who, call.lockspace)) return named(Errc::no_access, call.lockspace);
  return joins(call) && !is_in ? has_room_for(who) : Result<void>();
}

// Nobody but the operator can fill the node's table, and no peer can.
Result<void> Lockspaces::has_room_for(const Owner& who) const {
  std::uint32_t all = 0, theirs = 0;
  for (const auto& [name, lockspace] : lockspaces_) {
    all += lockspace.joins > 0 ? 1 : 0;
    theirs += lockspace.joins > 0 && lockspace.access.uid == who.uid ? 1 : 0;
  }
  if (all >= limits::lockspaces_max || (!sessions_.is_operator(who) && theirs >= limits::lockspaces_per_user_max))
    return Error{Errc::too_many_lockspaces,
                 "this node can be in " + std::to_string(limits::lockspaces_max) + " lockspaces, and in " +
                     std::to_string(limits::lockspaces_per_user_max) + " that one user joined who is no operator"};
  return {};
}

// As with a file that is opened for reading and writing. Every session has "default" open from its start, so
// that is nobody's to close.
bool Lockspaces::has_access(const Owner& who, std::string_view name) const {
  if (sessions_.is_operator(who) || name == default_lockspace) return true;
  std::optional<LockspaceAccess> access = core_.policy(name).access;
  if (!access) {
    const auto known = lockspaces_.find(std::string(name));
    if (known == lockspaces_.end() || known->second.joins == 0) return true;
    access = known->second.access;
  }
  constexpr std::uint32_t read_and_write = 06;
  const bool in_group = std::ranges::find(who.groups, access->gid) != who.groups.end();
  const unsigned shift = who.uid == access->uid ? 6 : in_group ? 3 : 0;
  return (access->mode >> shift & read_and_write) == read_and_write;
}

void Lockspaces::join(const Owner& who, const wire::OpenLockspace& call) {
  constexpr std::uint32_t permission_bits = 0777;
  const std::string name(call.lockspace);
  const std::optional<LockspaceAccess>& configured = core_.policy(name).access;
  Lockspace& lockspace = lockspaces_[name];
  ++lockspace.joins_of[who.uid];
  if (++lockspace.joins > 1) {
    // The latest join says the mode, if it is one who may.
    if (!configured && (sessions_.is_operator(who) || who.uid == lockspace.access.uid))
      lockspace.access.mode = call.mode & permission_bits;
    return;
  }
  lockspace.access = configured.value_or(LockspaceAccess{.uid = who.uid,
                                                         .gid = who.groups.empty() ? 0 : who.groups.front(),
                                                         .mode = call.mode & permission_bits});
  // Changes count from here: whoever is in it already came with the first.
  lockspace.changes = 0;
  for (auto& [node, since] : lockspace.members) since = 1;
  note(name, core_.self(), wire::Membership::joined);
  tell(name, wire::Membership::joined);
}

// ---- leaving --------------------------------------------------------------------------------------------

bool Lockspaces::is_in(const std::string& lockspace) const {
  const auto known = lockspaces_.find(lockspace);
  return known != lockspaces_.end() && known->second.joins > 0;
}

// Everybody takes back what he did himself, and takes nobody's locks away; the operator may do all.
Result<void> Lockspaces::may_leave(const Owner& who, const std::string& name, const Lockspace& lockspace,
                                   LeaveHow how) const {
  if (sessions_.is_operator(who)) return {};
  if (!lockspace.joins_of.contains(who.uid))
    return Error{Errc::not_permitted, "only the operator takes back what others have joined"};
  if (how == LeaveHow::force && requester_.has_locks_of_others_in(name, who.uid))
    return Error{Errc::not_permitted, "other users have locks there, which only the operator may take away"};
  return {};
}

Error Lockspaces::leave(const Session& session, const std::string& name, LeaveHow how) {
  if (const Result<void> fine = check_lockspace_name(name); !fine) return fine.error();
  const auto known = lockspaces_.find(name);
  if (known == lockspaces_.end() || known->second.joins == 0) return named(Errc::no_such_lockspace, name);
  Lockspace& lockspace = known->second;
  const Owner& who = sessions_.facts(session.owner);
  requester_.collect_releases();
  if (const Result<void> fine = may_leave(who, name, lockspace, how); !fine) return fine.error();
  if (lockspace.joins == 1 && how == LeaveHow::if_unused && requester_.has_locks_in(name))
    return named(Errc::lockspace_in_use, name);
  const auto own = lockspace.joins_of.find(who.uid);
  const auto taken = own != lockspace.joins_of.end() ? own : lockspace.joins_of.begin();
  if (--taken->second == 0) lockspace.joins_of.erase(taken);
  if (--lockspace.joins > 0) return Error{Errc::ok};
  lockspace.access = {.uid = 0, .gid = 0, .mode = 0};
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
  // What no correct peers would ever say is not remembered.
  if (!lockspaces_.contains(name) && lockspaces_.size() >= limits::lockspaces_known_max) return;
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
                                      .uid = lockspace.access.uid, .gid = lockspace.access.gid,
                                      .mode = lockspace.access.mode,
                                      .change = lockspace.changes, .joined = lockspace.latest.joined,
                                      .left = lockspace.latest.left, .failed = lockspace.latest.failed,
                                      .members = std::move(members), .since = std::move(since)});
  }
  sessions_.send(conn, owner, wire::QueryEnd{.request = call.request, .next_after_key = {}});
}

}  // namespace holdfast::node
