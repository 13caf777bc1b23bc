// SPDX-License-Identifier: Apache-2.0
// What a view change means for the claims whose master is gone: they are reported to the new home, and go on from what it
// answers.
#include "node/requester.hpp"

#include <algorithm>

#include "base/planted.hpp"

namespace holdfast::node {

bool Requester::is_lost(const Place& place) const {
  const bool master_lives = core_.is_member(place.master, place.incarnation);
  switch (place.state) {
    case PlaceState::answered:
    case PlaceState::known: return !master_lives;
    case PlaceState::moving:
      return !(master_lives && (planted(Bug::rebuild_half_told) || core_.is_member(place.next, place.next_incarnation)));
    case PlaceState::rebuilding: return true;
    case PlaceState::unknown:
    case PlaceState::asking: return false;
  }
  HF_ASSERT(false);
}

// What is sent there before a place is reported is lost, and becomes part of the report.
bool Requester::report_losses(std::uint32_t& next, Allowance& allowance) {
  for (; next < places_.indexes() && !allowance.is_spent(); ++next) {
    const PlaceId id = places_.id_at(next);
    allowance.spend(id ? Allowance::look : Allowance::look_at_nothing);
    if (!id) continue;
    Place& place = places_[id];
    if (place.state == PlaceState::asking || place.state == PlaceState::unknown) let_go_of_lost_way(place);
    if (!is_lost(place)) continue;
    allowance.spend(Allowance::lock * static_cast<std::uint32_t>(1 + place.claims.size()));
    finish_locally(place);
    report(place, core_.home(place.slot));
  }
  return next >= places_.indexes();
}

// Its master said to somebody that it was none any more, and is lost before it could say so to the others: they go
// with the next answer.
void Requester::let_go_of_lost_way(Place& place) {
  if (!has_lost_way(place)) return;
  finish_locally(place);
  for (Claim& claim : place.claims) {
    claim.lock = {};
    if (claim.id == place.asker || claim.main.stage != Stage::sent) continue;
    core_.reached("a master that was none any more is lost before it said so to all");
    claim.main.stage = Stage::deferred;
    claim.sent = std::min(claim.sent, claim.main.number - 1);
  }
}

// What a claim that may be over soon writes, or takes back, until the master has confirmed it: nobody else may know
// it. False if it does neither.
bool Requester::remember_write(const Claim& claim, FlagSet flags, std::string_view value, std::uint32_t number) {
  const Place& place = places_[claim.place];
  const bool doubts = flags.has(Flag::ivvalblk);
  if (!(doubts || flags.has(Flag::valblk)) || !writes_value(claim.mode) || place.master == core_.self()) return false;
  written_.push_back({.key = std::string(place.key), .value = doubts ? std::string() : std::string(value),
                      .state = doubts ? ValueState::doubtful : ValueState::valid,
                      .write_number = claim.newest_number + (doubts ? 0 : 1), .master = place.master,
                      .incarnation = place.incarnation, .mastership = place.mastership, .claim = claim.id,
                      .number = number});
  return true;
}

// True if it was one.
bool Requester::confirm_write(ClaimId claim, std::uint32_t number) {
  if (written_.empty()) return false;
  const auto is_it = [&](const Written& write) { return write.claim == claim && write.number == number; };
  const auto found = std::ranges::find_if(written_, is_it);
  if (found == written_.end()) return false;
  written_.erase(found);
  return true;
}

// As with a copy (Copies): whether a resource has been rebuilt since only its home would know.
void Requester::forget_writes(const ViewChange& change) {
  std::erase_if(written_, [&](const Written& write) {
    const Slot slot = slot_of(write.key);
    return write.reported &&
           (change.skipped || !core_.is_member(change.before.home(slot), change.before.incarnation(slot)));
  });
}

void Requester::report_writes() {
  for (Written& write : written_) {
    if (core_.is_member(write.master, write.incarnation)) continue;
    write.reported = true;
    core_.reached("a write on its way to a lost master is reported");
    // To ourselves it is handed over at once, and only noted.
    post_.send(core_.home(slot_of(write.key)),
               wire::RebuildValue{.epoch = core_.view.epoch, .evidence = wire::Evidence::copy, .state = write.state,
                                  .write_number = write.write_number, .key = write.key, .value = write.value,
                                  .mastership = write.mastership, .witness = wire::Witness::writer});
  }
}

// A home has heard it.
void Requester::on(const wire::ValueCopy& forget) {
  std::erase_if(written_, [&](const Written& write) {
    return write.reported && write.mastership <= forget.mastership && write.key == forget.key;
  });
}

// An unlock that was on its way to the lost master is done: nobody will hear of that lock again. So is a
// conversion that cannot fail; the lost master may have let somebody else in already. (A cancel is sent
// again when there is a master.)
void Requester::finish_locally(Place& place) {
  std::vector<ClaimId> ended;
  for (Claim& claim : place.claims) {
    if (claim.state == ClaimState::granted && claim.main.stage == Stage::sent &&
        excludes_at_least(claim.mode, claim.wanted)) {
      if (value_move(claim.mode, claim.wanted) == ValueMove::write)
        (void)remember_write(claim, claim.flags, claim.writes(), claim.main.number);
      complete_main(claim);
      claim.copy = claim.copy == Copy::none ? Copy::none : Copy::older;
    }
    if (claim.cancel.stage == Stage::sent) claim.cancel.stage = Stage::deferred;
    if (claim.unlock.stage == Stage::sent || claim.state == ClaimState::gone) ended.push_back(claim.id);
  }
  for (const ClaimId id : ended) {
    Claim& claim = claims_[id];
    if (claim.unlock.stage == Stage::sent && claim.state == ClaimState::granted)
      (void)remember_write(claim, claim.end_flags, claim.writes(), claim.unlock.number);
    answer_refused(claim, Errc::cancelled, {});
    claim.state = ClaimState::gone;
    claim.unlock.stage = Stage::deferred;
    end_if_over(id);
  }
}

void Requester::report(Place& place, NodeId home) {
  bool any = false;
  for (Claim& claim : place.claims) {
    if (claim.sent == 0) continue;
    any = true;
    claim.lock = {};
    const bool waits = claim.main.stage == Stage::sent;
    if (waits) claim.sent = claim.main.number;
    const wire::LockStanding standing = claim.state == ClaimState::requesting ? wire::LockStanding::waiting
                                        : waits                               ? wire::LockStanding::converting
                                                                              : wire::LockStanding::granted;
    post_.send(home, wire::RebuildLock{.epoch = core_.view.epoch, .mastership = place.mastership, .claim = claim.id,
                                       .owner = claim.owner, .number = claim.sent, .standing = standing,
                                       .granted = claim.mode, .wanted = claim.wanted, .flags = claim.flags,
                                       .token = claim.token, .stamp = claim.stamp, .asked_at = claim.asked_at,
                                       .key = place.key, .age = core_.now - claim.since});
  }
  report_value(place, home);
  place.state = any ? PlaceState::rebuilding : PlaceState::unknown;
  place.asker = {};
}

// The best copy of the value that our claims have. Under a grant above CR nobody else can write, so the
// copy of such a grant is surely the newest.
void Requester::report_value(const Place& place, NodeId home) {
  const auto is_current = [](const Claim& claim) {
    // The master may have taken away the mode of a conversion that agreed to it.
    const bool may_be_demoted = claim.main.stage == Stage::sent && claim.flags.has(Flag::convdeadlk);
    return claim.copy == Copy::of_grant && claim.mode > Mode::CR && !may_be_demoted;
  };
  const Claim* best = nullptr;
  for (const Claim& claim : place.claims) {
    if (claim.state != ClaimState::granted || claim.copy == Copy::none || claim.write_number == 0) continue;
    if (best == nullptr || (is_current(claim) && !is_current(*best)) ||
        (is_current(claim) == is_current(*best) && claim.write_number > best->write_number))
      best = &claim;
  }
  if (best == nullptr) return;
  post_.send(home, wire::RebuildValue{.epoch = core_.view.epoch,
                                      .evidence = is_current(*best) ? wire::Evidence::current : wire::Evidence::copy,
                                      .state = best->value_state, .write_number = best->write_number,
                                      .key = place.key, .value = best->value()});
}

void Requester::on(NodeId from, const wire::RebuildReply& reply) {
  Claim* claim = claims_.find(reply.claim);
  if (claim == nullptr) {  // it came back from a time before it was given up
    give_back(from, {.claim = reply.claim, .number = reply.number, .asked = {}, .mastership = reply.mastership,
                     .resource = reply.resource, .lock = reply.lock, .notes = {}, .token = {}, .value = {}});
    return;
  }
  Place& place = places_[claim->place];
  if (place.has_master() && place.mastership != reply.mastership) return;
  claim->lock = reply.lock;
  stands_there(*claim, reply.number);
  if (claim->main.stage == Stage::sent) {
    claim->stamp = reply.stamp;
    if (reply.stamp != lock::no_stamp) note_wait(*claim);
  }
  if (place.state == PlaceState::answered) return;
  if (place.state == PlaceState::asking && place.asker) {
    note_master(place, from, reply.mastership, reply.resource);
    place.state = PlaceState::answered;
    return;
  }
  learn(place, from, reply.mastership, reply.resource);
  flush(place.id);
}

}  // namespace holdfast::node
