// SPDX-License-Identifier: Apache-2.0
// What flight recorders tell: a program asks its node, which asks all nodes.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "base/instant.hpp"
#include "model/history.hpp"
#include "model/ids.hpp"
#include "model/mode.hpp"
#include "wire/client_message.hpp"
#include "wire/codec.hpp"
#include "wire/peer_message.hpp"

namespace holdfast::wire {

template <>
inline constexpr Happening last_enumerator<Happening> = Happening::dropped;

struct HistoryReport {
  Duration age{};  // at the node that remembers it, when it told it
  Happening what = Happening::mastered;
  Mode mode = Mode::NL;
  Errc status = Errc::ok;
  NodeId node;  // of the lock that this is about, or with which the resource was exchanged; none: neither
  ClaimId lock;
  OwnerId owner;
  std::uint8_t is_cut = 0;   // 1: `key` is only the start of it
  std::string_view key;      // model/name.hpp
  static constexpr std::tuple fields{
      field("age", &HistoryReport::age),       field("what", &HistoryReport::what),
      field("mode", &HistoryReport::mode),     field("status", &HistoryReport::status),
      field("node", &HistoryReport::node),     field("lock", &HistoryReport::lock),
      field("owner", &HistoryReport::owner),   field("is_cut", &HistoryReport::is_cut),
      field("key", &HistoryReport::key)};
};

// ---- between a program and its node -----------------------------------------------------------------------

// Answered by HistoryRows, those of each node oldest first, and one QueryEnd.
struct HistoryQuery {
  static constexpr auto type = ClientMessage::history_query;
  static constexpr std::string_view name = "HistoryQuery";
  RequestId request;
  std::string_view lockspace;
  std::string_view resource;     // exactly this name; empty: everything, of all lockspaces
  std::uint32_t events_max = 0;  // of each node, the latest; 0: all
  static constexpr std::tuple fields{
      field("request", &HistoryQuery::request), field("lockspace", &HistoryQuery::lockspace),
      field("resource", &HistoryQuery::resource), field("events_max", &HistoryQuery::events_max)};
};

struct HistoryRow {
  static constexpr auto type = ClientMessage::history_row;
  static constexpr std::string_view name = "HistoryRow";
  RequestId request;
  NodeId at;
  HistoryReport event;
  static constexpr std::tuple fields{field("request", &HistoryRow::request), field("at", &HistoryRow::at),
                                     field("event", &HistoryRow::event)};
};

// ---- between nodes --------------------------------------------------------------------------------------

struct HistoryAsk {
  static constexpr auto type = PeerMessage::history_ask;
  static constexpr std::string_view name = "HistoryAsk";
  std::uint64_t query = 0;  // of the asker's choice
  std::uint32_t events_max = 0;
  std::string_view key;  // empty: everything
  static constexpr std::tuple fields{field("query", &HistoryAsk::query), field("events_max", &HistoryAsk::events_max),
                                     field("key", &HistoryAsk::key)};
};

struct HistoryTold {
  static constexpr auto type = PeerMessage::history_told;
  static constexpr std::string_view name = "HistoryTold";
  std::uint64_t query = 0;
  HistoryReport event;
  static constexpr std::tuple fields{field("query", &HistoryTold::query), field("event", &HistoryTold::event)};
};

struct HistoryDone {
  static constexpr auto type = PeerMessage::history_done;
  static constexpr std::string_view name = "HistoryDone";
  std::uint64_t query = 0;
  static constexpr std::tuple fields{field("query", &HistoryDone::query)};
};

}  // namespace holdfast::wire
