// SPDX-License-Identifier: Apache-2.0
#include "node/deadlock_history.hpp"

#include <algorithm>

#include "node/deadlock_text.hpp"

namespace holdfast::node {

void DeadlockHistory::add(wire::DeadlockReport report) {
  core_.trace({.kind = TraceKind::deadlock, .peer = {}, .a = report.length, .text = text_of(report)});
  entries_.push_front({.at = core_.now, .report = std::move(report)});
  if (entries_.size() > limits::deadlocks_kept_max) entries_.pop_back();
}

void DeadlockHistory::on(const Session& session, const wire::DeadlocksQuery& call) {
  const std::uint64_t number = ++last_query_;
  OpenQuery& query = open_[number];
  query.conn = session.conn;
  query.owner = session.owner;
  query.request = call.request;
  query.until = core_.now + limits::query_wait_max;
  for (const Member& member : core_.view.members) query.missing.push_back(member.node);
  if (query.missing.empty()) {
    query.is_complete = false;
    return finish(number);
  }
  post_.send_to_all(wire::DeadlocksAsk{.query = number});
}

void DeadlockHistory::on(NodeId from, const wire::DeadlocksAsk& ask) {
  for (const Entry& entry : entries_) {
    wire::DeadlockReport report = entry.report;
    report.age = core_.now - entry.at;
    post_.send(from, wire::DeadlocksReply{.query = ask.query, .last = 0, .report = std::move(report)});
  }
  post_.send(from, wire::DeadlocksReply{.query = ask.query, .last = 1, .report = {}});
}

void DeadlockHistory::on(NodeId from, const wire::DeadlocksReply& reply) {
  const auto query = open_.find(reply.query);
  if (query == open_.end()) return;
  if (reply.last == 0 && query->second.found.size() < std::size_t{limits::nodes_max} * limits::deadlocks_kept_max)
    query->second.found.push_back(reply.report);
  if (reply.last == 0) return;
  std::erase(query->second.missing, from);
  if (query->second.missing.empty()) finish(reply.query);
}

void DeadlockHistory::finish(std::uint64_t number) {
  OpenQuery query = std::move(open_.extract(number).mapped());
  std::ranges::stable_sort(query.found, {}, &wire::DeadlockReport::age);
  for (const wire::DeadlockReport& report : query.found)
    sessions_.send(query.conn, query.owner, wire::DeadlockRow{.request = query.request, .report = report});
  sessions_.send(query.conn, query.owner,
                 wire::QueryEnd{.request = query.request, .status = query.is_complete ? Errc::ok : Errc::recovering,
                                .next_after_key = {}});
}

void DeadlockHistory::take_view() {
  std::vector<std::uint64_t> answered;
  for (auto& [number, query] : open_) {
    if (std::erase_if(query.missing, [&](NodeId node) { return !core_.view.has(node); }) > 0) query.is_complete = false;
    if (query.missing.empty()) answered.push_back(number);
  }
  for (const std::uint64_t number : answered) finish(number);
}

void DeadlockHistory::sweep() {
  while (next() <= core_.now) {
    open_.begin()->second.is_complete = false;
    finish(open_.begin()->first);
  }
}

}  // namespace holdfast::node
