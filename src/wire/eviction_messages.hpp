// SPDX-License-Identifier: Apache-2.0
// How a lock of somebody else is ended by force (src/node/README.md, "Forced release"):
//
//   operator -> its daemon: Evict      its daemon -> the owner's node: EvictAsk
//   the owner's node -> the program: EvictionNotice, and when the grace time is over: LostEvent
//   the program -> its daemon: LostSeen      the owner's node, when the lock is gone: EvictAnswer
//   its daemon -> operator: Evicted, or Done with what was wrong
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/instant.hpp"
#include "model/eviction.hpp"
#include "model/ids.hpp"
#include "model/token.hpp"
#include "wire/client_message.hpp"
#include "wire/codec.hpp"
#include "wire/peer_message.hpp"
#include "wire/shared_parts.hpp"

namespace holdfast::wire {

template <>
inline constexpr EvictOutcome last_enumerator<EvictOutcome> = EvictOutcome::cancelled;

// Ends exactly this lock: the one of this id at this node, whose latest grant has this token; or, without a token,
// the request that waits there and was never granted. The caller is an operator, or the user whose lock it is.
struct Evict {
  static constexpr auto type = ClientMessage::evict;
  static constexpr std::string_view name = "Evict";
  RequestId request;
  NodeId node;
  Incarnation incarnation;  // of that node; none: whichever it is in
  ClaimId lock;
  Token token;
  Duration grace{};         // how long its program has been told before
  std::string_view reason;  // told to the program, and written down
  static constexpr std::tuple fields{field("request", &Evict::request), field("node", &Evict::node),
                                     field("incarnation", &Evict::incarnation), field("lock", &Evict::lock),
                                     field("token", &Evict::token), field("grace", &Evict::grace),
                                     field("reason", &Evict::reason)};
};

// The program has stopped using the lock that it was told it has lost. Nobody else gets it before, but after a lease.
struct LostSeen {
  static constexpr auto type = ClientMessage::lost_seen;
  static constexpr std::string_view name = "LostSeen";
  ClaimId lock;
  static constexpr std::tuple fields{field("lock", &LostSeen::lock)};
};

// The lock will be taken away. Whoever gives it up, or converts it, before, is left in peace.
struct EvictionNotice {
  static constexpr auto type = ClientMessage::eviction_notice;
  static constexpr std::string_view name = "EvictionNotice";
  ClaimId lock;
  Duration left{};  // until then
  OwnerReport by;
  std::string_view reason;
  static constexpr std::tuple fields{field("lock", &EvictionNotice::lock), field("left", &EvictionNotice::left),
                                     field("by", &EvictionNotice::by), field("reason", &EvictionNotice::reason)};
};

struct Evicted {
  static constexpr auto type = ClientMessage::evicted;
  static constexpr std::string_view name = "Evicted";
  RequestId request;
  EvictOutcome outcome = EvictOutcome::forced;
  static constexpr std::tuple fields{field("request", &Evicted::request), field("outcome", &Evicted::outcome)};
};

// ---- between nodes ------------------------------------------------------------------------------------

struct EvictAsk {
  static constexpr auto type = PeerMessage::evict_ask;
  static constexpr std::string_view name = "EvictAsk";
  std::uint64_t number = 0;  // of the asker's choice; comes back
  ClaimId claim;
  Token token;
  Duration grace{};
  OwnerReport by;
  std::uint8_t by_operator = 0;  // 1: an operator of the asker's node
  std::string reason;
  static constexpr std::tuple fields{field("number", &EvictAsk::number), field("claim", &EvictAsk::claim),
                                     field("token", &EvictAsk::token), field("grace", &EvictAsk::grace),
                                     field("by", &EvictAsk::by), field("by_operator", &EvictAsk::by_operator),
                                     field("reason", &EvictAsk::reason)};
};

struct EvictAnswer {
  static constexpr auto type = PeerMessage::evict_answer;
  static constexpr std::string_view name = "EvictAnswer";
  std::uint64_t number = 0;
  Errc status = Errc::ok;
  EvictOutcome outcome = EvictOutcome::forced;
  std::string_view detail;
  static constexpr std::tuple fields{field("number", &EvictAnswer::number), field("status", &EvictAnswer::status),
                                     field("outcome", &EvictAnswer::outcome),
                                     field("detail", &EvictAnswer::detail)};
};

}  // namespace holdfast::wire
