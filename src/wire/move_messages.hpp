// SPDX-License-Identifier: Apache-2.0
// How a resource moves from a master A to a master B while both live (src/node/README.md, "Moving a master"):
//
//   A: stops serving.         A -> every node with locks there: Moving;           they -> A: MovingReply
//   A -> B: Install, InstallLock..., InstallOperation...                           B -> home: Installed
//   the home writes down B.   home -> A and B: MoveDone                            B serves, A forgets
//
// From Moving on a node with locks there knows both, and sends its locks to a rebuild if either is gone.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "model/flags.hpp"
#include "model/ids.hpp"
#include "model/mode.hpp"
#include "model/standing.hpp"
#include "model/token.hpp"
#include "model/value.hpp"
#include "wire/codec.hpp"
#include "wire/peer_message.hpp"
#include "wire/shared_parts.hpp"

namespace holdfast::wire {

// From A to whoever has locks there: send me nothing more; `to` will tell you when it serves.
struct Moving {
  static constexpr auto type = PeerMessage::moving;
  static constexpr std::string_view name = "Moving";
  Epoch epoch;
  Mastership mastership;  // that of A
  NodeId to;
  Mastership next;  // that of B
  std::string_view key;
  static constexpr std::tuple fields{field("epoch", &Moving::epoch), field("mastership", &Moving::mastership),
                                     field("to", &Moving::to), field("next", &Moving::next),
                                     field("key", &Moving::key)};
};

// Nothing of mine is on its way to you any more.
struct MovingReply {
  static constexpr auto type = PeerMessage::moving_reply;
  static constexpr std::string_view name = "MovingReply";
  Epoch epoch;
  Mastership mastership;
  std::string_view key;
  static constexpr std::tuple fields{field("epoch", &MovingReply::epoch),
                                     field("mastership", &MovingReply::mastership), field("key", &MovingReply::key)};
};

// From A to B: the resource, followed by its locks and by what was asked of A meanwhile.
struct Install {
  static constexpr auto type = PeerMessage::install;
  static constexpr std::string_view name = "Install";
  Epoch epoch;
  Mastership before;      // that of A
  Mastership mastership;  // that B will have
  ValueState state = ValueState::never_written;
  std::uint64_t write_number = 0;
  std::uint32_t locks = 0;       // so many InstallLock follow,
  std::uint32_t operations = 0;  // then so many InstallOperation
  std::string_view key;
  std::string_view value;
  static constexpr std::tuple fields{
      field("epoch", &Install::epoch),           field("before", &Install::before),
      field("mastership", &Install::mastership), field("state", &Install::state),
      field("write_number", &Install::write_number), field("locks", &Install::locks),
      field("operations", &Install::operations), field("key", &Install::key),
      field("value", &Install::value)};
};

struct InstallLock {
  static constexpr auto type = PeerMessage::install_lock;
  static constexpr std::string_view name = "InstallLock";
  Epoch epoch;
  Mastership mastership;
  NodeId node;
  Incarnation incarnation;
  ClaimId claim;
  OwnerId owner;
  std::uint32_t applied = 0;  // number of its latest operation
  std::uint32_t pending = 0;  // number of the request or conversion that a grant answers
  Epoch asked;                // of that operation
  LockStanding standing = LockStanding::granted;
  Mode granted = Mode::NL;
  Mode wanted = Mode::NL;
  FlagSet flags;
  Token token;
  std::int64_t stamp = 0;
  Duration age{};  // since it was granted, or waits
  static constexpr std::tuple fields{
      field("epoch", &InstallLock::epoch),
      field("mastership", &InstallLock::mastership), field("node", &InstallLock::node),
      field("incarnation", &InstallLock::incarnation), field("claim", &InstallLock::claim),
      field("owner", &InstallLock::owner),           field("applied", &InstallLock::applied),
      field("pending", &InstallLock::pending),       field("asked", &InstallLock::asked),
      field("standing", &InstallLock::standing),     field("granted", &InstallLock::granted),
      field("wanted", &InstallLock::wanted),         field("flags", &InstallLock::flags),
      field("token", &InstallLock::token),           field("stamp", &InstallLock::stamp),
      field("age", &InstallLock::age)};
};

// An operation that A got while it served no more; `bytes` is its frame.
struct InstallOperation {
  static constexpr auto type = PeerMessage::install_operation;
  static constexpr std::string_view name = "InstallOperation";
  Epoch epoch;
  Mastership mastership;
  NodeId from;
  std::string_view bytes;
  static constexpr std::tuple fields{field("epoch", &InstallOperation::epoch),
                                     field("mastership", &InstallOperation::mastership),
                                     field("from", &InstallOperation::from),
                                     field("bytes", &InstallOperation::bytes)};
};

// From B to the home: I have all of it.
struct Installed {
  static constexpr auto type = PeerMessage::installed;
  static constexpr std::string_view name = "Installed";
  Epoch epoch;
  NodeId before;  // A
  Mastership mastership_before;
  Mastership mastership;
  std::string_view key;
  static constexpr std::tuple fields{field("epoch", &Installed::epoch), field("before", &Installed::before),
                                     field("mastership_before", &Installed::mastership_before),
                                     field("mastership", &Installed::mastership), field("key", &Installed::key)};
};

// From the home to A and B, from B to A if it cannot take it, and in answer to MoveQuery. ok: B is master now.
// busy: it is not; A serves on if it hears that, B forgets.
struct MoveDone {
  static constexpr auto type = PeerMessage::move_done;
  static constexpr std::string_view name = "MoveDone";
  Epoch epoch;
  Mastership mastership_before;
  Mastership mastership;
  Errc status = Errc::ok;
  std::string_view key;
  static constexpr std::tuple fields{field("epoch", &MoveDone::epoch),
                                     field("mastership_before", &MoveDone::mastership_before),
                                     field("mastership", &MoveDone::mastership),
                                     field("status", &MoveDone::status), field("key", &MoveDone::key)};
};

// From A to the home, after B was lost: did you write it down?
struct MoveQuery {
  static constexpr auto type = PeerMessage::move_query;
  static constexpr std::string_view name = "MoveQuery";
  Epoch epoch;
  Mastership mastership_before;
  Mastership mastership;
  std::string_view key;
  static constexpr std::tuple fields{field("epoch", &MoveQuery::epoch),
                                     field("mastership_before", &MoveQuery::mastership_before),
                                     field("mastership", &MoveQuery::mastership), field("key", &MoveQuery::key)};
};

// Somebody wants the resource to be mastered at `to`: from the asker to the home, which passes it on to the
// master as MoveOrder.
struct MoveAsk {
  static constexpr auto type = PeerMessage::move_ask;
  static constexpr std::string_view name = "MoveAsk";
  Epoch epoch;
  std::uint64_t number = 0;  // of the asker's choice; comes back
  NodeId to;
  std::string_view key;
  static constexpr std::tuple fields{field("epoch", &MoveAsk::epoch), field("number", &MoveAsk::number),
                                     field("to", &MoveAsk::to), field("key", &MoveAsk::key)};
};
struct MoveOrder {
  static constexpr auto type = PeerMessage::move_order;
  static constexpr std::string_view name = "MoveOrder";
  Epoch epoch;
  NodeId origin;  // the asker, who gets the answer
  std::uint64_t number = 0;
  NodeId to;
  std::string_view key;
  static constexpr std::tuple fields{field("epoch", &MoveOrder::epoch), field("origin", &MoveOrder::origin),
                                     field("number", &MoveOrder::number), field("to", &MoveOrder::to),
                                     field("key", &MoveOrder::key)};
};
struct MoveAnswer {
  static constexpr auto type = PeerMessage::move_answer;
  static constexpr std::string_view name = "MoveAnswer";
  std::uint64_t number = 0;
  Errc status = Errc::ok;
  static constexpr std::tuple fields{field("number", &MoveAnswer::number), field("status", &MoveAnswer::status)};
};

// Wire value: never renumber.
enum class LeaveStage : std::uint8_t {
  begun = 0,  // the sender takes nothing any more: choose somebody else
  done = 1,   // its programs hold nothing and it is master of nothing: nobody has to wait for its lease
};
template <>
inline constexpr LeaveStage last_enumerator<LeaveStage> = LeaveStage::done;

struct Leaving {
  static constexpr auto type = PeerMessage::leaving;
  static constexpr std::string_view name = "Leaving";
  LeaveStage stage = LeaveStage::begun;
  static constexpr std::tuple fields{field("stage", &Leaving::stage)};
};

}  // namespace holdfast::wire
