// SPDX-License-Identifier: Apache-2.0
// How a search asks. What it does with a cycle is in search_cycle.cpp.
#include "node/search.hpp"

#include <algorithm>

namespace holdfast::node {

using cluster::WaitId;

namespace {

WaitId id_of(const wire::WaitPlace& wait) { return {.node = wait.node, .claim = wait.claim, .number = wait.number}; }

cluster::WaitEdge to_edge(const wire::EdgeRow& row) {
  return {.node = row.node, .claim = row.claim, .number = row.number, .waiting = row.waiting, .token = row.token,
          .mode = row.mode, .ahead = row.ahead != 0};
}

template <class T>
std::vector<T> take_some(std::vector<T>& list) {
  const auto end = list.begin() + static_cast<std::ptrdiff_t>(
                                      std::min<std::size_t>(list.size(), limits::search_rows_per_message_max));
  std::vector<T> some(list.begin(), end);
  list.erase(list.begin(), end);
  return some;
}

}  // namespace

Search::Search(Core& core, Post& post, std::uint64_t number, const Party& party)
    : core_(core), post_(post), number_(number), party_(party),
      own_(party_at(core.self(), party.transaction, party.owner)) {}

cluster::PartyId Search::party_at(NodeId node, std::uint64_t transaction, OwnerId owner) const {
  if (transaction != 0) return {.transaction = transaction, .node = {}, .owner = {}};
  return {.transaction = 0, .node = node, .owner = owner};
}

void Search::begin(const std::vector<wire::WaitRow>& waits) {
  suspected_ = own_.transaction == 0;  // who begins knows that of owners
  for (const wire::WaitRow& row : waits) {
    graph_.add_wait(own_, id_of(row.place));
    learn_wait(id_of(row.place), {.master = row.master, .wait = row.place});
  }
  if (own_.transaction == 0) return;
  // First whether anybody can wait for it at all, and what it waits for elsewhere.
  learn_transaction(own_.transaction);
  const std::vector<WaitId> later = std::exchange(waits_to_ask_, {});
  (void)ask();
  waits_to_ask_.insert(waits_to_ask_.end(), later.begin(), later.end());
}

void Search::learn_wait(const WaitId& wait, const Place& place) {
  if (!places_.emplace(wait, place).second) return;
  waits_to_ask_.push_back(wait);
  ++rows_;
}

void Search::learn_transaction(std::uint64_t transaction) {
  if (transaction != 0 && transactions_.insert(transaction).second) transactions_to_ask_.push_back(transaction);
}

// Whoever is ahead in a queue waits at the same master.
void Search::learn_edge(const WaitId& wait, NodeId master, const wire::EdgeRow& row) {
  const cluster::WaitEdge edge = to_edge(row);
  graph_.add_edge(wait, edge);
  ++rows_;
  if (!graph_.knows(edge.lock()) && locks_.insert(edge.lock()).second) locks_to_ask_.push_back(edge.lock());
  if (!edge.ahead) return;
  wire::WaitPlace ahead = places_.at(wait).wait;
  ahead.node = row.node;
  ahead.claim = row.claim;
  ahead.number = row.waiting;
  ahead.lock = row.lock;
  learn_wait(id_of(ahead), {.master = master, .wait = ahead});
}

// ---- answers --------------------------------------------------------------------------------------------

void Search::on(NodeId from, const wire::WaitsReply& reply) {
  if (reply.round != round_ || !missing_.contains({from, Question::waits})) return;
  const std::vector<WaitId>& asked = asked_[from];
  if (stage_ == Stage::checking && !reply.gone.empty()) gone_ = true;
  for (const wire::EdgeRow& row : reply.edges) {
    if (row.of >= asked.size()) continue;
    if (stage_ == Stage::checking)
      confirmed_[asked[row.of]].push_back(to_edge(row));
    else
      learn_edge(asked[row.of], from, row);
  }
  if (reply.last != 0) missing_.erase({from, Question::waits});
}

void Search::on(NodeId from, const wire::PartiesReply& reply) {
  if (reply.round != round_ || !missing_.contains({from, Question::parties})) return;
  for (const wire::PartyRow& row : reply.parties) {
    const cluster::PartyId party = party_at(from, row.transaction, row.owner);
    if (row.claim) graph_.add_party({from, row.claim}, party);
    if (party == own_ && row.suspected != 0) suspected_ = true;
    if (stage_ == Stage::asking) learn_transaction(row.transaction);
    if (stage_ != Stage::checking || row.claim) continue;
    Count& count = counts_[row.transaction];
    if (row.born != 0) count.born = std::min(count.born, row.born);
    count.locks += row.locks;
    count.writes += row.writes;
  }
  for (const wire::WaitRow& row : reply.waits) {
    if (row.place.node != from || stage_ != Stage::asking) continue;
    graph_.add_wait(party_at(from, row.transaction, row.owner), id_of(row.place));
    learn_wait(id_of(row.place), {.master = row.master, .wait = row.place});
  }
  if (reply.last != 0) missing_.erase({from, Question::parties});
}

// ---- questions ------------------------------------------------------------------------------------------

Search::Outcome Search::advance() {
  HF_ASSERT(is_ready());
  if (gone_) return Outcome::vanished;
  switch (stage_) {
    case Stage::asking: return look();
    case Stage::reserving:
      if (reserved_ == order_.size())
        check();
      else
        reserve_next();
      return Outcome::open;
    case Stage::checking: return conclude();
  }
  HF_ASSERT(false);
}

Search::Outcome Search::look() {
  if (!suspected_) return Outcome::nothing;
  if (std::optional<cluster::Cycle> cycle = graph_.cycle_through(own_)) {
    cycle_ = std::move(*cycle);
    for (const cluster::CycleMember& member : cycle_) order_.push_back(member.wait);
    std::ranges::sort(order_);
    stage_ = Stage::reserving;
    reserve_next();
    return Outcome::open;
  }
  if (rows_ > limits::search_rows_max) {
    core_.reached("a deadlock search gives up, since it sees too much");
    return Outcome::nothing;
  }
  return ask() ? Outcome::open : Outcome::nothing;
}

// False if there is nothing (any more). What is too much for one message is asked in the next round.
bool Search::ask() {
  ++round_;
  std::map<NodeId, std::vector<ClaimId>> claims;
  for (const auto& [node, claim] : take_some(locks_to_ask_)) claims[node].push_back(claim);
  const std::vector<WaitId> waits = take_some(waits_to_ask_);
  const std::vector<std::uint64_t> transactions = take_some(transactions_to_ask_);
  if (claims.empty() && waits.empty() && transactions.empty()) return false;
  ask_parties(std::move(claims), transactions, 0);
  ask_waits(waits);
  return true;
}

// All that will be answered is known before the first question goes out: one to ourselves is answered at once.
void Search::ask_waits(const std::vector<WaitId>& waits) {
  asked_.clear();
  for (const WaitId& wait : waits)
    if (const NodeId master = places_.at(wait).master; core_.view.has(master)) {
      asked_[master].push_back(wait);
      missing_.emplace(master, Question::waits);
    }
  const std::map<NodeId, std::vector<WaitId>> asked = asked_;
  for (const auto& [master, its] : asked) {
    wire::WaitsAsk ask{.epoch = core_.view.epoch, .search = number_, .round = round_, .waits = {}};
    for (const WaitId& wait : its) ask.waits.push_back(places_.at(wait).wait);
    post_.send(master, ask);
  }
}

void Search::ask_parties(std::map<NodeId, std::vector<ClaimId>> claims, const std::vector<std::uint64_t>& transactions,
                         std::uint8_t tally) {
  if (!transactions.empty())
    for (const holdfast::Member& member : core_.view.members) claims.try_emplace(member.node);
  std::erase_if(claims, [&](const auto& of) { return !core_.view.has(of.first); });
  for (const auto& [node, its] : claims) missing_.emplace(node, Question::parties);
  for (const auto& [node, its] : claims)
    post_.send(node, wire::PartiesAsk{.epoch = core_.view.epoch, .search = number_, .round = round_, .claims = its,
                                      .transactions = transactions, .tally = tally});
}

}  // namespace holdfast::node
