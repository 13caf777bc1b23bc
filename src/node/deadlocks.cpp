// SPDX-License-Identifier: Apache-2.0
#include "node/deadlocks.hpp"

#include <algorithm>

namespace holdfast::node {

// Who stands behind locks of this node, and what they wait for.
void Deadlocks::on(NodeId from, const wire::PartiesAsk& ask) {
  wire::PartiesReply reply{.epoch = ask.epoch, .search = ask.search, .round = ask.round, .last = 1};
  const Requester::Tally tally = ask.tally != 0 ? Requester::Tally::wanted : Requester::Tally::unwanted;
  std::vector<Party> told;
  const auto add_waits = [&](const Party& party) {
    if (std::ranges::find(told, party) != told.end() || ask.tally != 0) return;
    told.push_back(party);
    for (wire::WaitRow& row : requester_.waits_of(party)) {
      if (reply.waits.size() < limits::search_rows_per_message_max) reply.waits.push_back(row);
    }
  };
  for (const ClaimId id : ask.claims) {
    const Claim* const claim = requester_.find(id);
    if (claim == nullptr || claim->bond != Bond::session) continue;
    const Party party = party_of(*claim);
    wire::PartyRow& row = reply.parties.emplace_back(requester_.describe(party, tally));
    row.claim = id;
    row.owner = party.owner;
    add_waits(party);
  }
  for (const std::uint64_t transaction : ask.transactions) {
    const Party party{.transaction = transaction, .owner = {}};
    if (requester_.parties().find(party) == nullptr) continue;
    reply.parties.push_back(requester_.describe(party, tally));
    add_waits(party);
  }
  post_.send(from, reply);
}

void Deadlocks::take_view() {
  open_.clear();
  ready_.clear();
  due_.clear();
  listed_.clear();
  reservations_.take_view();
  history_.take_view();
  requester_.parties().note_all();
}

// ---- when ---------------------------------------------------------------------------------------------------

void Deadlocks::sweep(Allowance& allowance) {
  for (wire::DeadlockReport& report : requester_.take_broken()) history_.add(std::move(report));
  history_.sweep();
  for (const Party& party : requester_.parties().take_news())
    if (core_.config.deadlocks.on) suspects_.note(party, core_.now);
  while (!allowance.is_spent()) {
    const std::optional<Party> party = suspects_.take_due(core_.now);
    if (!party) break;
    allowance.spend(Allowance::look);
    consider(*party);
  }
  go_on(allowance);
  while (!due_.empty() && open_.size() < limits::searches_max && !allowance.is_spent() && budget_.take(core_.now)) {
    const Party party = due_.front();
    due_.pop_front();
    begin(party);
    go_on(allowance);
  }
}

void Deadlocks::go_on(Allowance& allowance) {
  while (!ready_.empty() && !allowance.is_spent()) {
    const std::uint64_t number = ready_.front();
    ready_.pop_front();
    advance(number, allowance);
  }
}

Instant Deadlocks::next() const {
  const Instant search = due_.empty() || open_.size() >= limits::searches_max ? Instant::never()
                                                                               : std::max(core_.now, budget_.next());
  return std::min({ready_.empty() ? Instant::never() : core_.now, search, suspects_.next(), history_.next()});
}

// Of a transaction other nodes may know what this one does not.
void Deadlocks::consider(const Party& party) {
  const bool waits = requester_.waits_since(party, core_.now - core_.config.deadlocks.delay);
  const bool is_suspected = requester_.is_suspected(party);
  const bool has_more = party.transaction != 0 && core_.view.members.size() > 1;
  if (!may_search() || !(has_more ? waits || is_suspected : waits && is_suspected)) return suspects_.forget(party);
  const auto [at, is_new] = listed_.emplace(party, Since::nothing);
  if (is_new)
    due_.push_back(party);
  else
    at->second = Since::news;
}

void Deadlocks::begin(const Party& party) {
  listed_[party] = Since::nothing;
  const std::uint64_t number = ++last_search_;
  Search& its = *open_.emplace(number, std::make_unique<Search>(core_, post_, number, party)).first->second;
  its.begin(requester_.waits_of(party));
  if (its.is_ready() && std::ranges::find(ready_, number) == ready_.end()) ready_.push_back(number);
}

// ---- how ----------------------------------------------------------------------------------------------------

void Deadlocks::advance(std::uint64_t number, Allowance& allowance) {
  const auto at = open_.find(number);
  // While a question to others goes out an answer of our own can have come already.
  if (at == open_.end() || !at->second->is_ready()) return;
  const std::uint32_t before = at->second->rows();
  const Search::Outcome outcome = at->second->advance();
  allowance.spend(Allowance::lock * (1 + (at->second->rows() - before) / 8));
  if (outcome != Search::Outcome::open) return end(number, outcome);
  // What needed no answer from anybody, or has been answered by ourselves.
  if (at->second->is_ready() && std::ranges::find(ready_, number) == ready_.end()) ready_.push_back(number);
}

void Deadlocks::end(std::uint64_t number, Search::Outcome outcome) {
  const auto ended = open_.extract(number);
  Search& search = *ended.mapped();
  search.end();
  const Party party = search.party();
  const auto since = listed_.extract(party);
  const bool has_news = !since.empty() && since.mapped() == Since::news;
  // Where one cycle was there may be another.
  if (outcome != Search::Outcome::nothing)
    suspects_.note(party, core_.now);
  else if (has_news)
    consider(party);
  else
    suspects_.put_off(party, core_.now);
}

}  // namespace holdfast::node
