// SPDX-License-Identifier: Apache-2.0
// Errc and Error: every expected failure, in one table (errc_table: number, name, errno, text). The C
// interfaces, the command line, the log and the scenario scripts take names, errno values and texts from
// here. Result<T> is in result.hpp.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace holdfast {

// Wire value: never renumber.
enum class Errc : std::uint16_t {
  ok = 0,
  // How a request can end without being granted.
  blocked = 1,
  timed_out = 2,
  deadlock = 3,
  cancelled = 4,
  no_quorum = 5,
  recovering = 6,
  // Arguments that make no sense.
  bad_mode = 10,
  bad_flags = 11,
  bad_conversion = 12,
  bad_name = 13,
  name_too_long = 14,
  value_too_long = 15,
  bad_argument = 16,
  // The lock that was named.
  no_such_lock = 20,
  foreign_lock = 21,
  busy = 22,
  no_orphan = 23,
  orphan_in_other_mode = 24,
  has_children = 25,
  forced_out = 26,
  // Limits.
  too_many_locks = 30,
  too_many_sessions = 31,
  too_many_waiters = 32,
  too_many_lockspaces = 33,
  slow_reader = 34,
  frame_too_long = 35,
  // The session, the daemon, the cluster.
  lost = 40,
  session_ended = 41,
  lease_expired = 42,
  not_permitted = 43,
  no_such_lockspace = 44,
  no_such_node = 45,
  no_such_resource = 46,
  shutting_down = 47,
  disconnected = 48,
  lockspace_exists = 49,
  lockspace_in_use = 50,
  no_access = 51,
  not_movable = 52,
  // Bytes and peers.
  bad_message = 60,
  wrong_version = 61,
  wrong_cluster = 62,
  wrong_key = 63,
  stale_epoch = 64,
  view_conflict = 65,
  bad_view = 66,
  not_member = 67,
  // The world outside.
  bad_config = 80,
  cannot_connect = 81,
  cannot_listen = 82,
  cannot_read = 83,
  cannot_write = 84,
  cannot_start = 85,
};

struct ErrcRow {
  Errc code;
  std::string_view name;
  int number;  // errno
  std::string_view text;
};

