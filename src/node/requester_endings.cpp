// SPDX-License-Identifier: Apache-2.0
// How locks end: unlocks and releases, cancels, purges of orphans, and the end of a session.
#include <algorithm>

#include "node/requester.hpp"

namespace holdfast::node {

void Requester::on(const Session& session, const wire::Unlock& call) {
  Claim* const mine = owned(session, call.lock);
  if (mine == nullptr) {
    done(session, call.request, why_not_owned(call.lock));
    (void)gives_up_taken(session, call.lock);
    return;
  }
  Claim& claim = *mine;
  if (end_at_once(claim, call.flags)) {
    done(session, call.request, Error{Errc::ok});
    return;
  }
  const std::size_t allowed =
      call.flags.has(Flag::valblk) ? core_.policy_of_key(places_[claim.place].key).value_bytes_max : 0;
  const bool in_flight = claim.main.stage == Stage::sent && claim.stamp == lock::no_stamp;
  Error wrong{lock::check_ending(call.flags)};
  if (call.flags.has(Flag::valblk) && call.value.size() > allowed)
    wrong = value_too_long(call.value.size(), allowed);
  else if (claim.children > 0)
    wrong = Error{Errc::has_children, "the lock still has " + std::to_string(claim.children) + " sub-locks"};
  else if (claim.unlock.stage != Stage::none || (in_flight && !call.flags.has(Flag::forceunlock)))
    wrong = Error{Errc::busy};
  if (wrong.code != Errc::ok) {
    done(session, call.request, wrong);
    return;
  }
  if (call.flags.has(Flag::valblk)) claim.set_writes(call.value);
  end_claim(claim.id, call.flags, call.request);
}

// The fast way out: nothing is under way and the master is known, so the claim is over when this is sent.
void Requester::on(const Session& session, const wire::Release& call) {
  Claim* const mine = owned(session, call.lock);
  if (mine == nullptr && gives_up_taken(session, call.lock)) return;
  if (mine == nullptr || end_at_once(*mine, call.flags)) return;
  if (lock::check_ending(call.flags) != Errc::ok) return;
  Claim& claim = *mine;
  FlagSet flags = call.flags;
  // Nobody can be told that the value is too long: what was not written is doubtful, never silently old.
  if (flags.has(Flag::valblk) && call.value.size() > core_.policy_of_key(places_[claim.place].key).value_bytes_max)
    flags.clear(Flag::valblk).set(Flag::ivvalblk);
  const std::string_view value = flags.has(Flag::valblk) ? call.value : std::string_view();
  if (claim.children > 0) {
    if (std::exchange(claim.goes_with_children, true)) return;
    // What a conversion under way writes has its place there.
    if (flags.has(Flag::valblk) && claim.main.stage != Stage::none) flags.clear(Flag::valblk).set(Flag::ivvalblk);
    if (flags.has(Flag::valblk)) claim.set_writes(value);
    claim.end_flags = flags.set(Flag::forceunlock);
    return;
  }
  const Place& place = places_[claim.place];
  if (!claim.is_idle() || place.state != PlaceState::known) {
    if (claim.unlock.stage != Stage::none) return;
    if (flags.has(Flag::valblk)) claim.set_writes(value);
    end_claim(claim.id, flags.set(Flag::forceunlock), {});
    return;
  }
  const NodeId master = place.master;
  // Nobody waits for the answer, but what was written is kept until it comes.
  const bool is_kept = remember_write(claim, flags, value, claim.sent + 1);
  const wire::Operation operation{.kind = wire::OperationKind::unlock,
                                  .answer = is_kept ? wire::Answer::wanted : wire::Answer::unwanted,
                                  .claim = claim.id, .number = claim.sent + 1, .asked = {},
                                  .mastership = place.mastership, .resource = place.resource, .lock = claim.lock,
                                  .owner = claim.owner, .mode = Mode::NL, .flags = flags, .key = {},
                                  .value = value};
  erase(claim);
  post_.send(master, operation);
}

void Requester::end_claim(ClaimId id, FlagSet flags, RequestId request) {
  Claim& claim = claims_[id];
  HF_ASSERT(claim.unlock.stage == Stage::none);
  claim.end_flags = flags;
  claim.unlock = {.stage = Stage::deferred, .number = 0, .request = request};
  if (claim.sent == 0) {  // the master has never heard of it
    claim.state = ClaimState::gone;
    answer_refused(claim, Errc::cancelled, {});
    end_if_over(id);
    return;
  }
  dispatch(id);
}

void Requester::on(const Session& session, const wire::Cancel& call) {
  ClaimId id = call.lock;
  if (!id && session.conn.value() < by_session_.size())
    for (const Claim& claim : by_session_[session.conn.value()])
      if (claim.main.stage != Stage::none && claim.main.request == call.target) id = claim.id;
  if (!id && !call.lock) {  // it was answered already: nothing to cancel
    done(session, call.request, Error{Errc::ok});
    return;
  }
  if (owned(session, id) == nullptr) {
    done(session, call.request, why_not_owned(id));
    return;
  }
  cancel_main(id, Errc::cancelled, call.request);
}

void Requester::cancel_main(ClaimId id, Errc reason, RequestId request) {
  Claim& claim = claims_[id];
  const ClientConn conn = claim.conn;
  const OwnerId owner = claim.owner;
  const auto answer = [&] {
    if (request) sessions_.send(conn, owner, wire::Done{.request = request, .status = Errc::ok, .detail = {}});
  };
  if (claim.main.stage == Stage::sent && claim.cancel.stage == Stage::none) {
    claim.cancel = {.stage = Stage::deferred, .number = 0, .request = request};
    claim.cancel_reason = reason;
    dispatch(id);
    return;
  }
  if (claim.main.stage == Stage::deferred) {  // never sent: nobody else has to know
    answer_refused(claim, reason, {});
    if (claim.state == ClaimState::requesting) claim.state = ClaimState::gone;
    end_if_over(id);
  }
  answer();
}

void Requester::on(const Session& session, const wire::Purge& call) {
  const OpenLockspace* lockspace = session.lockspace(call.lockspace);
  if (lockspace == nullptr) {
    done(session, call.request, Error{Errc::no_such_lockspace});
  } else if (!sessions_.is_operator(session)) {
    done(session, call.request, Error{Errc::not_permitted});
  } else if (call.node && !core_.view.has(call.node)) {
    done(session, call.request, Error{Errc::no_such_node, "node " + std::to_string(call.node.value()) +
                                                              " is not a member"});
  } else {
    if (!call.node || call.node == core_.self())
      purge(lockspace->name, call.pid, call.name_pattern);
    else
      post_.send(call.node, wire::PurgeOrphans{.pid = call.pid, .lockspace = lockspace->name,
                                                     .name_pattern = call.name_pattern});
    done(session, call.request, Error{Errc::ok});
  }
}

void Requester::on(const wire::PurgeOrphans& message) {
  purge(message.lockspace, message.pid, message.name_pattern);
}

void Requester::purge(std::string_view lockspace, std::uint32_t pid, std::string_view name_pattern) {
  std::vector<ClaimId> meant;
  for_each_claim([&](const Claim& claim, std::string_view key) {
    const KeyParts parts = *split_key(key);
    if (claim.bond == Bond::orphan && claim.unlock.stage == Stage::none && parts.lockspace == lockspace &&
        matches(name_pattern, parts) && (pid == 0 || sessions_.facts(claim.owner).pid == pid))
      meant.push_back(claim.id);
  });
  for (const ClaimId id : meant) end_orphan(id);
}

void Requester::purge_all_orphans() {
  std::vector<ClaimId> orphans;
  claims_.for_each([&](ClaimId id, const Claim& claim) {
    if (claim.bond == Bond::orphan && claim.unlock.stage == Stage::none) orphans.push_back(id);
  });
  for (const ClaimId id : orphans) end_orphan(id);
}

void Requester::end_orphan(ClaimId id) {
  claims_[id].bond = Bond::ending;
  end_claim(id, {Flag::forceunlock, Flag::ivvalblk}, {});
}

bool Requester::has_locks_in(std::string_view lockspace) const {
  bool has = false;
  for_each_claim([&](const Claim& claim, std::string_view key) {
    has = has || (claim.bond != Bond::ending && claim.unlock.stage == Stage::none &&
                  split_key(key)->lockspace == lockspace);
  });
  return has;
}

bool Requester::has_locks_of_others_in(std::string_view lockspace, std::uint32_t uid) const {
  bool has = false;
  for_each_claim([&](const Claim& claim, std::string_view key) {
    has = has || (claim.bond != Bond::ending && sessions_.facts(claim.owner).uid != uid &&
                  split_key(key)->lockspace == lockspace);
  });
  return has;
}

std::vector<ClientConn> Requester::users_of(std::string_view lockspace) const {
  std::vector<ClientConn> users;
  for_each_claim([&](const Claim& claim, std::string_view key) {
    if (claim.bond == Bond::session && split_key(key)->lockspace == lockspace) users.push_back(claim.conn);
  });
  std::ranges::sort(users);
  users.erase(std::unique(users.begin(), users.end()), users.end());
  return users;
}

void Requester::end_session(Session& session) { end_session(session, {}); }

void Requester::end_session(Session& session, Instant keep_until) {
  parties_.forget({.transaction = 0, .owner = session.owner});
  // Its last release counts: what is left below was not given up, and its value is in doubt.
  if (session.slot != nullptr)
    release_left(session, keep_until > core_.now ? session.slot->end() : session.slot->take());
  if (session.conn.value() >= by_session_.size()) return;
  auto& claims = by_session_[session.conn.value()];
  while (!claims.empty()) {
    Claim& claim = claims.front();
    const ClaimId id = claim.id;
    claims.pop_front();
    sessions_.keep_facts(claim.owner);
    claim.main.request = claim.cancel.request = claim.unlock.request = {};
    // A persistent request that still waits is taken back; if the grant is faster, it becomes an orphan.
    // One that its program has given up already ends as it said.
    const bool stays = claim.state != ClaimState::gone && claim.flags.has(Flag::persistent) &&
                       claim.unlock.stage == Stage::none && !claim.goes_with_children;
    claim.bond = stays ? Bond::orphan : Bond::ending;
    if (stays) {
      if (claim.main.stage != Stage::none) cancel_main(id, Errc::cancelled, {});
    } else if (keep_until > core_.now && claim.state == ClaimState::granted && claim.unlock.stage == Stage::none &&
               !claim.goes_with_children) {
      claim.bond = Bond::parting;
      parting_[claim.owner].push_back({.claim = id, .until = keep_until});
      core_.reached("a lock is kept for a program whose session was ended");
    } else if (claim.unlock.stage == Stage::none && claim.state != ClaimState::gone) {
      end_claim(id, claim.goes_with_children ? claim.end_flags : FlagSet{Flag::forceunlock, Flag::ivvalblk}, {});
    }
  }
}

void Requester::end_what_parts() {
  std::vector<ClaimId> over;
  for (auto at = parting_.begin(); at != parting_.end();) {
    std::erase_if(at->second, [&](const Parting& parting) {
      if (parting.until > core_.now) return false;
      over.push_back(parting.claim);
      return true;
    });
    at = at->second.empty() ? parting_.erase(at) : std::next(at);
  }
  for (const ClaimId id : over) end_parted(id);
}

void Requester::stop_parting(OwnerId owner) {
  const auto parting = parting_.extract(owner);
  if (parting.empty()) return;
  for (const Parting& kept : parting.mapped()) end_parted(kept.claim);
}

void Requester::end_parted(ClaimId id) {
  Claim* claim = claims_.find(id);
  if (claim == nullptr || claim->bond != Bond::parting) return;
  claim->bond = Bond::ending;
  if (claim->unlock.stage == Stage::none && claim->state != ClaimState::gone)
    end_claim(id, {Flag::forceunlock, Flag::ivvalblk}, {});
}

}  // namespace holdfast::node
