// SPDX-License-Identifier: Apache-2.0
// What the deadlock search wants to know of the claims of this node, and what it does to them.
#include <algorithm>

#include "node/deadlock_text.hpp"
#include "node/requester.hpp"

namespace holdfast::node {

// It stands in a queue, as far as we know, and nothing is under way that ends that.
bool Requester::is_queued(const Claim& claim) {
  return claim.bond == Bond::session && claim.state != ClaimState::gone && claim.main.stage == Stage::sent &&
         claim.stamp != lock::no_stamp && claim.cancel.stage == Stage::none && claim.unlock.stage == Stage::none &&
         !claim.flags.has(Flag::nodlckwt);
}

// And its master is known: while it is rebuilt or moves nobody can be asked.
bool Requester::is_waiting(const Claim& claim) const {
  return is_queued(claim) && claim.lock && places_[claim.place].state == PlaceState::known;
}

const Claim* Requester::waiting(ClaimId id, std::uint32_t number) const {
  const Claim* const claim = claims_.find(id);
  return claim != nullptr && claim->main.number == number && is_waiting(*claim) ? claim : nullptr;
}

// Can somebody wait for its party because of this claim? Every cycle has a member of which this is so, and the last
// edge of a cycle comes with a wait of such a member or with the notice that makes it one: among the edges of one
// queue alone there is no cycle, so some edge leads to a lock that is held. If it is granted, its holder has been
// told; if it converts, or has gone to the head of its queue, it is here by itself.
bool Requester::is_in_the_way(const Claim& claim) {
  if (claim.flags.has(Flag::nodlckblk)) return false;
  if (claim.main.stage == Stage::none) return claim.state == ClaimState::granted && claim.noticed;
  return claim.state == ClaimState::granted || claim.flags.has(Flag::headque);
}

void Requester::note_wait(const Claim& claim) {
  if (claim.bond != Bond::session || claim.flags.has(Flag::nodlckwt)) return;
  const Party party = party_of(claim);
  Parties::Record& record = parties_.record(party);
  record.waits.add(claim.id, [&](ClaimId id) { return claims_.find(id) != nullptr && is_queued(claims_[id]); });
  if (is_in_the_way(claim))
    record.suspects.add(claim.id, [&](ClaimId id) { return claims_.find(id) != nullptr && is_in_the_way(claims_[id]); });
  parties_.note_news(party);
}

void Requester::note_notice(Claim& claim) {
  const Party party = party_of(claim);
  if (!std::exchange(claim.noticed, true))
    parties_.record(party).suspects.add(
        claim.id, [&](ClaimId id) { return claims_.find(id) != nullptr && is_in_the_way(claims_[id]); });
  parties_.note_news(party);
}

void Requester::join_transaction(const Claim& claim) {
  Parties::Record& record = parties_.record(party_of(claim));
  if (record.live++ == 0) record.born = core_.now;
  record.members.add(claim.id, [&](ClaimId id) {
    return claims_.find(id) != nullptr && claims_[id].transaction == claim.transaction;
  });
}

void Requester::leave_transaction(const Claim& claim) {
  const Party party = party_of(claim);
  if (--parties_.record(party).live == 0) parties_.forget(party);
}

std::vector<wire::WaitRow> Requester::waits_of(const Party& party) const {
  std::vector<wire::WaitRow> rows;
  const Parties::Record* const record = parties_.find(party);
  if (record == nullptr) return rows;
  // One that waited, was granted and converts now is listed twice.
  std::vector<ClaimId> listed = record->waits.all();
  std::ranges::sort(listed);
  listed.erase(std::unique(listed.begin(), listed.end()), listed.end());
  for (const ClaimId id : listed) {
    const Claim* const claim = claims_.find(id);
    if (claim == nullptr || !is_waiting(*claim) || party_of(*claim) != party) continue;
    if (rows.size() == limits::search_rows_per_message_max) break;
    const Place& place = places_[claim->place];
    rows.push_back({.transaction = party.transaction, .owner = claim->owner, .master = place.master,
                    .place = {.node = core_.self(), .claim = id, .number = claim->main.number,
                              .mastership = place.mastership, .resource = place.resource, .lock = claim->lock}});
  }
  return rows;
}

bool Requester::waits_since(const Party& party, Instant since) const {
  const Parties::Record* const record = parties_.find(party);
  return record != nullptr && std::ranges::any_of(record->waits.all(), [&](ClaimId id) {
    const Claim* const claim = claims_.find(id);
    return claim != nullptr && is_queued(*claim) && claim->since <= since;
  });
}

bool Requester::is_suspected(const Party& party) const {
  const Parties::Record* const record = parties_.find(party);
  return record != nullptr && std::ranges::any_of(record->suspects.all(), [&](ClaimId id) {
    const Claim* const claim = claims_.find(id);
    return claim != nullptr && is_in_the_way(*claim);
  });
}

wire::PartyRow Requester::describe(const Party& party, Tally tally) const {
  wire::PartyRow row{.claim = {}, .transaction = party.transaction, .owner = party.owner,
                     .suspected = static_cast<std::uint8_t>(is_suspected(party) ? 1 : 0)};
  const auto since_birth = [&](Instant born) {
    return core_.config.incarnation.value() + static_cast<std::uint64_t>((born - core_.started).count());
  };
  const auto count = [&](const Claim& claim) {
    if (claim.state != ClaimState::granted) return;
    ++row.locks;
    if (claim.mode == Mode::CW || claim.mode >= Mode::PW) ++row.writes;
  };
  const Parties::Record* const record = parties_.find(party);
  if (record == nullptr) return row;
  row.born = since_birth(party.transaction == 0 ? sessions_.born(party.owner) : record->born);
  if (tally == Tally::unwanted) return row;
  if (party.transaction != 0) {
    for (const ClaimId id : record->members.all())
      if (const Claim* const claim = claims_.find(id); claim != nullptr && party_of(*claim) == party) count(*claim);
    return row;
  }
  // By whichever of its waits, its session.
  for (const ClaimId id : record->waits.all()) {
    const Claim* const wait = claims_.find(id);
    if (wait == nullptr || wait->bond != Bond::session || wait->owner != party.owner) continue;
    for (const Claim& claim : by_session_[wait->conn.value()])
      if (claim.transaction == 0) count(claim);
    break;
  }
  return row;
}

wire::DeadlockMember Requester::describe_waiting(const Claim& claim) const {
  const Owner& owner = sessions_.facts(claim.owner);
  return {.owner = {.node = core_.self(), .owner = claim.owner, .pid = owner.pid, .start_ticks = owner.start_ticks,
                    .uid = owner.uid, .user = owner.user, .command = owner.command, .label = owner.label},
          .claim = claim.id, .transaction = claim.transaction, .priority = claim.deadlock_priority,
          .key = std::string(std::string_view(places_[claim.place].key)), .wanted = claim.wanted};
}

bool Requester::doom(ClaimId id, std::uint32_t number, wire::DeadlockReport report) {
  if (waiting(id, number) == nullptr) {
    core_.reached("the victim of a deadlock waits no more");
    return false;
  }
  doomed_.push_back({.claim = id, .number = number, .report = std::move(report)});
  cancel_main(id, Errc::deadlock, {});
  return true;
}

std::string Requester::take_doom(const Claim& claim, std::uint32_t number) {
  const auto found = std::ranges::find_if(
      doomed_, [&](const Doomed& doomed) { return doomed.claim == claim.id && doomed.number == number; });
  if (found == doomed_.end()) return {};
  broken_.push_back(std::move(found->report));
  doomed_.erase(found);
  return text_of(broken_.back());
}

// A wait that was granted before it could be taken back breaks nothing.
std::vector<wire::DeadlockReport> Requester::take_broken() {
  std::erase_if(doomed_, [&](const Doomed& doomed) {
    const Claim* const claim = claims_.find(doomed.claim);
    return claim == nullptr || claim->main.stage == Stage::none || claim->main.number != doomed.number;
  });
  return std::exchange(broken_, {});
}

}  // namespace holdfast::node
