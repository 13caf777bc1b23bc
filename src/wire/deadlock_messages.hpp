// SPDX-License-Identifier: Apache-2.0
// The deadlock search (docs/deadlocks.md): what the node that looks for a cycle says to the masters of the resources
// and to the nodes of those who wait. All of it belongs to one epoch. `search` is a number of the asking node,
// `round` counts its questions: an answer to an earlier one is none.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.hpp"
#include "model/ids.hpp"
#include "model/mode.hpp"
#include "model/token.hpp"
#include "wire/codec.hpp"
#include "wire/peer_message.hpp"
#include "wire/shared_parts.hpp"

namespace holdfast::wire {

// A lock that waits, as its master finds it.
struct WaitPlace {
  NodeId node;  // the waiter's
  ClaimId claim;
  std::uint32_t number = 0;  // of the request or conversion that waits
  Mastership mastership;
  ResourceId resource;
  LockId lock;
  static constexpr std::tuple fields{field("node", &WaitPlace::node),         field("claim", &WaitPlace::claim),
                                     field("number", &WaitPlace::number),     field("mastership", &WaitPlace::mastership),
                                     field("resource", &WaitPlace::resource), field("lock", &WaitPlace::lock)};
};

// For whom a wait waits. The same row twice means that it was so all the time between.
struct EdgeRow {
  std::uint32_t of = 0;  // the wait: index in what was asked
  NodeId node;           // the blocker's
  ClaimId claim;
  std::uint32_t number = 0;   // of its latest operation
  std::uint32_t waiting = 0;  // ahead: of the operation that waits
  LockId lock;
  Token token;
  Mode mode = Mode::NL;
  std::uint8_t ahead = 0;
  static constexpr std::tuple fields{field("of", &EdgeRow::of),           field("node", &EdgeRow::node),
                                     field("claim", &EdgeRow::claim),     field("number", &EdgeRow::number),
                                     field("waiting", &EdgeRow::waiting), field("lock", &EdgeRow::lock),
                                     field("token", &EdgeRow::token),     field("mode", &EdgeRow::mode),
                                     field("ahead", &EdgeRow::ahead)};
};

struct WaitsAsk {
  static constexpr auto type = PeerMessage::waits_ask;
  static constexpr std::string_view name = "WaitsAsk";
  Epoch epoch;
  std::uint64_t search = 0;
  std::uint32_t round = 0;
  std::vector<WaitPlace> waits;
  static constexpr std::tuple fields{field("epoch", &WaitsAsk::epoch), field("search", &WaitsAsk::search),
                                     field("round", &WaitsAsk::round), field("waits", &WaitsAsk::waits)};
};
struct WaitsReply {
  static constexpr auto type = PeerMessage::waits_reply;
  static constexpr std::string_view name = "WaitsReply";
  Epoch epoch;
  std::uint64_t search = 0;
  std::uint32_t round = 0;
  std::uint8_t last = 0;  // 1: nothing more comes of this question
  std::vector<std::uint32_t> gone;  // what does not wait there any more, or cannot be told about now
  std::vector<EdgeRow> edges;
  static constexpr std::tuple fields{field("epoch", &WaitsReply::epoch), field("search", &WaitsReply::search),
                                     field("round", &WaitsReply::round), field("last", &WaitsReply::last),
                                     field("gone", &WaitsReply::gone),   field("edges", &WaitsReply::edges)};
};

// Who stands behind these locks of yours, and what do they wait for? And what do these transactions?
struct PartiesAsk {
  static constexpr auto type = PeerMessage::parties_ask;
  static constexpr std::string_view name = "PartiesAsk";
  Epoch epoch;
  std::uint64_t search = 0;
  std::uint32_t round = 0;
  std::vector<ClaimId> claims;
  std::vector<std::uint64_t> transactions;
  std::uint8_t tally = 0;  // 1: their locks are to be counted
  static constexpr std::tuple fields{
      field("epoch", &PartiesAsk::epoch),   field("search", &PartiesAsk::search), field("round", &PartiesAsk::round),
      field("claims", &PartiesAsk::claims), field("transactions", &PartiesAsk::transactions),
      field("tally", &PartiesAsk::tally)};
};
struct PartyRow {
  ClaimId claim;  // that was asked about; none: the transaction was
  std::uint64_t transaction = 0;
  OwnerId owner;              // meaningless for a transaction
  std::uint8_t suspected = 0;  // 1: somebody may wait for it here while it waits
  std::uint64_t born = 0;
  std::uint64_t locks = 0;
  std::uint64_t writes = 0;
  static constexpr std::tuple fields{field("claim", &PartyRow::claim), field("transaction", &PartyRow::transaction),
                                     field("owner", &PartyRow::owner), field("suspected", &PartyRow::suspected),
                                     field("born", &PartyRow::born),   field("locks", &PartyRow::locks),
                                     field("writes", &PartyRow::writes)};
};
struct WaitRow {
  std::uint64_t transaction = 0;
  OwnerId owner;
  NodeId master;
  WaitPlace place;
  static constexpr std::tuple fields{field("transaction", &WaitRow::transaction), field("owner", &WaitRow::owner),
                                     field("master", &WaitRow::master), field("place", &WaitRow::place)};
};
struct PartiesReply {
  static constexpr auto type = PeerMessage::parties_reply;
  static constexpr std::string_view name = "PartiesReply";
  Epoch epoch;
  std::uint64_t search = 0;
  std::uint32_t round = 0;
  std::uint8_t last = 0;
  std::vector<PartyRow> parties;
  std::vector<WaitRow> waits;
  static constexpr std::tuple fields{field("epoch", &PartiesReply::epoch),     field("search", &PartiesReply::search),
                                     field("round", &PartiesReply::round),     field("last", &PartiesReply::last),
                                     field("parties", &PartiesReply::parties), field("waits", &PartiesReply::waits)};
};

// Until Unreserve or Doom nobody else's search decides about this wait.
struct Reserve {
  static constexpr auto type = PeerMessage::reserve;
  static constexpr std::string_view name = "Reserve";
  Epoch epoch;
  std::uint64_t search = 0;
  ClaimId claim;
  std::uint32_t number = 0;
  static constexpr std::tuple fields{field("epoch", &Reserve::epoch), field("search", &Reserve::search),
                                     field("claim", &Reserve::claim), field("number", &Reserve::number)};
};
struct Reserved {
  static constexpr auto type = PeerMessage::reserved;
  static constexpr std::string_view name = "Reserved";
  Epoch epoch;
  std::uint64_t search = 0;
  ClaimId claim;
  std::uint32_t number = 0;
  std::uint8_t gone = 0;  // 1: it waits no more, nothing is reserved
  PartyRow party;
  DeadlockMember member;
  static constexpr std::tuple fields{field("epoch", &Reserved::epoch),   field("search", &Reserved::search),
                                     field("claim", &Reserved::claim),   field("number", &Reserved::number),
                                     field("gone", &Reserved::gone),     field("party", &Reserved::party),
                                     field("member", &Reserved::member)};
};
struct Unreserve {
  static constexpr auto type = PeerMessage::unreserve;
  static constexpr std::string_view name = "Unreserve";
  Epoch epoch;
  std::uint64_t search = 0;
  ClaimId claim;
  std::uint32_t number = 0;
  static constexpr std::tuple fields{field("epoch", &Unreserve::epoch), field("search", &Unreserve::search),
                                     field("claim", &Unreserve::claim), field("number", &Unreserve::number)};
};
// This wait is taken back: its owner is the victim.
struct Doom {
  static constexpr auto type = PeerMessage::doom;
  static constexpr std::string_view name = "Doom";
  Epoch epoch;
  std::uint64_t search = 0;
  ClaimId claim;
  std::uint32_t number = 0;
  DeadlockReport report;
  static constexpr std::tuple fields{field("epoch", &Doom::epoch), field("search", &Doom::search),
                                     field("claim", &Doom::claim), field("number", &Doom::number),
                                     field("report", &Doom::report)};
};

// Which deadlocks do you remember?
struct DeadlocksAsk {
  static constexpr auto type = PeerMessage::deadlocks_ask;
  static constexpr std::string_view name = "DeadlocksAsk";
  std::uint64_t query = 0;
  static constexpr std::tuple fields{field("query", &DeadlocksAsk::query)};
};
struct DeadlocksReply {
  static constexpr auto type = PeerMessage::deadlocks_reply;
  static constexpr std::string_view name = "DeadlocksReply";
  std::uint64_t query = 0;
  std::uint8_t last = 0;  // 1: there are no more, and `report` is none
  DeadlockReport report;
  static constexpr std::tuple fields{field("query", &DeadlocksReply::query), field("last", &DeadlocksReply::last),
                                     field("report", &DeadlocksReply::report)};
};

}  // namespace holdfast::wire
