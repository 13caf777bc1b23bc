// SPDX-License-Identifier: Apache-2.0
// History: asks the flight recorders of all nodes, and tells what our own remembers. Rows are passed on as they
// come: whoever asked sorts them.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "node/core.hpp"
#include "node/flight.hpp"
#include "node/master.hpp"
#include "node/post.hpp"
#include "node/sessions.hpp"
#include "wire/history_messages.hpp"

namespace holdfast::node {

class History {
 public:
  History(Core& core, Post& post, Sessions& sessions, const Master& master, const Flight& flight)
      : core_(core), post_(post), sessions_(sessions), master_(master), flight_(flight) {}

  void on(const Session& session, const wire::HistoryQuery& call);
  void on(NodeId from, const wire::HistoryAsk& ask);
  void on(NodeId from, const wire::HistoryTold& told);
  void on(NodeId from, const wire::HistoryDone& done);

  // Puts into the log what is remembered here of this key, the latest events of it: something happened to it that an
  // operator will want to understand.
  void dump(std::string_view key);

  // Nodes that left the view will not answer any more.
  void take_view();
  // Ends what was waited for too long.
  void sweep();
  // When sweep() has something to do.
  [[nodiscard]] Instant next() const { return queries_.empty() ? Instant::never() : queries_.begin()->second.until; }

 private:
  struct Query {
    ClientConn conn;
    OwnerId owner;
    RequestId request;
    Instant until;
    std::vector<NodeId> missing;
    Errc status = Errc::ok;
  };
  // Of `key` (empty: of all), the latest `events_max` (0: all), oldest first.
  [[nodiscard]] std::vector<const FlightEvent*> remembered(std::string_view key, std::uint32_t events_max) const;
  [[nodiscard]] std::string_view key_of(const FlightEvent& event) const {
    return event.key_length > 0 ? event.key() : master_.key_of(event.resource);
  }
  void finish(std::uint64_t number);

  Core& core_;
  Post& post_;
  Sessions& sessions_;
  const Master& master_;
  const Flight& flight_;
  std::map<std::uint64_t, Query> queries_;  // oldest first
  std::uint64_t last_number_ = 0;
};

}  // namespace holdfast::node
