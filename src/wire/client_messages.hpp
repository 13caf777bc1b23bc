// SPDX-License-Identifier: Apache-2.0
// What a client and its daemon say to each other over the local socket. Every call of a client carries a
// RequestId of its choice; every answer names it. A Lock or Convert is answered by exactly one Granted or
// Refused; before it there may be one Waiting. All other calls are answered by one Done (or the rows of a
// query and one QueryEnd), but Release and LostSeen, which have no answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/instant.hpp"
#include "model/flags.hpp"
#include "model/ids.hpp"
#include "model/lockspace.hpp"
#include "model/mode.hpp"
#include "model/owner.hpp"
#include "model/token.hpp"
#include "model/value.hpp"
#include "wire/client_message.hpp"
#include "wire/codec.hpp"
#include "wire/eviction_messages.hpp"
#include "wire/history_messages.hpp"
#include "wire/report_messages.hpp"
#include "wire/shared_parts.hpp"

namespace holdfast::wire {

inline constexpr std::uint32_t client_protocol = 1;

// A handle of a session on a lockspace. 0 is the lockspace "default", which is always open.
using LockspaceHandle = Id<struct LockspaceHandleTag, std::uint16_t>;

template <>
inline constexpr LockspaceUse last_enumerator<LockspaceUse> = LockspaceUse::join_new;
template <>
inline constexpr LeaveHow last_enumerator<LeaveHow> = LeaveHow::force;

// When is a conversion to a weaker mode answered?
enum class Reply : std::uint8_t { when_applied = 0, at_once = 1 };
template <>
inline constexpr Reply last_enumerator<Reply> = Reply::at_once;
// Does the holder want to hear that somebody waits for it?
enum class Notices : std::uint8_t { unwanted = 0, wanted = 1 };
template <>
inline constexpr Notices last_enumerator<Notices> = Notices::wanted;

// As with Berkeley DB's lockers.
inline constexpr std::uint32_t deadlock_priority_default = 100;

// A wait without end.
inline constexpr Duration wait_for_ever{-1};
// As long as the lockspace says (LockspacePolicy::wait_max). A daemon that does not know this takes it as without end.
inline constexpr Duration wait_by_default{-2};

// ---- client to daemon ---------------------------------------------------------------------------------

// Messages that an earlier client would take for garbage.
enum class Knows : std::uint8_t { what_was_first = 0, evictions = 1 };
template <>
inline constexpr Knows last_enumerator<Knows> = Knows::evictions;

struct ClientHello {
  static constexpr auto type = ClientMessage::hello;
  static constexpr std::string_view name = "ClientHello";
  std::uint32_t protocol = client_protocol;
  SessionLife life = SessionLife::process;
  std::string_view label;
  Knows knows = Knows::what_was_first;  // it reads EvictionNotice, and says LostSeen
  static constexpr std::size_t required = 3;
  static constexpr std::tuple fields{field("protocol", &ClientHello::protocol), field("life", &ClientHello::life),
                                     field("label", &ClientHello::label), field("knows", &ClientHello::knows)};
};

struct Lock {
  static constexpr auto type = ClientMessage::lock;
  static constexpr std::string_view name = "Lock";
  RequestId request;
  LockspaceHandle lockspace;
  Mode mode = Mode::NL;
  FlagSet flags;
  Duration wait_max = wait_for_ever;  // ns; 0 and more: refused with timed_out after it; else one of the two above
  Notices notices = Notices::wanted;
  std::uint32_t tag = 0;      // of the program's choice; queries show it
  ClaimId parent;             // a lock of this session: this is to be a sub-lock of it, in its lockspace
  std::string_view resource;  // its name
  // Of the deadlock search: locks with the same transaction, of whatever session and node, belong to one who waits
  // (0: its session does), and of a cycle the lowest priority loses.
  std::uint64_t transaction = 0;
  std::uint32_t deadlock_priority = deadlock_priority_default;
  static constexpr std::size_t required = 9;
  static constexpr std::tuple fields{field("request", &Lock::request),     field("lockspace", &Lock::lockspace),
                                     field("mode", &Lock::mode),           field("flags", &Lock::flags),
                                     field("wait_max", &Lock::wait_max), field("notices", &Lock::notices),
                                     field("tag", &Lock::tag),             field("parent", &Lock::parent),
                                     field("resource", &Lock::resource),   field("transaction", &Lock::transaction),
                                     field("deadlock_priority", &Lock::deadlock_priority)};
};

struct Convert {
  static constexpr auto type = ClientMessage::convert;
  static constexpr std::string_view name = "Convert";
  RequestId request;
  ClaimId lock;
  Mode mode = Mode::NL;
  FlagSet flags;
  Duration wait_max = wait_for_ever;
  Reply reply = Reply::when_applied;
  std::string_view value;  // with valblk
  static constexpr std::tuple fields{field("request", &Convert::request), field("lock", &Convert::lock),
                                     field("mode", &Convert::mode),       field("flags", &Convert::flags),
                                     field("wait_max", &Convert::wait_max), field("reply", &Convert::reply),
                                     field("value", &Convert::value)};
};

struct Unlock {
  static constexpr auto type = ClientMessage::unlock;
  static constexpr std::string_view name = "Unlock";
  RequestId request;
  ClaimId lock;
  FlagSet flags;
  std::string_view value;
  static constexpr std::tuple fields{field("request", &Unlock::request), field("lock", &Unlock::lock),
                                     field("flags", &Unlock::flags), field("value", &Unlock::value)};
};

// Unlock without an answer. A lock that does not exist (any more) is no failure here.
struct Release {
  static constexpr auto type = ClientMessage::release;
  static constexpr std::string_view name = "Release";
  ClaimId lock;
  FlagSet flags;
  std::string_view value;
  static constexpr std::tuple fields{field("lock", &Release::lock), field("flags", &Release::flags),
                                     field("value", &Release::value)};
};

// Takes back what waits. By lock id, or (lock none) by the request that is still open.
struct Cancel {
  static constexpr auto type = ClientMessage::cancel;
  static constexpr std::string_view name = "Cancel";
  RequestId request;
  ClaimId lock;
  RequestId target;
  static constexpr std::tuple fields{field("request", &Cancel::request), field("lock", &Cancel::lock),
                                     field("target", &Cancel::target)};
};

// Ends orphans: those of process `pid` (0: all) at `node` (none: here) whose names match (* and ?).
struct Purge {
  static constexpr auto type = ClientMessage::purge;
  static constexpr std::string_view name = "Purge";
  RequestId request;
  LockspaceHandle lockspace;
  NodeId node;
  std::uint32_t pid = 0;
  std::string_view name_pattern = "*";
  static constexpr std::tuple fields{field("request", &Purge::request), field("lockspace", &Purge::lockspace),
                                     field("node", &Purge::node), field("pid", &Purge::pid),
                                     field("name_pattern", &Purge::name_pattern)};
};

// Joining and leaving count: a node is in a lockspace from its first `join` until it has left as often.
struct OpenLockspace {
  static constexpr auto type = ClientMessage::open_lockspace;
  static constexpr std::string_view name = "OpenLockspace";
  RequestId request;
  LockspaceUse use = LockspaceUse::any;
  std::uint32_t mode = 0;  // who may open it (permission bits), with `join` and `join_new`
  std::string_view lockspace;
  static constexpr std::tuple fields{field("request", &OpenLockspace::request), field("use", &OpenLockspace::use),
                                     field("mode", &OpenLockspace::mode),
                                     field("lockspace", &OpenLockspace::lockspace)};
};

// Takes one `join` of this node back. Answered with Done.
struct LeaveLockspace {
  static constexpr auto type = ClientMessage::leave_lockspace;
  static constexpr std::string_view name = "LeaveLockspace";
  RequestId request;
  LeaveHow how = LeaveHow::if_unused;
  std::string_view lockspace;
  static constexpr std::tuple fields{field("request", &LeaveLockspace::request), field("how", &LeaveLockspace::how),
                                     field("lockspace", &LeaveLockspace::lockspace)};
};

// All lockspaces that some node of the view is in. Answered by LockspaceRows in the order of names, and one
// QueryEnd.
struct ListLockspaces {
  static constexpr auto type = ClientMessage::list_lockspaces;
  static constexpr std::string_view name = "ListLockspaces";
  RequestId request;
  static constexpr std::tuple fields{field("request", &ListLockspaces::request)};
};

// All resources of the cluster whose lockspace and name match the patterns (* and ?), with their locks.
// Answered by rows (a ResourceRow, then its LockRows) in the order of key bytes, and one QueryEnd.
struct Query {
  static constexpr auto type = ClientMessage::query;
  static constexpr std::string_view name = "Query";
  RequestId request;
  std::string_view lockspace_pattern;
  std::string_view name_pattern;
  std::string_view after_key;   // paging: only keys behind this one; empty: from the start
  std::uint32_t rows_max = 0;   // 0: as many as the daemon allows
  static constexpr std::tuple fields{
      field("request", &Query::request), field("lockspace_pattern", &Query::lockspace_pattern),
      field("name_pattern", &Query::name_pattern), field("after_key", &Query::after_key),
      field("rows_max", &Query::rows_max)};
};

// The deadlocks that the nodes remember. Answered by DeadlockRows, the latest first, and one QueryEnd.
struct DeadlocksQuery {
  static constexpr auto type = ClientMessage::deadlocks_query;
  static constexpr std::string_view name = "DeadlocksQuery";
  RequestId request;
  static constexpr std::tuple fields{field("request", &DeadlocksQuery::request)};
};

struct StatusQuery {
  static constexpr auto type = ClientMessage::status_query;
  static constexpr std::string_view name = "StatusQuery";
  RequestId request;
  static constexpr std::tuple fields{field("request", &StatusQuery::request)};
};

// Operator: the manual provider's view.
struct SetView {
  static constexpr auto type = ClientMessage::set_view;
  static constexpr std::string_view name = "SetView";
  RequestId request;
  WireView view;
  NodeId tie_breaker;  // this and the next two belong to the view, too
  std::uint32_t device_votes = 0;
  Duration device_timeout{};
  static constexpr std::size_t required = 2;
  static constexpr std::tuple fields{field("request", &SetView::request), field("view", &SetView::view),
                                     field("tie_breaker", &SetView::tie_breaker),
                                     field("device_votes", &SetView::device_votes),
                                     field("device_timeout", &SetView::device_timeout)};
};
[[nodiscard]] inline SetView to_wire_whole(const View& view) {
  return {.request = {}, .view = to_wire(view), .tie_breaker = view.tie_breaker, .device_votes = view.device_votes,
          .device_timeout = view.device_timeout};
}
[[nodiscard]] inline View from_wire(const SetView& message) {
  View view = from_wire(message.view);
  view.tie_breaker = message.tie_breaker;
  view.device_votes = message.device_votes;
  view.device_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(message.device_timeout);
  return view;
}

// Operator: this resource is to be mastered at `to` (what its sub-locks are on stays where it is). Answered when it
// is so.
struct Move {
  static constexpr auto type = ClientMessage::move;
  static constexpr std::string_view name = "Move";
  RequestId request;
  LockspaceHandle lockspace;
  NodeId to;
  std::string_view resource;
  static constexpr std::tuple fields{field("request", &Move::request), field("lockspace", &Move::lockspace),
                                     field("to", &Move::to), field("resource", &Move::resource)};
};

// Operator: this life of that node is surely dead and so are its clients: nobody has to wait for its lease.
struct FenceAck {
  static constexpr auto type = ClientMessage::fence_ack;
  static constexpr std::string_view name = "FenceAck";
  RequestId request;
  NodeId node;
  Incarnation incarnation;  // none: whichever was lost last
  static constexpr std::tuple fields{field("request", &FenceAck::request), field("node", &FenceAck::node),
                                     field("incarnation", &FenceAck::incarnation)};
};

// Answered with Done when every message that this node had sent to a peer before was applied there.
struct Sync {
  static constexpr auto type = ClientMessage::sync;
  static constexpr std::string_view name = "Sync";
  RequestId request;
  static constexpr std::tuple fields{field("request", &Sync::request)};
};

// ---- daemon to client ---------------------------------------------------------------------------------

struct Welcome {
  static constexpr auto type = ClientMessage::welcome;
  static constexpr std::string_view name = "Welcome";
  std::uint32_t protocol = client_protocol;
  NodeId node;
  Incarnation incarnation;
  OwnerId owner;  // of this session
  Epoch epoch;
  Duration lease{};
  std::uint32_t value_bytes_max = 0;
  std::string_view version;
  static constexpr std::tuple fields{field("protocol", &Welcome::protocol), field("node", &Welcome::node),
                                     field("incarnation", &Welcome::incarnation), field("owner", &Welcome::owner),
                                     field("epoch", &Welcome::epoch), field("lease", &Welcome::lease),
                                     field("value_bytes_max", &Welcome::value_bytes_max),
                                     field("version", &Welcome::version)};
};

struct Granted {
  static constexpr auto type = ClientMessage::granted;
  static constexpr std::string_view name = "Granted";
  RequestId request;
  ClaimId lock;
  Mode mode = Mode::NL;
  GrantNotes notes;
  Token token;
  ValueState value_state = ValueState::never_written;  // meaningful if notes say that a value came along
  std::uint64_t write_number = 0;
  std::string_view value;
  static constexpr std::tuple fields{field("request", &Granted::request), field("lock", &Granted::lock),
                                     field("mode", &Granted::mode),       field("notes", &Granted::notes),
                                     field("token", &Granted::token),     field("value_state", &Granted::value_state),
                                     field("write_number", &Granted::write_number), field("value", &Granted::value)};
};

// The request queues; the lock can be cancelled by its id from now on.
struct Waiting {
  static constexpr auto type = ClientMessage::waiting;
  static constexpr std::string_view name = "Waiting";
  RequestId request;
  ClaimId lock;
  std::vector<BlockerRow> blockers;
  static constexpr std::tuple fields{field("request", &Waiting::request), field("lock", &Waiting::lock),
                                     field("blockers", &Waiting::blockers)};
};

// The request ended without a grant. A lock that was being converted stays as it was; a new one is gone.
struct Refused {
  static constexpr auto type = ClientMessage::refused;
  static constexpr std::string_view name = "Refused";
  RequestId request;
  ClaimId lock;  // none: it was refused before there was a lock
  Errc status = Errc::ok;
  std::string_view detail;
  std::vector<BlockerRow> blockers;
  std::uint8_t demoted = 0;  // of a conversion with convdeadlk: the old mode was given up, the lock holds NL
  static constexpr std::size_t required = 5;
  static constexpr std::tuple fields{field("request", &Refused::request), field("lock", &Refused::lock),
                                     field("status", &Refused::status),   field("detail", &Refused::detail),
                                     field("blockers", &Refused::blockers), field("demoted", &Refused::demoted)};
};

struct Done {
  static constexpr auto type = ClientMessage::done;
  static constexpr std::string_view name = "Done";
  RequestId request;
  Errc status = Errc::ok;
  std::string_view detail;
  static constexpr std::tuple fields{field("request", &Done::request), field("status", &Done::status),
                                     field("detail", &Done::detail)};
};

struct NoticeEvent {
  static constexpr auto type = ClientMessage::notice;
  static constexpr std::string_view name = "NoticeEvent";
  ClaimId lock;
  Mode wanted = Mode::NL;
  static constexpr std::tuple fields{field("lock", &NoticeEvent::lock), field("wanted", &NoticeEvent::wanted)};
};

// The lock is not held any more, through no act of its owner.
struct LostEvent {
  static constexpr auto type = ClientMessage::lost;
  static constexpr std::string_view name = "LostEvent";
  ClaimId lock;  // none: all locks of the session
  Errc status = Errc::ok;
  std::string_view detail;  // who took it, and why
  static constexpr std::size_t required = 2;
  static constexpr std::tuple fields{field("lock", &LostEvent::lock), field("status", &LostEvent::status),
                                     field("detail", &LostEvent::detail)};
};

// The session is over; the daemon closes the connection behind this.
struct Ended {
  static constexpr auto type = ClientMessage::ended;
  static constexpr std::string_view name = "Ended";
  Errc status = Errc::ok;
  std::string_view detail;
  static constexpr std::tuple fields{field("status", &Ended::status), field("detail", &Ended::detail)};
};

struct LockspaceOpened {
  static constexpr auto type = ClientMessage::lockspace_opened;
  static constexpr std::string_view name = "LockspaceOpened";
  RequestId request;
  LockspaceHandle lockspace;
  static constexpr std::tuple fields{field("request", &LockspaceOpened::request),
                                     field("lockspace", &LockspaceOpened::lockspace)};
};

using ToDaemon = MessageList<ClientHello, Lock, Convert, Unlock, Release, Cancel, Purge, OpenLockspace, Query,
                             StatusQuery, SetView, FenceAck, Sync, LeaveLockspace, ListLockspaces, Move, Evict,
                             LostSeen, HistoryQuery, DeadlocksQuery>;
using ToClient = MessageList<Welcome, Granted, Waiting, Refused, Done, NoticeEvent, LostEvent, Ended,
                             LockspaceOpened, ResourceRow, LockRow, QueryEnd, NodeStatus, LockspaceRow, EvictionNotice,
                             Evicted, HistoryRow, DeadlockRow>;

}  // namespace holdfast::wire
