// SPDX-License-Identifier: Apache-2.0
// How operations reach the master. The master of a place is learned once, from the answer to the first
// request, which goes through the home; everything else waits for that answer and then goes straight.
//
// A view change may have swallowed the question, the way there or the answer, so it is asked again in each
// epoch (with the same operation number: a master recognises it) and only the answer to the latest question
// opens the straight way. Otherwise a later operation could overtake an earlier one that still comes
// through the home.
#include "node/requester.hpp"

#include <algorithm>

namespace holdfast::node {

Pending& Requester::pending(Claim& claim, Which which) {
  switch (which) {
    case Which::main: return claim.main;
    case Which::cancel: return claim.cancel;
    case Which::unlock: return claim.unlock;
  }
  HF_ASSERT(false);
}

wire::OperationKind Requester::kind_of(const Claim& claim, Which which) {
  switch (which) {
    case Which::main:
      return claim.state == ClaimState::requesting ? wire::OperationKind::request : wire::OperationKind::convert;
    case Which::cancel: return wire::OperationKind::cancel;
    case Which::unlock: return wire::OperationKind::unlock;
  }
  HF_ASSERT(false);
}

// Sends what is deferred on a claim, if the way is known; otherwise sees to it that it becomes known.
void Requester::dispatch(ClaimId id) {
  for (const Which which : {Which::main, Which::cancel, Which::unlock}) {
    Claim* claim = claims_.find(id);  // an answer may have come back already and ended it
    if (claim == nullptr) return;
    if (pending(*claim, which).stage != Stage::deferred) continue;
    Place& place = places_[claim->place];
    if (place.state != PlaceState::known) {
      const bool nobody_asks = place.state == PlaceState::asking && !place.asker;
      if (place.state == PlaceState::unknown || nobody_asks) ask(place);
      return;
    }
    send(*claim, which, wire::Answer::wanted);
  }
}

void Requester::send(Claim& claim, Which which, wire::Answer answer) {
  const Place& place = places_[claim.place];
  HF_ASSERT(place.state == PlaceState::known);
  Pending& operation = pending(claim, which);
  operation.number = ++claim.sent;
  operation.stage = Stage::sent;
  const wire::OperationKind kind = kind_of(claim, which);
  const FlagSet flags = which == Which::unlock ? claim.end_flags : claim.flags;
  const bool carries_value = flags.has(Flag::valblk) && kind != wire::OperationKind::request;
  if (!core_.is_member(place.master, place.incarnation)) return;  // lost on the way: see report_losses
  post_.send(place.master,
             wire::Operation{.kind = kind, .answer = answer, .claim = claim.id, .number = operation.number,
                             .asked = {}, .mastership = place.mastership, .resource = place.resource,
                             .lock = claim.lock, .owner = claim.owner, .mode = claim.wanted, .flags = flags,
                             .reason = claim.cancel_reason, .key = {},
                             .value = carries_value ? claim.writes() : std::string_view()});
}

// Sends the first request of a claim through the home. Without a view there is no home, and without a lease
// nothing could be held: later then.
void Requester::ask(Place& place) {
  if (!core_.serves()) return;
  let_go_of_lost_way(place);
  if (place.claims.empty()) return;
  Claim* asker = claims_.find(place.asker);
  if (asker == nullptr) {
    for (Claim& claim : place.claims)
      if (asker == nullptr && claim.state == ClaimState::requesting) asker = &claim;
    if (asker == nullptr) return;
  }
  // One that is granted asks for the way only: what is deferred on it is another operation.
  const bool is_granted = asker->state == ClaimState::granted;
  if (!is_granted && asker->main.stage == Stage::deferred) {
    asker->main.stage = Stage::sent;
    asker->main.number = asker->sent = 1;
  }
  place.asker = asker->id;
  if (place.state != PlaceState::answered) place.state = PlaceState::asking;
  place.asked = core_.view.epoch;
  // The message to ourselves is read while the place may go away: nothing in it may point there.
  key_ = std::string_view(place.key);
  const wire::Operation operation{.kind = wire::OperationKind::request, .claim = asker->id, .number = 1,
                                  .asked = place.asked, .mastership = {}, .resource = {}, .lock = {},
                                  .owner = asker->owner, .mode = is_granted ? asker->mode : asker->wanted,
                                  .flags = asker->flags, .key = key_, .value = {}};
  post_.send(core_.home(place.slot), operation);
}

bool Requester::ask_again(std::uint32_t& next, Allowance& allowance) {
  for (; next < places_.indexes() && !allowance.is_spent(); ++next) {
    const PlaceId id = places_.id_at(next);
    allowance.spend(id ? Allowance::look : Allowance::look_at_nothing);
    if (!id) continue;
    Place& place = places_[id];
    const bool is_asking = place.state == PlaceState::asking || place.state == PlaceState::answered;
    const bool was_asked = is_asking && place.asked == core_.view.epoch && place.asker;
    if (was_asked || (!is_asking && place.state != PlaceState::unknown)) continue;
    allowance.spend(Allowance::lock);
    ask(place);
  }
  return next >= places_.indexes();
}

void Requester::learn(Place& place, NodeId master, Mastership mastership, ResourceId resource) {
  note_master(place, master, mastership, resource);
  place.next = {};
  place.state = PlaceState::known;
  place.asker = {};
}

void Requester::note_master(Place& place, NodeId master, Mastership mastership, ResourceId resource) {
  place.master = master;
  place.incarnation = core_.incarnation_of(master);
  place.mastership = mastership;
  place.resource = resource;
}

// The way is known now: everything that waited for it goes.
void Requester::flush(PlaceId id) {
  std::vector<ClaimId> waiting;
  for (const Claim& claim : places_[id].claims)
    if (claim.main.stage == Stage::deferred || claim.cancel.stage == Stage::deferred ||
        claim.unlock.stage == Stage::deferred)
      waiting.push_back(claim.id);
  for (const ClaimId claim : waiting) dispatch(claim);
}

void Requester::forget_if_unused(Place& place) {
  if (place.claims.empty()) idle_.leave(place, core_.now);
}

void Requester::erase(Claim& claim) {
  Place& place = places_[claim.place];
  if (!evictions_.empty()) settle_eviction(claim);
  if (claim.bond != Bond::session) sessions_.drop_facts(claim.owner);
  if (static_cast<SessionLink&>(claim).is_linked()) {
    auto& siblings = by_session_[claim.conn.value()];
    siblings.erase(siblings.iterator_to(claim));
    if (siblings.empty()) sessions_.allow_quiet_releases(claim.conn);
  }
  place.claims.erase(place.claims.iterator_to(claim));
  if (place.asker == claim.id) {
    place.asker = {};
    if (place.state == PlaceState::answered) place.state = PlaceState::known;  // nothing is left to be overtaken
  }
  if (claim.parent) leave_parent(claim.parent);
  if (claim.transaction != 0) leave_transaction(claim);
  claims_.erase(claim.id);
  stop_awaiting_news(place);
  forget_if_unused(place);
}

void Requester::leave_parent(ClaimId id) {
  Claim* parent = claims_.find(id);  // null: it has ended, with its session
  if (parent != nullptr && --parent->children == 0 && parent->goes_with_children) released_parents_.push_back(id);
}

// At the end of a turn: whoever erases a sub-lock is in the middle of something.
void Requester::end_released_parents() {
  while (!released_parents_.empty()) {
    const ClaimId id = released_parents_.back();
    released_parents_.pop_back();
    const Claim* parent = claims_.find(id);
    if (parent != nullptr && parent->unlock.stage == Stage::none) end_claim(id, parent->end_flags, {});
  }
}

void Requester::await(const Deadline& deadline) {
  deadlines_.push(deadline, [this](const Deadline& other) { return is_stale(other); });
}

bool Requester::is_stale(const Deadline& deadline) const {
  const Claim* claim = claims_.find(deadline.claim);
  return claim == nullptr || claim->main.stage == Stage::none || claim->asked_at != deadline.asked_at;
}

// The time of a wait is over: the request is taken back from the master, which knows who stands in the way. If that
// is not answered soon, or there is no master to ask while it is rebuilt, the program is told all the same. Only a
// request can be given up so: a conversion may have been granted, and its mode is the master's to say.
void Requester::expire(const Deadline& deadline) {
  const ClaimId id = deadline.claim;
  const Claim& claim = claims_[id];
  const bool can_be_given_up = claim.state == ClaimState::requesting && claim.main.stage == Stage::sent &&
                               claim.bond == Bond::session && claim.unlock.stage == Stage::none;
  const Errc reason =
      places_[claim.place].state == PlaceState::rebuilding ? Errc::recovering : Errc::timed_out;
  if (can_be_given_up && (deadline.due == Due::answer || reason == Errc::recovering)) {
    give_up(id, reason);
  } else if (deadline.due == Due::wait) {
    const Token asked_at = claim.asked_at;
    cancel_main(id, reason, {});
    if (claims_.find(id) != nullptr)
      await({.at = core_.now + expiry_answer_max, .claim = id, .asked_at = asked_at, .due = Due::answer});
  }
}

// The program is told at once, and the lock goes as soon as it can, whatever comes of the request.
void Requester::give_up(ClaimId id, Errc reason) {
  Claim& claim = claims_[id];
  if (reason == Errc::timed_out) core_.reached("a request is given up, since nobody answers");
  const bool nobody_to_ask = !places_[claim.place].has_master();
  sessions_.send(claim.conn, claim.owner,
                 wire::Refused{.request = std::exchange(claim.main.request, {}), .lock = id, .status = reason,
                               .detail = nobody_to_ask ? "no master of it has answered: it may be waited for a lost one's lease" : "",
                               .blockers = {}});
  if (const RequestId cancel = std::exchange(claim.cancel.request, {}))
    sessions_.send(claim.conn, claim.owner, wire::Done{.request = cancel, .status = Errc::ok, .detail = {}});
  auto& siblings = by_session_[claim.conn.value()];
  siblings.erase(siblings.iterator_to(claim));
  sessions_.keep_facts(claim.owner);
  claim.bond = Bond::ending;
  end_claim(id, {Flag::forceunlock}, {});
}

void Requester::sweep(Allowance& allowance) {
  evict_what_is_due();
  end_what_parts();
  end_released_parents();
  for (const PlaceId id : std::exchange(to_ask_, {}))
    if (Place* place = places_.find(id); place != nullptr && place->state == PlaceState::unknown) ask(*place);
  while (!allowance.is_spent()) {
    Place* const place = idle_.take_due(core_.now, core_.config.idle_keep);
    if (place == nullptr) break;
    allowance.spend(Allowance::lock);
    if (!place->claims.empty()) continue;
    by_name_.erase(seed_of(place->key), *place);
    places_.erase(place->id);
  }
  while (deadlines_.next() <= core_.now)
    if (const Deadline deadline = deadlines_.pop(); !is_stale(deadline)) expire(deadline);
}

Instant Requester::next() const {
  Instant parting = Instant::never();
  for (const auto& [owner, all] : parting_)
    for (const Parting& kept : all) parting = std::min(parting, kept.until);
  for (const auto& [id, eviction] : evictions_) parting = std::min(parting, eviction.at);
  return std::min({deadlines_.next(), parting, idle_.next(core_.config.idle_keep)});
}

}  // namespace holdfast::node
