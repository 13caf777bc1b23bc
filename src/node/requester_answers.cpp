// SPDX-License-Identifier: Apache-2.0
// What masters and homes answer to the claims of this node.
#include "node/requester.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

namespace holdfast::node {

// The claim whose main operation this answers; null if it answers nothing that is open (it came twice, or
// from a master that is none any more). In both cases the way to the master may be learned from it.
// The answer to a question of an earlier epoch is none: whoever gives it has yet to be known as the master, and if it
// was lost before that, nobody would report what it had said. The latest question gets the same answer.
template <class Reply>
Claim* Requester::accept(NodeId from, const Reply& reply) {
  Claim* claim = claims_.find(reply.claim);
  if (claim == nullptr) return nullptr;
  Place& place = places_[claim->place];
  const bool is_asking = place.state == PlaceState::asking || place.state == PlaceState::answered;
  if (place.state == PlaceState::known && place.mastership != reply.mastership) return nullptr;
  const bool answers_question = is_asking && reply.asked == place.asked && place.asked == core_.view.epoch;
  if (place.state == PlaceState::asking && !answers_question && place.asker == claim->id) {
    core_.reached("the answer to a question of an earlier epoch");
    if (!std::is_same_v<Reply, wire::RefuseReply>) {
      claim->lock = reply.lock;
      note_master(place, from, reply.mastership, reply.resource);
    }
    return nullptr;
  }
  const bool is_next = place.state == PlaceState::moving && place.next_mastership == reply.mastership;
  // Behind its Moving the old master answers nothing, unless it has given the move up.
  const bool stays = place.state == PlaceState::moving && place.master == from && place.mastership == reply.mastership;
  if (stays) core_.reached("a move was given up before this node had a lock there");
  // The lost master had handed over, and what it is to say of that to us was of a lock that has ended here.
  const bool is_later = place.state == PlaceState::rebuilding && reply.mastership > place.mastership;
  if (is_later) core_.reached("a place that is rebuilt hears of a later master");
  if ((answers_question || is_next || stays || is_later) && reply.resource) learn(place, from, reply.mastership, reply.resource);
  if (!std::is_same_v<Reply, wire::RefuseReply>) stands_there(*claim, reply.number);
  if (claim->main.stage != Stage::sent || claim->main.number != reply.number) return nullptr;
  return claim;
}

// A master has this request, although a home that did not know of that had it asked for again.
void Requester::stands_there(Claim& claim, std::uint32_t number) {
  if (claim.state != ClaimState::requesting || claim.main.stage != Stage::deferred) return;
  core_.reached("a request stands where it was thought to be unknown");
  claim.main.stage = Stage::sent;
  claim.main.number = claim.sent = number;
}

void Requester::on(NodeId from, const wire::GrantReply& reply) {
  const bool is_confirmation = confirm_write(reply.claim, reply.number);
  if (claims_.find(reply.claim) == nullptr) {
    if (!is_confirmation) give_back(from, reply);
    return;
  }
  const bool was_known = places_[claims_[reply.claim].place].state == PlaceState::known;
  Claim* claim = accept(from, reply);
  const PlaceId place = claims_[reply.claim].place;
  if (claim != nullptr) {
    take_grant(*claim, reply);
    if (!evictions_.empty()) keep_from_eviction(*claim);
    const RequestId request = std::exchange(claim->main, {}).request;
    if (claim->bond == Bond::session)
      sessions_.send(claim->conn, claim->owner,
                     wire::Granted{.request = request, .lock = claim->id, .mode = reply.mode, .notes = reply.notes,
                                   .token = reply.token, .value_state = reply.value_state,
                                   .write_number = reply.write_number, .value = reply.value});
  }
  if (!was_known) flush(place);
}

void Requester::take_grant(Claim& claim, const wire::GrantReply& reply) {
  const Mode before = claim.state == ClaimState::granted ? claim.mode : Mode::NL;
  const bool writes = writes_now(claim, reply.mode);
  if (reply.notes.has(wire::GrantNote::value))
    claim.set_value(reply.value);
  else if (writes)
    claim.set_value(claim.writes());
  if (reply.notes.has(wire::GrantNote::value) || writes) {
    claim.copy = Copy::of_grant;
    claim.write_number = reply.write_number;
    claim.value_state = reply.value_state;
  } else if (claim.copy == Copy::of_grant && (before <= Mode::CR || reply.notes.has(wire::GrantNote::demoted))) {
    claim.copy = Copy::older;  // while it was held so weakly, or not at all, others could write
  }
  claim.newest_number = reply.write_number;
  claim.noticed = false;
  claim.state = ClaimState::granted;
  claim.mode = reply.mode;
  claim.since = core_.now;
  claim.token = reply.token;
  claim.lock = reply.lock;
  claim.stamp = lock::no_stamp;
}

// A grant for a claim that has ended: the request came twice, and the second time it was granted. Nobody was
// told, so it can be given back.
void Requester::give_back(NodeId from, const wire::GrantReply& reply) {
  core_.reached("a grant nobody waits for is given back");
  post_.send(from, wire::Operation{.kind = wire::OperationKind::unlock, .answer = wire::Answer::unwanted,
                                   .claim = reply.claim, .number = reply.number + 1, .asked = {},
                                   .mastership = reply.mastership, .resource = reply.resource, .lock = reply.lock,
                                   .owner = {}, .flags = {Flag::forceunlock}, .key = {}, .value = {}});
}

void Requester::on(NodeId from, const wire::QueueReply& reply) {
  if (claims_.find(reply.claim) == nullptr) {
    give_back(from, {.claim = reply.claim, .number = reply.number, .asked = {}, .mastership = reply.mastership,
                     .resource = reply.resource, .lock = reply.lock, .notes = {}, .token = {}, .value = {}});
    return;
  }
  const bool was_known = places_[claims_[reply.claim].place].state == PlaceState::known;
  Claim* claim = accept(from, reply);
  const PlaceId place = claims_[reply.claim].place;
  if (claim != nullptr) {
    const bool told = claim->stamp != lock::no_stamp;
    claim->stamp = reply.stamp;
    claim->lock = reply.lock;
    if (!told) note_wait(*claim);
    if (claim->bond == Bond::session && !told)
      sessions_.send(claim->conn, claim->owner,
                     wire::Waiting{.request = claim->main.request, .lock = claim->id, .blockers = reply.blockers});
  }
  if (!was_known) flush(place);
}

void Requester::on(NodeId from, const wire::RefuseReply& reply) {
  if (claims_.find(reply.claim) == nullptr) return;
  const PlaceId place = claims_[reply.claim].place;
  const bool was_known = places_[place].state == PlaceState::known;
  Claim* claim = accept(from, reply);
  end_question(places_[place], reply);
  if (claim != nullptr) {
    if (claim->state == ClaimState::requesting) claim->state = ClaimState::gone;
    const bool demoted = claim->state == ClaimState::granted && reply.demoted != 0;
    if (demoted && std::exchange(claim->mode, Mode::NL) != Mode::NL && claim->copy == Copy::of_grant)
      claim->copy = Copy::older;
    answer_refused(*claim, reply.status, reply.blockers, demoted);
    end_if_over(reply.claim);
  }
  if (places_.find(place) == nullptr) return;
  if (!was_known && places_[place].state == PlaceState::known) flush(place);
  if (places_[place].state == PlaceState::asking && !places_[place].asker) ask(places_[place]);
}

// The home refuses the latest question while it recovers: it is on its way no more. But an earlier one may have been
// granted, and its answer passed over.
void Requester::end_question(Place& place, const wire::RefuseReply& reply) {
  const bool is_homes = !reply.resource && reply.asked == place.asked;
  if (!is_homes || place.asker != reply.claim) return;
  const Claim& claim = claims_[reply.claim];
  if (place.state == PlaceState::answered) {
    place.state = PlaceState::known;
    place.asker = {};
  } else if (place.state == PlaceState::asking && claim.state == ClaimState::requesting && claim.lock) {
    core_.reached("a request is refused by the home and granted by a master");
    give_back(place.master, {.claim = claim.id, .number = 1, .asked = {}, .mastership = place.mastership,
                             .resource = place.resource, .lock = claim.lock, .notes = {}, .token = {}, .value = {}});
  }
}

void Requester::answer_refused(Claim& claim, Errc status, const std::vector<wire::BlockerRow>& blockers, bool demoted) {
  if (claim.main.stage == Stage::none) return;
  const std::uint32_t number = claim.main.number;
  const RequestId request = std::exchange(claim.main, {}).request;
  claim.stamp = lock::no_stamp;
  const std::string detail = status == Errc::deadlock && !doomed_.empty() ? take_doom(claim, number) : std::string();
  if (claim.bond == Bond::session && request)
    sessions_.send(claim.conn, claim.owner,
                   wire::Refused{.request = request, .lock = claim.id, .status = status, .detail = detail,
                                 .blockers = blockers, .demoted = static_cast<std::uint8_t>(demoted ? 1 : 0)});
}

void Requester::on(NodeId, const wire::DoneReply& reply) {
  (void)confirm_write(reply.claim, reply.number);
  Claim* claim = claims_.find(reply.claim);
  if (claim == nullptr) return;
  if (claim->unlock.stage == Stage::sent && claim->unlock.number == reply.number) {
    // A lock that had ended by itself meanwhile is unlocked, too.
    answer_refused(*claim, Errc::cancelled, {});
    claim->state = ClaimState::gone;
    claim->unlock.stage = Stage::deferred;
    end_if_over(reply.claim);
  } else if (claim->cancel.stage == Stage::sent && claim->cancel.number == reply.number) {
    const RequestId request = std::exchange(claim->cancel, {}).request;
    if (claim->bond == Bond::session && request)
      sessions_.send(claim->conn, claim->owner, wire::Done{.request = request, .status = Errc::ok, .detail = {}});
    end_if_over(reply.claim);
  }
}

// A claim that is gone goes when nothing is outstanding; an unlock that was not sent yet is then done, too.
void Requester::end_if_over(ClaimId id) {
  Claim* claim = claims_.find(id);
  if (claim == nullptr || claim->state != ClaimState::gone) return;
  if (claim->unlock.stage == Stage::sent || claim->cancel.stage == Stage::sent) return;
  const ClientConn conn = claim->conn;
  const OwnerId owner = claim->owner;
  const Bond bond = claim->bond;
  const RequestId cancel = claim->cancel.request;
  const RequestId unlock = claim->unlock.request;
  erase(*claim);
  if (bond != Bond::session) return;
  if (cancel) sessions_.send(conn, owner, wire::Done{.request = cancel, .status = Errc::ok, .detail = {}});
  if (unlock) sessions_.send(conn, owner, wire::Done{.request = unlock, .status = Errc::ok, .detail = {}});
}

// The program hears of it only if it still holds what the notice is about.
void Requester::on(const wire::Notice& notice) {
  Claim* claim = claims_.find(notice.claim);
  if (claim == nullptr || claim->bond != Bond::session || claim->state != ClaimState::granted) return;
  if (places_[claim->place].mastership != notice.mastership) return;
  note_notice(*claim);
  if (claim->notices == wire::Notices::unwanted || compatible(claim->mode, notice.wanted)) return;
  sessions_.send(claim->conn, claim->owner, wire::NoticeEvent{.lock = claim->id, .wanted = notice.wanted});
}

// Our knowledge was old: the resource has been given up there, or (from the home) had been before its master
// was lost. In that case nothing was held; who holds something hears from the living master.
bool Requester::is_under_way(const Claim& claim, std::uint32_t number) {
  return std::ranges::any_of(std::array{&claim.main, &claim.cancel, &claim.unlock}, [&](const Pending* operation) {
    return operation->stage == Stage::sent && operation->number == number;
  });
}

// What was sent behind it comes back, too, and perhaps later than somebody else has become master.
void Requester::take_back(Claim& claim, std::uint32_t number) {
  for (const Which which : {Which::main, Which::cancel, Which::unlock})
    if (Pending& operation = pending(claim, which); operation.stage == Stage::sent && operation.number >= number)
      operation.stage = Stage::deferred;
  claim.sent = std::min(claim.sent, number - 1);
}

void Requester::on(const wire::NotMaster& reply) {
  (void)confirm_write(reply.claim, reply.number);
  Claim* claim = claims_.find(reply.claim);
  if (claim == nullptr) return;
  Place& place = places_[claim->place];
  // A master that has it has said so: what a home says of an earlier one is late.
  const bool is_elsewhere = place.has_master() && place.mastership != reply.mastership && claim->main.number == reply.number;
  if (claim->lock && reply.mastership && (claim->state == ClaimState::requesting || is_elsewhere)) return;
  const auto is_held = [](const Claim& other) { return other.state == ClaimState::granted; };
  const bool will_hear = place.state == PlaceState::rebuilding || place.state == PlaceState::moving;
  // A master gives nothing up that somebody holds. What comes from the home in the other case is late: we have
  // heard from the living master already.
  const bool was_sent_there = (place.has_master() || will_hear) && place.mastership == reply.mastership;
  if ((will_hear || was_sent_there) && std::ranges::any_of(place.claims, is_held)) return;
  if (was_sent_there) {
    place.state = PlaceState::unknown;
    place.asker = {};
  }
  // The question itself comes back from a master that was to be none: it is asked again.
  if (!reply.mastership && place.state == PlaceState::asking && place.asker == claim->id) {
    place.state = PlaceState::unknown;
    place.asker = {};
  }
  if (is_under_way(*claim, reply.number)) take_back(*claim, reply.number);
  // What came too late for a lock that has ended has nothing to do any more.
  if (claim->state == ClaimState::gone)
    end_if_over(reply.claim);
  else
    dispatch(reply.claim);
}

// The home made us master; what was asked through it goes to ourselves now.
void Requester::on(const wire::MasterReply& reply) {
  if (reply.epoch != core_.view.epoch) return;
  const ResourceId resource = master_.become(reply.key, reply.mastership, reply.generation);
  Place* const known = by_name_.find(seed_of(reply.key), *split_key(reply.key));
  if (known == nullptr) return;
  Place& place = *known;
  if (Claim* asker = claims_.find(place.asker); asker != nullptr && asker->main.stage == Stage::sent) {
    asker->main.stage = Stage::deferred;
    asker->sent = 0;
  }
  learn(place, core_.self(), reply.mastership, resource);
  flush(place.id);
}

// ---- moves ----------------------------------------------------------------------------------------------

// Nothing more is sent to the old master. Whoever serves will say so for each lock that it knows.
void Requester::on(NodeId from, const wire::Moving& message) {
  Place* place = by_name_.find(seed_of(message.key), *split_key(message.key));
  if (place != nullptr && place->has_master() && place->master == from &&
      place->mastership == message.mastership && core_.view.has(message.to)) {
    place->next = message.to;
    place->next_incarnation = core_.incarnation_of(message.to);
    place->next_mastership = message.next;
    place->state = awaits_news(*place) ? PlaceState::moving : PlaceState::unknown;
    place->asker = {};
  }
  const std::string key(message.key);
  post_.send(from, wire::MovingReply{.epoch = message.epoch, .mastership = message.mastership, .key = key});
}

// Does the master know of any claim here?
bool Requester::awaits_news(const Place& place) {
  return std::ranges::any_of(place.claims, [](const Claim& claim) { return claim.sent > 0; });
}

// The last claim of which it knew has gone: nobody will say anything.
void Requester::stop_awaiting_news(Place& place) {
  if (place.state != PlaceState::moving || awaits_news(place)) return;
  place.state = PlaceState::unknown;
  core_.reached("nobody is left to hear of a move");
  if (!place.claims.empty()) to_ask_.push_back(place.id);
}

}  // namespace holdfast::node
