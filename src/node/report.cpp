// SPDX-License-Identifier: Apache-2.0
#include "node/report.hpp"

#include <algorithm>

namespace holdfast::node {
namespace {

bool matches_key(const wire::QueryAsk& ask, std::string_view key) {
  const auto parts = split_key(key);
  return parts && key > ask.after_key && matches(ask.lockspace_pattern, parts->lockspace) &&
         matches(ask.name_pattern, *parts);
}

}  // namespace

std::vector<NodeId> Report::members() const {
  std::vector<NodeId> nodes;
  for (const Member& member : core_.view.members) nodes.push_back(member.node);
  return nodes;
}

// ---- asking ---------------------------------------------------------------------------------------------

void Report::on(const Session& session, const wire::Query& call) {
  const std::uint64_t number = ++last_number_;
  OpenQuery& query = queries_[number];
  query.asker = {.conn = session.conn, .owner = session.owner, .request = call.request};
  query.until = core_.now + limits::query_wait_max;
  query.missing = members();
  const std::uint32_t rows_max =
      call.rows_max == 0 ? limits::query_rows_max : std::min(call.rows_max, limits::query_rows_max);
  if (query.missing.empty()) {
    query.status = Errc::no_quorum;
    finish(number, query);
    return;
  }
  post_.send_to_all(wire::QueryAsk{.query = number, .lockspace_pattern = call.lockspace_pattern,
                                   .name_pattern = call.name_pattern, .after_key = call.after_key,
                                   .rows_max = rows_max});
}

void Report::on(const Session& session, const wire::Sync& call) {
  const std::uint64_t number = ++last_number_;
  OpenSync sync{.asker = {.conn = session.conn, .owner = session.owner, .request = call.request},
                .missing = members()};
  std::erase(sync.missing, core_.self());
  if (sync.missing.empty()) {
    sessions_.send(session.conn, session.owner, wire::Done{.request = call.request, .status = Errc::ok, .detail = {}});
    return;
  }
  const std::vector<NodeId> others = sync.missing;
  syncs_.emplace(number, std::move(sync));
  for (const NodeId node : others) post_.send(node, wire::Probe{.number = number});
}

// ---- answering ------------------------------------------------------------------------------------------

void Report::on(NodeId from, const wire::QueryAsk& ask) {
  requester_.collect_releases();
  tell_owners(from, ask);
  tell_resources(from, ask);
}

void Report::tell_resources(NodeId to, const wire::QueryAsk& ask) {
  std::string last;
  std::string cut;  // rows_max counts rows, but a resource is never told in part
  std::size_t rows = 0;
  for (const std::string& key : master_.keys([&](const std::string& k) { return matches_key(ask, k); })) {
    if (rows >= ask.rows_max) {
      cut = last;
      break;
    }
    last = key;
    post_.send(to, wire::QueryResource{.query = ask.query, .resource = master_.report(key)});
    const std::vector<wire::LockReport> locks = master_.report_locks(key);
    for (const wire::LockReport& lock : locks) post_.send(to, wire::QueryLock{.query = ask.query, .lock = lock});
    rows += 1 + locks.size();
  }
  post_.send(to, wire::QueryDone{.query = ask.query, .cut_behind_key = cut,
                                    .recovering = static_cast<std::uint8_t>(home_.is_settled() ? 0 : 1)});
}

void Report::tell_owners(NodeId to, const wire::QueryAsk& ask) {
  std::vector<wire::QueryOwner> rows;
  requester_.for_each_claim([&](const Claim& claim, std::string_view key) {
    if (!matches_key(ask, key)) return;
    const Owner& owner = sessions_.facts(claim.owner);
    rows.push_back({.query = ask.query, .claim = claim.id,
                    .orphan = static_cast<std::uint8_t>(claim.bond == Bond::orphan ? 1 : 0), .tag = claim.tag,
                    .parent = claim.parent,
                    .owner = {.node = core_.self(), .owner = claim.owner, .pid = owner.pid,
                              .start_ticks = owner.start_ticks, .uid = owner.uid, .user = owner.user,
                              .command = owner.command, .label = owner.label}});
  });
  for (const wire::QueryOwner& row : rows) post_.send(to, row);
}

void Report::on(NodeId from, const wire::Probe& probe) { post_.send(from, wire::ProbeReply{.number = probe.number}); }

// ---- putting together -----------------------------------------------------------------------------------

void Report::on(NodeId from, const wire::QueryResource& row) {
  const auto query = queries_.find(row.query);
  if (query == queries_.end()) return;
  query->second.last_key[from] = row.resource.key;
  query->second.found[row.resource.key] = {.resource = row.resource, .locks = {}};
}

void Report::on(NodeId from, const wire::QueryLock& row) {
  const auto query = queries_.find(row.query);
  if (query == queries_.end()) return;
  if (const auto found = query->second.found.find(query->second.last_key[from]); found != query->second.found.end())
    found->second.locks.push_back(row.lock);
}

void Report::on(NodeId from, const wire::QueryOwner& row) {
  const auto query = queries_.find(row.query);
  if (query != queries_.end())
    query->second.owners[{from, row.claim}] = {.owner = row.owner, .orphan = row.orphan, .tag = row.tag, .parent = row.parent};
}

void Report::on(NodeId from, const wire::QueryDone& done) {
  const auto query = queries_.find(done.query);
  if (query == queries_.end()) return;
  OpenQuery& open = query->second;
  std::erase(open.missing, from);
  if (done.recovering != 0) open.status = Errc::recovering;
  if (!done.cut_behind_key.empty() && (open.cut_behind_key.empty() || done.cut_behind_key < open.cut_behind_key))
    open.cut_behind_key = done.cut_behind_key;
  if (open.missing.empty()) finish(done.query, open);
}

void Report::finish(std::uint64_t number, OpenQuery& query) {
  const Asker asker = query.asker;
  for (auto& [key, found] : query.found) {
    if (!query.cut_behind_key.empty() && key > query.cut_behind_key) break;
    sessions_.send(asker.conn, asker.owner, wire::ResourceRow{.request = asker.request, .resource = found.resource});
    for (wire::LockReport& lock : found.locks) {
      wire::OwnerReport owner{.node = lock.node, .owner = lock.owner, .user = {}, .command = {}, .label = {}};
      if (const auto known = query.owners.find({lock.node, lock.claim}); known != query.owners.end()) {
        owner = known->second.owner;
        lock.orphan = known->second.orphan;
        lock.tag = known->second.tag;
        lock.parent = known->second.parent;
      }
      sessions_.send(asker.conn, asker.owner, wire::LockRow{.request = asker.request, .lock = lock, .owner = owner});
    }
  }
  sessions_.send(asker.conn, asker.owner, wire::QueryEnd{.request = asker.request, .status = query.status,
                                                         .next_after_key = query.cut_behind_key});
  queries_.erase(number);
}

void Report::on(NodeId from, const wire::ProbeReply& reply) {
  const auto sync = syncs_.find(reply.number);
  if (sync == syncs_.end()) return;
  std::erase(sync->second.missing, from);
  if (!sync->second.missing.empty()) return;
  const Asker asker = sync->second.asker;
  syncs_.erase(sync);
  sessions_.send(asker.conn, asker.owner, wire::Done{.request = asker.request, .status = Errc::ok, .detail = {}});
}

void Report::sweep() {
  while (next() <= core_.now) {
    OpenQuery& silent = queries_.begin()->second;
    silent.status = Errc::recovering;
    finish(queries_.begin()->first, silent);
  }
}

void Report::take_view() {
  const auto is_gone = [&](NodeId node) { return !core_.view.has(node); };
  for (auto& [number, query] : queries_)
    if (std::erase_if(query.missing, is_gone) > 0) query.status = Errc::recovering;
  while (true) {
    const auto over = std::ranges::find_if(queries_, [](const auto& q) { return q.second.missing.empty(); });
    if (over == queries_.end()) break;
    finish(over->first, over->second);
  }
  std::vector<std::uint64_t> answered;
  for (auto& [number, sync] : syncs_) {
    std::erase_if(sync.missing, is_gone);
    if (sync.missing.empty()) answered.push_back(number);
  }
  for (const std::uint64_t number : answered) on(core_.self(), wire::ProbeReply{.number = number});
}

}  // namespace holdfast::node
