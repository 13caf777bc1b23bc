// SPDX-License-Identifier: Apache-2.0
#include "node/history.hpp"

#include <algorithm>

#include "model/name.hpp"

namespace holdfast::node {
namespace {

std::string line_of(const FlightEvent& event, std::string_view key, Instant now) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - event.at).count();
  const auto parts = split_key(key);
  std::string line = (parts ? escaped(parts->name) : escaped(key)) + " " + std::to_string(ms) + " ms ago: " +
                     std::string(name_of(event.what));
  if (event.what == Happening::granted || event.what == Happening::told) line += " " + std::string(name_of(event.mode));
  if (event.status != Errc::ok) line += " (" + std::string(name_of(event.status)) + ")";
  if (event.node)
    line += ", lock " + std::to_string(event.lock.value()) + " of node " + std::to_string(event.node.value());
  return line;
}

}  // namespace

void History::on(const Session& session, const wire::HistoryQuery& call) {
  const std::uint64_t number = ++last_number_;
  Query& query = queries_[number];
  query = {.conn = session.conn, .owner = session.owner, .request = call.request,
           .until = core_.now + limits::query_wait_max, .missing = {}, .status = Errc::ok};
  for (const Member& member : core_.view.members) query.missing.push_back(member.node);
  if (query.missing.empty()) {
    query.status = Errc::no_quorum;
    return finish(number);
  }
  const std::string key =
      call.resource.empty() ? "" : make_key({.lockspace = call.lockspace, .name = call.resource, .form = NameForm::plain});
  post_.send_to_all(wire::HistoryAsk{.query = number, .events_max = call.events_max, .key = key});
}

std::vector<const FlightEvent*> History::remembered(std::string_view key, std::uint32_t events_max) const {
  const std::uint64_t hash = hash_bytes(key);
  std::vector<const FlightEvent*> events;
  flight_.for_each([&](const FlightEvent& event) {
    if (key.empty() || event.key_hash == hash) events.push_back(&event);
  });
  if (events_max != 0 && events.size() > events_max)
    events.erase(events.begin(), events.end() - static_cast<std::ptrdiff_t>(events_max));
  return events;
}

void History::on(NodeId from, const wire::HistoryAsk& ask) {
  for (const FlightEvent* event : remembered(ask.key, ask.events_max))
    post_.send(from, wire::HistoryTold{.query = ask.query,
                                       .event = {.age = core_.now - event->at, .what = event->what, .mode = event->mode,
                                                 .status = event->status, .node = event->node, .lock = event->lock,
                                                 .owner = event->owner,
                                                 .is_cut = static_cast<std::uint8_t>(event->is_cut() ? 1 : 0),
                                                 .key = ask.key.empty() ? key_of(*event) : ask.key}});
  post_.send(from, wire::HistoryDone{.query = ask.query});
}

void History::on(NodeId from, const wire::HistoryTold& told) {
  const auto query = queries_.find(told.query);
  if (query == queries_.end()) return;
  sessions_.send(query->second.conn, query->second.owner,
                 wire::HistoryRow{.request = query->second.request, .at = from, .event = told.event});
}

void History::on(NodeId from, const wire::HistoryDone& done) {
  const auto query = queries_.find(done.query);
  if (query == queries_.end()) return;
  std::erase(query->second.missing, from);
  if (query->second.missing.empty()) finish(done.query);
}

void History::dump(std::string_view key) {
  constexpr std::uint32_t events_max = 32;
  for (const FlightEvent* event : remembered(key, events_max))
    core_.trace({.kind = TraceKind::flight, .peer = {}, .text = line_of(*event, key, core_.now)});
}

void History::finish(std::uint64_t number) {
  const Query query = queries_.extract(number).mapped();
  sessions_.send(query.conn, query.owner,
                 wire::QueryEnd{.request = query.request, .status = query.status, .next_after_key = {}});
}

void History::sweep() {
  while (next() <= core_.now) {
    queries_.begin()->second.status = Errc::recovering;
    finish(queries_.begin()->first);
  }
}

void History::take_view() {
  std::vector<std::uint64_t> answered;
  for (auto& [number, query] : queries_) {
    if (std::erase_if(query.missing, [&](NodeId node) { return !core_.view.has(node); }) > 0)
      query.status = Errc::recovering;
    if (query.missing.empty()) answered.push_back(number);
  }
  for (const std::uint64_t number : answered) finish(number);
}

}  // namespace holdfast::node
