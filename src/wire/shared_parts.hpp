// SPDX-License-Identifier: Apache-2.0
// Parts of messages that both protocols use: reports, blockers, views.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.hpp"
#include "model/mode.hpp"
#include "model/owner.hpp"
#include "model/standing.hpp"
#include "model/value.hpp"
#include "model/view.hpp"
#include "wire/codec.hpp"

namespace holdfast::wire {

template <>
inline constexpr ValueState last_enumerator<ValueState> = ValueState::doubtful;
template <>
inline constexpr SessionLife last_enumerator<SessionLife> = SessionLife::socket;

// What a grant has to say besides its mode and token.
// Wire value: never renumber.
enum class GrantNote : std::uint8_t {
  demoted = 0x1,   // the old mode was given up to break a conversion deadlock
  altmode = 0x2,   // granted in the alternative mode
  doubtful = 0x4,  // the value block is doubtful
  value = 0x8,     // a value came along
  quiet = 0x10,    // to a client: its release may stand in the release slot
};
class GrantNotes {
 public:
  constexpr GrantNotes() = default;
  [[nodiscard]] constexpr bool has(GrantNote note) const { return (bits & static_cast<std::uint8_t>(note)) != 0; }
  constexpr GrantNotes& set(GrantNote note) {
    bits = static_cast<std::uint8_t>(bits | static_cast<std::uint8_t>(note));
    return *this;
  }
  friend constexpr bool operator==(GrantNotes, GrantNotes) = default;
  std::uint8_t bits = 0;
  static constexpr std::tuple fields{field("bits", &GrantNotes::bits)};
};

// Somebody who stands in the way.
struct BlockerRow {
  NodeId node;
  ClaimId claim;
  OwnerId owner;
  Mode mode = Mode::NL;    // what it holds, or, ahead in the queue, wants
  std::uint8_t ahead = 0;  // 1: not in conflict by what it holds, only ahead in the queue
  static constexpr std::tuple fields{field("node", &BlockerRow::node), field("claim", &BlockerRow::claim),
                                     field("owner", &BlockerRow::owner), field("mode", &BlockerRow::mode),
                                     field("ahead", &BlockerRow::ahead)};
};

// How long what a lost node was granted may still be in use by its clients, by the sender's knowledge.
struct LostLease {
  NodeId node;
  Incarnation incarnation;
  Duration left{};
  static constexpr std::tuple fields{field("node", &LostLease::node), field("incarnation", &LostLease::incarnation),
                                     field("left", &LostLease::left)};
};

struct WireMember {
  NodeId node;
  Incarnation incarnation;
  std::string address;
  std::uint32_t weight = 1;
  std::uint32_t votes = 1;
  static constexpr std::tuple fields{field("node", &WireMember::node),
                                     field("incarnation", &WireMember::incarnation),
                                     field("address", &WireMember::address), field("weight", &WireMember::weight),
                                     field("votes", &WireMember::votes)};
};
struct WireView {
  Epoch epoch;
  std::vector<WireMember> members;
  std::uint32_t configured_votes = 0;
  std::uint8_t quorate = 1;
  static constexpr std::tuple fields{field("epoch", &WireView::epoch), field("members", &WireView::members),
                                     field("configured_votes", &WireView::configured_votes),
                                     field("quorate", &WireView::quorate)};
};
[[nodiscard]] WireView to_wire(const View& view);
[[nodiscard]] View from_wire(const WireView& view);

using holdfast::LockStanding;
using holdfast::name_of;
using holdfast::NodePhase;
template <>
inline constexpr NodePhase last_enumerator<NodePhase> = NodePhase::no_quorum;
template <>
inline constexpr LockStanding last_enumerator<LockStanding> = LockStanding::waiting;

struct ResourceReport {
  std::string key;  // model/name.hpp
  NodeId master;
  NodeId home;
  Mastership mastership;
  ValueState value_state = ValueState::never_written;
  std::uint64_t write_number = 0;
  std::string value;
  std::uint8_t recovering = 0;  // 1: being rebuilt, nothing is granted yet
  static constexpr std::tuple fields{
      field("key", &ResourceReport::key),       field("master", &ResourceReport::master),
      field("home", &ResourceReport::home),     field("mastership", &ResourceReport::mastership),
      field("value_state", &ResourceReport::value_state), field("write_number", &ResourceReport::write_number),
      field("value", &ResourceReport::value),   field("recovering", &ResourceReport::recovering)};
};

struct LockReport {
  NodeId node;     // of the holder or waiter
  ClaimId claim;   // its lock id there
  OwnerId owner;
  LockStanding standing = LockStanding::granted;
  Mode granted = Mode::NL;  // meaningless while waiting
  Mode wanted = Mode::NL;   // meaningful while converting or waiting
  FlagSet flags;
  Token token;
  Duration age{};  // since it was granted, or, while it waits, since it waits
  std::uint8_t orphan = 0;
  std::uint32_t tag = 0;  // of its program's choice
  ClaimId parent;         // at the same node; none: it is no sub-lock
  static constexpr std::tuple fields{
      field("node", &LockReport::node),         field("claim", &LockReport::claim),
      field("owner", &LockReport::owner),       field("standing", &LockReport::standing),
      field("granted", &LockReport::granted),   field("wanted", &LockReport::wanted),
      field("flags", &LockReport::flags),       field("token", &LockReport::token),
      field("age", &LockReport::age),           field("orphan", &LockReport::orphan),
      field("tag", &LockReport::tag),           field("parent", &LockReport::parent)};
};

struct OwnerReport {
  NodeId node;
  OwnerId owner;
  std::uint32_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::uint32_t uid = 0;
  std::string user;
  std::string command;
  std::string label;
  static constexpr std::tuple fields{
      field("node", &OwnerReport::node),   field("owner", &OwnerReport::owner),
      field("pid", &OwnerReport::pid),     field("start_ticks", &OwnerReport::start_ticks),
      field("uid", &OwnerReport::uid),     field("user", &OwnerReport::user),
      field("command", &OwnerReport::command), field("label", &OwnerReport::label)};
};

// One who waits in a deadlock, and for what.
struct DeadlockMember {
  OwnerReport owner;
  ClaimId claim;  // the lock that waits, at the owner's node
  std::uint64_t transaction = 0;
  std::uint32_t priority = 0;
  std::string key;  // what it waits for
  Mode wanted = Mode::NL;
  Mode blocked_by = Mode::NL;  // what the next member holds there, or, ahead in the queue, wants
  std::uint8_t ahead = 0;      // 1: it is only ahead in the queue
  static constexpr std::tuple fields{
      field("owner", &DeadlockMember::owner),           field("claim", &DeadlockMember::claim),
      field("transaction", &DeadlockMember::transaction), field("priority", &DeadlockMember::priority),
      field("key", &DeadlockMember::key),               field("wanted", &DeadlockMember::wanted),
      field("blocked_by", &DeadlockMember::blocked_by), field("ahead", &DeadlockMember::ahead)};
};

// A cycle of waits that was broken: each member waits for the next one, the last for the first. The victim stands
// first.
struct DeadlockReport {
  std::string policy;  // that chose the victim among those of the lowest priority
  std::uint32_t length = 0;  // members in all; those in the middle of a long cycle are not told
  std::vector<DeadlockMember> members;
  Duration age{};  // since it was broken
  static constexpr std::tuple fields{
      field("policy", &DeadlockReport::policy), field("length", &DeadlockReport::length),
      field("members", &DeadlockReport::members), field("age", &DeadlockReport::age)};
};

}  // namespace holdfast::wire
