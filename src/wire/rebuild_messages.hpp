// SPDX-License-Identifier: Apache-2.0
// What nodes say to each other after a view change: one bulk exchange per view (docs/architecture.md, "The life of a
// node's death").
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "model/flags.hpp"
#include "model/ids.hpp"
#include "model/mode.hpp"
#include "model/token.hpp"
#include "model/value.hpp"
#include "wire/codec.hpp"
#include "wire/peer_message.hpp"
#include "wire/shared_parts.hpp"

namespace holdfast::wire {

// To the new home of a moved slot: I am master of this.
struct MasterClaim {
  static constexpr auto type = PeerMessage::master_claim;
  static constexpr std::string_view name = "MasterClaim";
  Epoch epoch;
  Mastership mastership;
  std::string_view key;
  static constexpr std::tuple fields{field("epoch", &MasterClaim::epoch),
                                     field("mastership", &MasterClaim::mastership),
                                     field("key", &MasterClaim::key)};
};

// To the home: the master of this resource is gone, and this is a lock of mine on it.
struct RebuildLock {
  static constexpr auto type = PeerMessage::rebuild_lock;
  static constexpr std::string_view name = "RebuildLock";
  Epoch epoch;
  Mastership mastership;  // the lost one
  ClaimId claim;
  OwnerId owner;
  std::uint32_t number = 0;  // the latest operation that this state includes
  LockStanding standing = LockStanding::granted;
  Mode granted = Mode::NL;
  Mode wanted = Mode::NL;
  FlagSet flags;
  Token token;
  std::int64_t stamp = 0;  // INT64_MAX: the lost master had not said
  Token asked_at;          // Lamport time of the pending request; orders what has no stamp
  std::string_view key;
  Duration age{};  // since it was granted, or waits
  static constexpr std::size_t required = 13;
  static constexpr std::tuple fields{
      field("epoch", &RebuildLock::epoch),       field("mastership", &RebuildLock::mastership),
      field("claim", &RebuildLock::claim),       field("owner", &RebuildLock::owner),
      field("number", &RebuildLock::number),     field("standing", &RebuildLock::standing),
      field("granted", &RebuildLock::granted),   field("wanted", &RebuildLock::wanted),
      field("flags", &RebuildLock::flags),       field("token", &RebuildLock::token),
      field("stamp", &RebuildLock::stamp),       field("asked_at", &RebuildLock::asked_at),
      field("key", &RebuildLock::key),           field("age", &RebuildLock::age)};
};

// How sure the sender is that nothing newer was written.
// Wire value: never renumber.
enum class Evidence : std::uint8_t {
  copy = 0,     // a copy from some grant; somebody may have written since
  current = 1,  // the copy of a grant above CR that is still held: nobody can have written since
};
template <>
inline constexpr Evidence last_enumerator<Evidence> = Evidence::current;

// What the sender of a value knows it from.
// Wire value: never renumber.
enum class Witness : std::uint8_t {
  holder = 0,  // a lock of its programs
  keeper = 1,  // the lost master: it is the second copy, nothing newer was answered under that mastership
  writer = 2,  // it wrote this itself, in an operation that the lost master may not have got
};
template <>
inline constexpr Witness last_enumerator<Witness> = Witness::writer;

struct RebuildValue {
  static constexpr auto type = PeerMessage::rebuild_value;
  static constexpr std::string_view name = "RebuildValue";
  Epoch epoch;
  Evidence evidence = Evidence::copy;
  ValueState state = ValueState::never_written;
  std::uint64_t write_number = 0;
  std::string_view key;
  std::string_view value;
  Mastership mastership;  // of keepers and writers: the lost one
  Witness witness = Witness::holder;
  static constexpr std::size_t required = 6;
  static constexpr std::tuple fields{field("epoch", &RebuildValue::epoch),
                                     field("evidence", &RebuildValue::evidence),
                                     field("state", &RebuildValue::state),
                                     field("write_number", &RebuildValue::write_number),
                                     field("key", &RebuildValue::key), field("value", &RebuildValue::value),
                                     field("mastership", &RebuildValue::mastership),
                                     field("witness", &RebuildValue::witness)};
};

// That was everything I have for you in this epoch.
struct RebuildDone {
  static constexpr auto type = PeerMessage::rebuild_done;
  static constexpr std::string_view name = "RebuildDone";
  Epoch epoch;
  std::uint64_t view_digest = 0;
  std::vector<LostLease> leases;
  // For so long the sender cannot know what an earlier life of it answered to whom: it lives for less than a
  // lease.
  Duration unknown{};
  static constexpr std::size_t required = 3;
  static constexpr std::tuple fields{field("epoch", &RebuildDone::epoch),
                                     field("view_digest", &RebuildDone::view_digest),
                                     field("leases", &RebuildDone::leases), field("unknown", &RebuildDone::unknown)};
};

// An operator or a hook has confirmed that this life of a node and its clients are dead.
struct Fenced {
  static constexpr auto type = PeerMessage::fenced;
  static constexpr std::string_view name = "Fenced";
  NodeId node;
  Incarnation incarnation;
  static constexpr std::tuple fields{field("node", &Fenced::node), field("incarnation", &Fenced::incarnation)};
};

// New master to a requester whose lock it rebuilt.
struct RebuildReply {
  static constexpr auto type = PeerMessage::rebuild_reply;
  static constexpr std::string_view name = "RebuildReply";
  ClaimId claim;
  std::uint32_t number = 0;
  Mastership mastership;
  ResourceId resource;
  LockId lock;
  std::int64_t stamp = 0;
  static constexpr std::tuple fields{field("claim", &RebuildReply::claim), field("number", &RebuildReply::number),
                                     field("mastership", &RebuildReply::mastership),
                                     field("resource", &RebuildReply::resource),
                                     field("lock", &RebuildReply::lock), field("stamp", &RebuildReply::stamp)};
};

}  // namespace holdfast::wire