inline constexpr std::array errc_table{
    ErrcRow{Errc::ok, "ok", 0, "done"},
    ErrcRow{Errc::blocked, "blocked", EAGAIN, "somebody else holds or waits for it"},
    ErrcRow{Errc::timed_out, "timed_out", ETIMEDOUT, "not granted in time"},
    ErrcRow{Errc::deadlock, "deadlock", EDEADLK, "waiting would never end"},
    ErrcRow{Errc::cancelled, "cancelled", ECANCELED, "the request was cancelled"},
    ErrcRow{Errc::no_quorum, "no_quorum", EAGAIN, "this node is without quorum"},
    ErrcRow{Errc::recovering, "recovering", EAGAIN, "the resource is being rebuilt after a node was lost"},
    ErrcRow{Errc::bad_mode, "bad_mode", EINVAL, "unknown lock mode; allowed are NL CR CW PR PW EX"},
    ErrcRow{Errc::bad_flags, "bad_flags", EINVAL, "these flags cannot be used together here"},
    ErrcRow{Errc::bad_conversion, "bad_conversion", EINVAL, "this conversion may not be queued"},
    ErrcRow{Errc::bad_name, "bad_name", EINVAL, "this name cannot be used"},
    ErrcRow{Errc::name_too_long, "name_too_long", EINVAL, "the name is too long"},
    ErrcRow{Errc::value_too_long, "value_too_long", EINVAL, "the value is too long"},
    ErrcRow{Errc::bad_argument, "bad_argument", EINVAL, "bad argument"},
    ErrcRow{Errc::no_such_lock, "no_such_lock", ENOENT, "there is no such lock (any more)"},
    ErrcRow{Errc::foreign_lock, "foreign_lock", EPERM, "the lock belongs to another session"},
    ErrcRow{Errc::busy, "busy", EBUSY, "an operation on this lock is under way"},
    ErrcRow{Errc::no_orphan, "no_orphan", ENOENT, "there is no orphan of this name"},
    ErrcRow{Errc::orphan_in_other_mode, "orphan_in_other_mode", EAGAIN,
            "there is an orphan of this name, in another mode"},
    ErrcRow{Errc::has_children, "has_children", ENOTEMPTY, "the lock still has sub-locks"},
    ErrcRow{Errc::forced_out, "forced_out", ECANCELED, "the lock was ended by force"},
    ErrcRow{Errc::too_many_locks, "too_many_locks", ENOMEM, "the node has no room for another lock"},
    ErrcRow{Errc::too_many_sessions, "too_many_sessions", EMFILE, "the node has no room for another session"},
    ErrcRow{Errc::too_many_waiters, "too_many_waiters", ENOMEM, "the resource has no room for another waiter"},
    ErrcRow{Errc::too_many_lockspaces, "too_many_lockspaces", ENOMEM, "the node has no room for another lockspace"},
    ErrcRow{Errc::slow_reader, "slow_reader", ENOBUFS, "the session did not read its events in time"},
    ErrcRow{Errc::frame_too_long, "frame_too_long", EMSGSIZE, "the message is longer than allowed"},
    ErrcRow{Errc::lost, "lost", EOWNERDEAD, "the lock was lost"},
    ErrcRow{Errc::session_ended, "session_ended", ENOTCONN, "the session has ended"},
    ErrcRow{Errc::lease_expired, "lease_expired", ESTALE, "the lease of this node ran out"},
    ErrcRow{Errc::not_permitted, "not_permitted", EPERM, "only the operator may do this"},
    ErrcRow{Errc::no_such_lockspace, "no_such_lockspace", ENOENT, "there is no such lockspace"},
    ErrcRow{Errc::no_such_node, "no_such_node", ENOENT, "there is no such node"},
    ErrcRow{Errc::no_such_resource, "no_such_resource", ENOENT, "nobody holds or waits for this name"},
    ErrcRow{Errc::shutting_down, "shutting_down", ESHUTDOWN, "the daemon is shutting down"},
    ErrcRow{Errc::disconnected, "disconnected", ENOTCONN, "the connection to the daemon is gone"},
    ErrcRow{Errc::lockspace_exists, "lockspace_exists", EEXIST, "this node is in the lockspace already"},
    ErrcRow{Errc::lockspace_in_use, "lockspace_in_use", EBUSY, "programs of this node have locks in the lockspace"},
    ErrcRow{Errc::no_access, "no_access", EACCES, "its owner and mode do not allow it"},
    ErrcRow{Errc::not_movable, "not_movable", EPERM, "the mastering of its lockspace says which node is master"},
    ErrcRow{Errc::bad_message, "bad_message", EPROTO, "the message cannot be understood"},
    ErrcRow{Errc::wrong_version, "wrong_version", EPROTONOSUPPORT, "the other side speaks another protocol version"},
    ErrcRow{Errc::wrong_cluster, "wrong_cluster", ECONNREFUSED, "the other side belongs to another cluster"},
    ErrcRow{Errc::wrong_key, "wrong_key", EACCES, "the other side does not have the shared key"},
    ErrcRow{Errc::stale_epoch, "stale_epoch", ESTALE, "the epoch is not newer than the one in force"},
    ErrcRow{Errc::view_conflict, "view_conflict", EEXIST, "there is another view of the same epoch"},
    ErrcRow{Errc::bad_view, "bad_view", EINVAL, "this view makes no sense"},
    ErrcRow{Errc::not_member, "not_member", ENOTCONN, "this node is not a member of the view"},
    ErrcRow{Errc::bad_config, "bad_config", EINVAL, "the configuration is wrong"},
    ErrcRow{Errc::cannot_connect, "cannot_connect", ECONNREFUSED, "cannot connect"},
    ErrcRow{Errc::cannot_listen, "cannot_listen", EADDRINUSE, "cannot listen"},
    ErrcRow{Errc::cannot_read, "cannot_read", EIO, "cannot read"},
    ErrcRow{Errc::cannot_write, "cannot_write", EIO, "cannot write"},
    ErrcRow{Errc::cannot_start, "cannot_start", ENOEXEC, "cannot start the program"},
};

// The row of a code. A number that came from outside and is not in the table gives the row of bad_message.
[[nodiscard]] const ErrcRow& row_of(Errc code);
[[nodiscard]] inline std::string_view name_of(Errc code) { return row_of(code).name; }

// A failure and, where the code alone is not clear enough, what was wrong and what is allowed.
struct [[nodiscard]] Error {
  Errc code = Errc::ok;
  std::string detail;

  explicit Error(Errc c) : code(c) {}
  Error(Errc c, std::string what) : code(c), detail(std::move(what)) {}
  // "name_too_long: the name has 300 bytes, at most 255 are allowed"
  [[nodiscard]] std::string text() const;
};

}  // namespace holdfast
