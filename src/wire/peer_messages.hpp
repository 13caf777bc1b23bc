// SPDX-License-Identifier: Apache-2.0
// What nodes say to each other. Two levels: link frames (LinkHello, LinkData, ...) stand in the stream of a
// connection; inside LinkData stand the messages of the second list, each applied exactly once per pair of
// incarnations (src/cluster/link.hpp).
//
// `asked` of an Operation: none = sent straight to the master and bound to `mastership`; otherwise sent
// through the home and bound to this epoch. Answers repeat it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "model/flags.hpp"
#include "model/ids.hpp"
#include "model/token.hpp"
#include "wire/codec.hpp"
#include "wire/copy_messages.hpp"
#include "wire/eviction_messages.hpp"
#include "wire/history_messages.hpp"
#include "wire/deadlock_messages.hpp"
#include "wire/move_messages.hpp"
#include "wire/peer_message.hpp"
#include "wire/rebuild_messages.hpp"
#include "wire/shared_parts.hpp"

namespace holdfast::wire {

inline constexpr std::uint32_t peer_protocol = 1;

// Wire value: never renumber.
enum class LinkMessage : std::uint16_t { hello = 1, data = 2, ack = 3, refuse = 4, heartbeat = 5, heartbeat_reply = 6 };

// The first frame in both directions. The receiver checks everything before it believes anything.
struct LinkHello {
  static constexpr auto type = LinkMessage::hello;
  static constexpr std::string_view name = "LinkHello";
  std::uint32_t protocol = spoken(peer_protocol);
  std::string_view cluster;
  NodeId from;
  Incarnation from_incarnation;
  NodeId to;
  Incarnation to_incarnation;       // whom the sender believes to talk to
  std::uint64_t received = 0;       // frames of `to_incarnation` that the sender has applied
  Epoch epoch;                      // the sender's view
  std::uint64_t view_digest = 0;
  static constexpr std::tuple fields{
      field("protocol", &LinkHello::protocol), field("cluster", &LinkHello::cluster),
      field("from", &LinkHello::from),         field("from_incarnation", &LinkHello::from_incarnation),
      field("to", &LinkHello::to),             field("to_incarnation", &LinkHello::to_incarnation),
      field("received", &LinkHello::received), field("epoch", &LinkHello::epoch),
      field("view_digest", &LinkHello::view_digest)};
};

// Everything that one turn produced for this peer. `messages` follow the fields, as frames.
struct LinkData {
  static constexpr auto type = LinkMessage::data;
  static constexpr std::string_view name = "LinkData";
  std::uint64_t sequence = 0;  // 1, 2, 3, ... per pair of incarnations
  std::uint64_t received = 0;  // cumulative acknowledgement of the other direction
  Token clock;                 // the sender's Lamport clock
  static constexpr std::tuple fields{field("sequence", &LinkData::sequence), field("received", &LinkData::received),
                                     field("clock", &LinkData::clock)};
};
inline constexpr std::size_t link_data_bytes = 8 + 8 + 16;

struct LinkAck {
  static constexpr auto type = LinkMessage::ack;
  static constexpr std::string_view name = "LinkAck";
  std::uint64_t received = 0;
  static constexpr std::tuple fields{field("received", &LinkAck::received)};
};

// Why the connection is about to be closed.
struct LinkRefuse {
  static constexpr auto type = LinkMessage::refuse;
  static constexpr std::string_view name = "LinkRefuse";
  Errc status = Errc::ok;
  std::string_view detail;
  static constexpr std::tuple fields{field("status", &LinkRefuse::status), field("detail", &LinkRefuse::detail)};
};

// Outside the sequence of a link, since one that comes late must not count for more than it is worth. Who
// answers will not let the locks of the asker go before `lease` is over.
struct Heartbeat {
  static constexpr auto type = LinkMessage::heartbeat;
  static constexpr std::string_view name = "Heartbeat";
  Duration sent{};   // by the asker's clock; comes back as it is
  Duration lease{};  // of the asker
  static constexpr std::tuple fields{field("sent", &Heartbeat::sent), field("lease", &Heartbeat::lease)};
};
struct HeartbeatReply {
  static constexpr auto type = LinkMessage::heartbeat_reply;
  static constexpr std::string_view name = "HeartbeatReply";
  Duration sent{};
  static constexpr std::tuple fields{field("sent", &HeartbeatReply::sent)};
};

using LinkFrames = MessageList<LinkData, LinkAck, LinkHello, LinkRefuse, Heartbeat, HeartbeatReply>;

// Wire value: never renumber.
enum class OperationKind : std::uint8_t { request = 0, convert = 1, unlock = 2, cancel = 3 };
template <>
inline constexpr OperationKind last_enumerator<OperationKind> = OperationKind::cancel;
enum class Answer : std::uint8_t { wanted = 0, unwanted = 1 };
template <>
inline constexpr Answer last_enumerator<Answer> = Answer::unwanted;

// One operation of a requester on its lock, to the master or to the home.
struct Operation {
  static constexpr auto type = PeerMessage::operation;
  static constexpr std::string_view name = "Operation";
  OperationKind kind = OperationKind::request;
  Answer answer = Answer::wanted;
  ClaimId claim;
  std::uint32_t number = 0;  // 1, 2, 3, ... per claim; applied in this order
  Epoch asked;
  Mastership mastership;
  ResourceId resource;  // at the master; none when asked through the home
  LockId lock;          // at the master; none for a request
  OwnerId owner;
  Mode mode = Mode::NL;
  FlagSet flags;
  Errc reason = Errc::cancelled;  // of a cancel: the status that the cancelled request ends with
  std::string_view key;           // empty when `resource` says it
  std::string_view value;
  static constexpr std::tuple fields{
      field("kind", &Operation::kind),         field("answer", &Operation::answer),
      field("claim", &Operation::claim),       field("number", &Operation::number),
      field("asked", &Operation::asked),       field("mastership", &Operation::mastership),
      field("resource", &Operation::resource), field("lock", &Operation::lock),
      field("owner", &Operation::owner),       field("mode", &Operation::mode),
      field("flags", &Operation::flags),       field("reason", &Operation::reason),
      field("key", &Operation::key),           field("value", &Operation::value)};
};

// Home to master: somebody asked me for what you are master of.
struct Forward {
  static constexpr auto type = PeerMessage::forward;
  static constexpr std::string_view name = "Forward";
  NodeId origin;
  Mastership mastership;         // which the home has on record
  std::uint64_t generation = 0;  // of the home's entry, see Remove
  Operation operation;
  static constexpr std::tuple fields{field("origin", &Forward::origin), field("mastership", &Forward::mastership),
                                     field("generation", &Forward::generation),
                                     field("operation", &Forward::operation)};
};

// Master to requester: operation `number` (or an earlier one that had queued) is granted.
struct GrantReply {
  static constexpr auto type = PeerMessage::grant_reply;
  static constexpr std::string_view name = "GrantReply";
  ClaimId claim;
  std::uint32_t number = 0;
  Epoch asked;
  Mastership mastership;
  ResourceId resource;
  LockId lock;
  Mode mode = Mode::NL;
  GrantNotes notes;
  Token token;
  ValueState value_state = ValueState::never_written;
  std::uint64_t write_number = 0;
  std::string_view value;
  static constexpr std::tuple fields{
      field("claim", &GrantReply::claim),             field("number", &GrantReply::number),
      field("asked", &GrantReply::asked),             field("mastership", &GrantReply::mastership),
      field("resource", &GrantReply::resource),       field("lock", &GrantReply::lock),
      field("mode", &GrantReply::mode),               field("notes", &GrantReply::notes),
      field("token", &GrantReply::token),             field("value_state", &GrantReply::value_state),
      field("write_number", &GrantReply::write_number), field("value", &GrantReply::value)};
};

struct QueueReply {
  static constexpr auto type = PeerMessage::queue_reply;
  static constexpr std::string_view name = "QueueReply";
  ClaimId claim;
  std::uint32_t number = 0;
  Epoch asked;
  Mastership mastership;
  ResourceId resource;
  LockId lock;
  std::int64_t stamp = 0;
  std::vector<BlockerRow> blockers;
  static constexpr std::tuple fields{
      field("claim", &QueueReply::claim),       field("number", &QueueReply::number),
      field("asked", &QueueReply::asked),       field("mastership", &QueueReply::mastership),
      field("resource", &QueueReply::resource), field("lock", &QueueReply::lock),
      field("stamp", &QueueReply::stamp),       field("blockers", &QueueReply::blockers)};
};

// The request or conversion ended without a grant (status says why). Of a conversion the old mode remains.
struct RefuseReply {
  static constexpr auto type = PeerMessage::refuse_reply;
  static constexpr std::string_view name = "RefuseReply";
  ClaimId claim;
  std::uint32_t number = 0;
  Epoch asked;
  Mastership mastership;
  ResourceId resource;
  LockId lock;
  Errc status = Errc::ok;
  std::vector<BlockerRow> blockers;
  std::uint8_t demoted = 0;  // 1: it had given up its mode to break a conversion deadlock, and holds NL
  static constexpr std::size_t required = 8;
  static constexpr std::tuple fields{
      field("claim", &RefuseReply::claim),       field("number", &RefuseReply::number),
      field("asked", &RefuseReply::asked),       field("mastership", &RefuseReply::mastership),
      field("resource", &RefuseReply::resource), field("lock", &RefuseReply::lock),
      field("status", &RefuseReply::status),     field("blockers", &RefuseReply::blockers),
      field("demoted", &RefuseReply::demoted)};
};

// An unlock or a cancel is done.
struct DoneReply {
  static constexpr auto type = PeerMessage::done_reply;
  static constexpr std::string_view name = "DoneReply";
  ClaimId claim;
  std::uint32_t number = 0;
  Epoch asked;
  Mastership mastership;
  Errc status = Errc::ok;
  static constexpr std::tuple fields{field("claim", &DoneReply::claim), field("number", &DoneReply::number),
                                     field("asked", &DoneReply::asked),
                                     field("mastership", &DoneReply::mastership),
                                     field("status", &DoneReply::status)};
};

struct Notice {
  static constexpr auto type = PeerMessage::notice;
  static constexpr std::string_view name = "Notice";
  ClaimId claim;
  Mastership mastership;
  Mode wanted = Mode::NL;
  static constexpr std::tuple fields{field("claim", &Notice::claim), field("mastership", &Notice::mastership),
                                     field("wanted", &Notice::wanted)};
};

// An operation came to a node that is not (any more) master under this number: ask the home again.
struct NotMaster {
  static constexpr auto type = PeerMessage::not_master;
  static constexpr std::string_view name = "NotMaster";
  ClaimId claim;
  std::uint32_t number = 0;
  Mastership mastership;
  static constexpr std::tuple fields{field("claim", &NotMaster::claim), field("number", &NotMaster::number),
                                     field("mastership", &NotMaster::mastership)};
};

// Home to the first who asked: nobody had it, you are master now.
struct MasterReply {
  static constexpr auto type = PeerMessage::master_reply;
  static constexpr std::string_view name = "MasterReply";
  Epoch epoch;
  Mastership mastership;
  std::uint64_t generation = 0;
  std::string_view key;
  static constexpr std::tuple fields{field("epoch", &MasterReply::epoch),
                                     field("mastership", &MasterReply::mastership),
                                     field("generation", &MasterReply::generation),
                                     field("key", &MasterReply::key)};
};

// Master to home: nobody uses it any more. The home refuses if it has forwarded to us behind `generation`.
struct Remove {
  static constexpr auto type = PeerMessage::remove;
  static constexpr std::string_view name = "Remove";
  Epoch epoch;
  Mastership mastership;
  std::uint64_t generation = 0;
  std::string_view key;
  static constexpr std::tuple fields{field("epoch", &Remove::epoch), field("mastership", &Remove::mastership),
                                     field("generation", &Remove::generation), field("key", &Remove::key)};
};
struct RemoveReply {
  static constexpr auto type = PeerMessage::remove_reply;
  static constexpr std::string_view name = "RemoveReply";
  Epoch epoch;
  Mastership mastership;
  Errc status = Errc::ok;  // ok: the entry is gone; busy: keep serving
  std::string_view key;
  static constexpr std::tuple fields{field("epoch", &RemoveReply::epoch),
                                     field("mastership", &RemoveReply::mastership),
                                     field("status", &RemoveReply::status), field("key", &RemoveReply::key)};
};

// ---- looking ------------------------------------------------------------------------------------------

struct QueryAsk {
  static constexpr auto type = PeerMessage::query_ask;
  static constexpr std::string_view name = "QueryAsk";
  std::uint64_t query = 0;
  std::string_view lockspace_pattern;
  std::string_view name_pattern;
  std::string_view after_key;
  std::uint32_t rows_max = 0;
  static constexpr std::tuple fields{
      field("query", &QueryAsk::query), field("lockspace_pattern", &QueryAsk::lockspace_pattern),
      field("name_pattern", &QueryAsk::name_pattern), field("after_key", &QueryAsk::after_key),
      field("rows_max", &QueryAsk::rows_max)};
};
// A resource that the sender is master of; its locks follow.
struct QueryResource {
  static constexpr auto type = PeerMessage::query_resource;
  static constexpr std::string_view name = "QueryResource";
  std::uint64_t query = 0;
  ResourceReport resource;
  static constexpr std::tuple fields{field("query", &QueryResource::query),
                                     field("resource", &QueryResource::resource)};
};
struct QueryLock {
  static constexpr auto type = PeerMessage::query_lock;
  static constexpr std::string_view name = "QueryLock";
  std::uint64_t query = 0;
  LockReport lock;
  static constexpr std::tuple fields{field("query", &QueryLock::query), field("lock", &QueryLock::lock)};
};
// Who stands behind a lock of the sender's node on a resource that matches.
struct QueryOwner {
  static constexpr auto type = PeerMessage::query_owner;
  static constexpr std::string_view name = "QueryOwner";
  std::uint64_t query = 0;
  ClaimId claim;
  std::uint8_t orphan = 0;
  std::uint32_t tag = 0;
  ClaimId parent;
  OwnerReport owner;
  static constexpr std::tuple fields{field("query", &QueryOwner::query), field("claim", &QueryOwner::claim),
                                     field("orphan", &QueryOwner::orphan), field("tag", &QueryOwner::tag),
                                     field("parent", &QueryOwner::parent),
                                     field("owner", &QueryOwner::owner)};
};
struct QueryDone {
  static constexpr auto type = PeerMessage::query_done;
  static constexpr std::string_view name = "QueryDone";
  std::uint64_t query = 0;
  std::string_view cut_behind_key;  // not empty: there was more behind this key
  std::uint8_t recovering = 0;      // 1: as home it does not know yet of all that lost its master
  static constexpr std::size_t required = 2;
  static constexpr std::tuple fields{field("query", &QueryDone::query),
                                     field("cut_behind_key", &QueryDone::cut_behind_key),
                                     field("recovering", &QueryDone::recovering)};
};

struct Probe {
  static constexpr auto type = PeerMessage::probe;
  static constexpr std::string_view name = "Probe";
  std::uint64_t number = 0;
  static constexpr std::tuple fields{field("number", &Probe::number)};
};
struct ProbeReply {
  static constexpr auto type = PeerMessage::probe_reply;
  static constexpr std::string_view name = "ProbeReply";
  std::uint64_t number = 0;
  static constexpr std::tuple fields{field("number", &ProbeReply::number)};
};

struct PurgeOrphans {
  static constexpr auto type = PeerMessage::purge_orphans;
  static constexpr std::string_view name = "PurgeOrphans";
  std::uint32_t pid = 0;
  std::string_view lockspace;
  std::string_view name_pattern;
  static constexpr std::tuple fields{field("pid", &PurgeOrphans::pid),
                                     field("lockspace", &PurgeOrphans::lockspace),
                                     field("name_pattern", &PurgeOrphans::name_pattern)};
};

enum class Membership : std::uint8_t { left = 0, joined = 1 };
template <>
inline constexpr Membership last_enumerator<Membership> = Membership::joined;

// The sender has joined the lockspace, or left it. Said again to everybody in every view.
struct LockspaceMember {
  static constexpr auto type = PeerMessage::lockspace_member;
  static constexpr std::string_view name = "LockspaceMember";
  Membership membership = Membership::joined;
  std::string_view lockspace;
  static constexpr std::tuple fields{field("membership", &LockspaceMember::membership),
                                     field("lockspace", &LockspaceMember::lockspace)};
};

using BetweenPeers =
    MessageList<Operation, GrantReply, DoneReply, QueueReply, RefuseReply, Notice, Forward, NotMaster, MasterReply,
                Remove, RemoveReply, MasterClaim, RebuildLock, RebuildValue, RebuildDone, RebuildReply, Fenced, QueryAsk,
                QueryResource, QueryLock, QueryOwner, QueryDone, Probe, ProbeReply, PurgeOrphans, LockspaceMember,
                Moving, MovingReply, Install, InstallLock, InstallOperation, Installed, MoveDone, MoveQuery, MoveAsk,
                MoveOrder, MoveAnswer, Leaving, ValueCopy, ValueCopied, EvictAsk, EvictAnswer,
                HistoryAsk, HistoryTold, HistoryDone, WaitsAsk, WaitsReply, PartiesAsk, PartiesReply,
                Reserve, Reserved, Unreserve, Doom, DeadlocksAsk, DeadlocksReply>;

}  // namespace holdfast::wire
