// SPDX-License-Identifier: Apache-2.0
// Requests and conversions of programs: what is checked at once, and what they begin. How locks end is in
// requester_endings.cpp, how an operation gets to the master in requester_send.cpp, what comes back in
// requester_answers.cpp.
#include "node/requester.hpp"

namespace holdfast::node {

// ---- lock -----------------------------------------------------------------------------------------------

void Requester::on(const Session& session, const wire::Lock& call) {
  // Nobody is refused for what others have given up.
  if (claims_.size() >= limits::locks_per_node_max) collect_releases();
  if (Result<void> fine = check_lock(session, call); !fine) {
    refuse(session, call, {}, fine.error());
    return;
  }
  const Result<Place*> found = place_for(session, call);
  if (!found) {
    refuse(session, call, {}, found.error());
    return;
  }
  Place& place = **found;
  if (call.flags.has(Flag::orphan)) {
    adopt(session, place, call);
    return;
  }
  if (call.flags.has(Flag::noqueue) && (place.state == PlaceState::rebuilding || !core_.serves())) {
    refuse(session, call, {}, Error{core_.serves() ? Errc::recovering : Errc::no_quorum});
    forget_if_unused(place);
    return;
  }
  if (place.claims.size() >= limits::waiters_per_resource_max) {
    collect_releases();
    // The parent may have been among them.
    if (const Result<void> fine = check_parent(session, call.parent); !fine) {
      refuse(session, call, {}, fine.error());
      forget_if_unused(place);
      return;
    }
  }
  if (place.claims.size() >= limits::waiters_per_resource_max) {
    refuse(session, call, {}, Error{Errc::too_many_waiters,
                                    "this node has " + std::to_string(limits::waiters_per_resource_max) +
                                        " locks on this resource already, which is the limit"});
    return;
  }
  Claim& claim = new_claim(place, session, call);
  if (call.flags.empty() && grant_at_once(claim, place, call.request)) return;
  begin_main(claim, call.request, call.wait_max);
}

Result<void> Requester::check_lock(const Session& session, const wire::Lock& call) const {
  if (session.lockspace(call.lockspace) == nullptr)
    return Error{Errc::no_such_lockspace, "this session has not opened a lockspace with handle " +
                                              std::to_string(call.lockspace.value())};
  if (call.resource.size() > limits::name_bytes_max) return check_name(call.resource);
  if (const Errc wrong = lock::check_request(call.mode, call.flags); wrong != Errc::ok) return Error{wrong};
  if (call.flags.has(Flag::persistent) && !sessions_.is_operator(session))
    return Error{Errc::not_permitted, "only the operator may take persistent locks"};
  if (claims_.size() >= limits::locks_per_node_max)
    return Error{Errc::too_many_locks, "this node holds " + std::to_string(limits::locks_per_node_max) +
                                           " locks already, which is the limit"};
  return {};
}

NameSeed Requester::seed_of(std::string_view key) const {
  return NameSeed::of(split_key(key)->lockspace, core_.config.hash_salt);
}

Result<Place*> Requester::place_for(const Session& session, const wire::Lock& call) {
  if (call.parent) return place_below(session, call.parent, call.resource);
  const OpenLockspace& lockspace = session.lockspaces[call.lockspace.value()];
  return &place_of(lockspace.seed, {.lockspace = lockspace.name, .name = call.resource});
}

// A parent must be held: it keeps the tree together.
Result<void> Requester::check_parent(const Session& session, ClaimId parent) {
  if (!parent) return {};
  const Claim* const above = owned(session, parent);
  if (above == nullptr) return why_not_owned(parent);
  // What is about to be taken away must not grow.
  if (above->state != ClaimState::granted || above->unlock.stage != Stage::none || above->goes_with_children ||
      evictions_.contains(parent))
    return Error{Errc::busy, "the lock that is to be the parent is not held yet, or no more"};
  return {};
}

// The resource of a sub-lock is known by its path.
Result<Place*> Requester::place_below(const Session& session, ClaimId parent, std::string_view name) {
  if (const Result<void> fine = check_parent(session, parent); !fine) return fine.error();
  const Claim* const above = owned(session, parent);
  const KeyParts parts = *split_key(places_[above->place].key);
  HF_TRY(const std::string path, path_below(parts, name));
  return &place_of(NameSeed::of(parts.lockspace, core_.config.hash_salt),
                   {.lockspace = parts.lockspace, .name = path, .form = NameForm::path});
}

Place& Requester::place_of(NameSeed seed, const KeyParts& parts) {
  if (Place* const known = by_name_.find(seed, parts)) return *known;
  const PlaceId id = places_.emplace();
  Place& place = places_[id];
  place.id = id;
  place.key = make_key(parts);
  place.slot = slot_of(place.key);
  by_name_.insert(seed, place);
  return place;
}

Claim& Requester::new_claim(Place& place, const Session& session, const wire::Lock& call) {
  idle_.use(place);
  const ClaimId id = claims_.emplace();
  Claim& claim = claims_[id];
  static_cast<ClaimFacts&>(claim) = {.id = id, .place = place.id, .conn = session.conn, .owner = session.owner,
                                     .notices = call.notices, .tag = call.tag, .transaction = call.transaction,
                                     .deadlock_priority = call.deadlock_priority, .wanted = call.mode, .flags = call.flags};
  place.claims.push_back(claim);
  if (claim.transaction != 0) join_transaction(claim);
  if (call.parent) set_parent(claim, call.parent);
  if (session.conn.value() >= by_session_.size()) by_session_.resize(session.conn.value() + 1);
  by_session_[session.conn.value()].push_back(claim);
  return claim;
}

void Requester::set_parent(Claim& claim, ClaimId parent) {
  if (claim.parent) leave_parent(claim.parent);
  claim.parent = parent;
  if (Claim* above = claims_.find(parent); above != nullptr) ++above->children;
}

void Requester::adopt(const Session& session, Place& place, const wire::Lock& call) {
  bool other_mode = false, others = false;
  for (Claim& claim : place.claims) {
    if (claim.bond != Bond::orphan) continue;
    other_mode = other_mode || claim.mode != call.mode;
    if (claim.mode != call.mode || claim.main.stage != Stage::none || claim.unlock.stage != Stage::none) continue;
    if (!sessions_.is_operator(session) && sessions_.facts(claim.owner).uid != sessions_.facts(session.owner).uid) {
      others = true;
      continue;
    }
    sessions_.drop_facts(claim.owner);
    claim.bond = Bond::session;
    claim.conn = session.conn;
    claim.owner = session.owner;
    claim.flags = call.flags;
    claim.flags.clear(Flag::orphan);
    claim.notices = call.notices;
    claim.tag = call.tag;
    set_parent(claim, call.parent);
    if (session.conn.value() >= by_session_.size()) by_session_.resize(session.conn.value() + 1);
    by_session_[session.conn.value()].push_back(claim);
    // As in the Linux DLM, adoption moves no value.
    sessions_.send(session.conn, session.owner,
                   wire::Granted{.request = call.request, .lock = claim.id, .mode = claim.mode, .notes = {},
                                 .token = claim.token, .value = {}});
    return;
  }
  forget_if_unused(place);
  if (others) {
    refuse(session, call, {}, Error{Errc::not_permitted, "only the operator adopts what other users left"});
    return;
  }
  refuse(session, call, {}, Error{other_mode ? Errc::orphan_in_other_mode : Errc::no_orphan});
}

// The clock orders what the master had not stamped yet when it was lost.
void Requester::begin_main(Claim& claim, RequestId request, Duration wait_max) {
  claim.main = {.stage = Stage::deferred, .number = 0, .request = request};
  claim.stamp = lock::no_stamp;
  claim.asked_at = core_.clock.tick();
  claim.since = core_.now;
  if (wait_max == wire::wait_by_default) wait_max = core_.policy_of_key(places_[claim.place].key).wait_max;
  if (wait_max >= Duration{0}) await({.at = core_.now + wait_max, .claim = claim.id, .asked_at = claim.asked_at});
  dispatch(claim.id);
}

// ---- convert --------------------------------------------------------------------------------------------

// The claim of an id that the session may use: live, and its own. Null for any other: see why_not_owned.
Claim* Requester::owned(const Session& session, ClaimId id) {
  Claim* claim = claims_.find(id);
  const bool usable = claim != nullptr && claim->state != ClaimState::gone && claim->bond == Bond::session &&
                      claim->owner == session.owner;
  return usable ? claim : nullptr;
}

Error Requester::why_not_owned(ClaimId id) const {
  const Claim* claim = claims_.find(id);
  if (claim == nullptr || claim->state == ClaimState::gone)
    return Error{Errc::no_such_lock, "there is no lock " + std::to_string(id.value()) + " (any more)"};
  if (claim->bond == Bond::parting)
    return Error{Errc::no_such_lock, "lock " + std::to_string(id.value()) + " was ended by force"};
  return Error{Errc::foreign_lock, "lock " + std::to_string(id.value()) + " belongs to another session"};
}

void Requester::on(const Session& session, const wire::Convert& call) {
  Claim* const mine = owned(session, call.lock);
  if (mine == nullptr) {
    refuse(session, call, call.lock, why_not_owned(call.lock));
    return;
  }
  Claim& claim = *mine;
  const Place& place = places_[claim.place];
  if (const Error wrong = check_convert(claim, place, call); wrong.code != Errc::ok) {
    refuse(session, call, call.lock, wrong);
    return;
  }
  claim.wanted = call.mode;
  claim.flags = call.flags;
  claim.set_writes(call.flags.has(Flag::valblk) ? call.value : std::string_view());
  const bool remote = place.state == PlaceState::known && place.master != core_.self();
  if (call.reply == wire::Reply::at_once && remote && is_down_conversion(claim.mode, call.mode))
    convert_at_once(claim, call);
  else
    begin_main(claim, call.request, call.wait_max);
}

Error Requester::check_convert(const Claim& claim, const Place& place, const wire::Convert& call) const {
  if (claim.state != ClaimState::granted || claim.main.stage != Stage::none || claim.unlock.stage != Stage::none ||
      claim.goes_with_children)
    return Error{Errc::busy};
  if (const Errc wrong = lock::check_conversion(claim.mode, call.mode, call.flags); wrong != Errc::ok)
    return Error{wrong, wrong == Errc::bad_conversion
                            ? "a conversion from " + std::string(name_of(claim.mode)) + " to " +
                                  std::string(name_of(call.mode)) + " cannot ask for quecvt: it does not rise"
                            : std::string()};
  const std::size_t allowed = call.flags.has(Flag::valblk) ? core_.policy_of_key(place.key).value_bytes_max : 0;
  if (call.flags.has(Flag::valblk) && call.value.size() > allowed)
    return value_too_long(call.value.size(), allowed);
  return Error{Errc::ok};
}

// It cannot fail and cannot wait, so the owner is told at once; it counts as held in the old mode until the
// master has applied it.
void Requester::convert_at_once(Claim& claim, const wire::Convert& call) {
  const ClaimId id = claim.id;
  claim.main = {.stage = Stage::deferred, .number = 0, .request = {}};
  const bool is_kept = value_move(claim.mode, claim.wanted) == ValueMove::write &&
                       remember_write(claim, claim.flags, claim.writes(), claim.sent + 1);
  send(claim, Which::main, is_kept ? wire::Answer::wanted : wire::Answer::unwanted);
  claims_[id].main.request = call.request;
  complete_main(claims_[id]);
}

// A conversion that asks for no more than is held is as good as done.
void Requester::complete_main(Claim& claim) {
  HF_ASSERT(claim.state == ClaimState::granted && excludes_at_least(claim.mode, claim.wanted));
  if (writes_now(claim, claim.wanted)) {
    claim.set_value(claim.writes());
    claim.copy = Copy::of_grant;
    claim.value_state = ValueState::valid;
    claim.write_number = ++claim.newest_number;
  }
  claim.mode = claim.wanted;
  claim.stamp = lock::no_stamp;
  claim.since = core_.now;
  const RequestId request = std::exchange(claim.main, {}).request;
  if (claim.bond == Bond::session && request)
    sessions_.send(claim.conn, claim.owner,
                   wire::Granted{.request = request, .lock = claim.id, .mode = claim.mode, .notes = {},
                                 .token = claim.token, .value = {}});
}

// Does the conversion under way write, if it ends in `mode`?
bool Requester::writes_now(const Claim& claim, Mode mode) {
  return claim.state == ClaimState::granted && claim.flags.has(Flag::valblk) && !claim.flags.has(Flag::ivvalblk) &&
         value_move(claim.mode, mode) == ValueMove::write;
}

// ---- answers that need no master ------------------------------------------------------------------------

template <class Call>
void Requester::refuse(const Session& session, const Call& call, ClaimId lock, const Error& error) {
  sessions_.send(session.conn, session.owner,
                 wire::Refused{.request = call.request, .lock = lock, .status = error.code, .detail = error.detail,
                               .blockers = {}});
}

Error Requester::value_too_long(std::size_t have, std::size_t allowed) {
  return Error{Errc::value_too_long, "the value has " + std::to_string(have) + " bytes, at most " +
                                         std::to_string(allowed) + " are allowed"};
}

void Requester::done(const Session& session, RequestId request, const Error& error) {
  sessions_.send(session.conn, session.owner,
                 wire::Done{.request = request, .status = error.code, .detail = error.detail});
}

void Requester::check() const {
  claims_.for_each([&](ClaimId id, const Claim& claim) {
    HF_ASSERT(claim.id == id && places_.find(claim.place) != nullptr);
    HF_ASSERT(claim.state != ClaimState::requesting || claim.main.stage != Stage::none);
  });
}

}  // namespace holdfast::node
