// SPDX-License-Identifier: Apache-2.0
// How a lock is ended that neither its program nor its node wants to end. The requester is where it happens: it is
// what its program hears from and what the master believes, so the two stay at one.
//
//   asked:  the program is told when it will be, and has until then
//   due:    the program is told that it has lost the lock; nothing that it says of it counts any more
//   ended:  when the program says that it knows (LostSeen), hangs up, or after a lease: the master is told, and
//           others may be granted. What it wrote and did not say is in doubt.
//
// What only waits is taken back like a cancel. Nothing of this is known to another node, so no view change can
// leave it half done.
#include "node/requester.hpp"

namespace holdfast::node {

void Requester::on(NodeId from, const wire::EvictAsk& ask) {
  recall(ask.claim);  // it may have been given up already
  Claim* claim = claims_.find(ask.claim);
  if (const Error wrong = check_eviction(claim, ask); wrong.code != Errc::ok) {
    answer_eviction(from, ask.number, wrong, {});
    return;
  }
  Eviction& eviction = evictions_[ask.claim];
  eviction = {.asker = from, .number = ask.number, .at = core_.now + ask.grace, .by = ask.by, .reason = ask.reason,
              .token = claim->token, .mode = claim->mode, .waited = claim->state == ClaimState::requesting};
  audit(*claim, eviction, "is asked for");
  const bool tells = claim->bond == Bond::session && !eviction.waited && ask.grace > Duration{0};
  const Session* session = sessions_.find(claim->conn, claim->owner);
  if (tells && session != nullptr && session->knows == wire::Knows::evictions)
    sessions_.send(claim->conn, claim->owner,
                   wire::EvictionNotice{.lock = claim->id, .left = ask.grace, .by = ask.by, .reason = ask.reason});
  if (!tells) evict(ask.claim);
}

Error Requester::check_eviction(const Claim* claim, const wire::EvictAsk& ask) const {
  const std::string lock = "lock " + std::to_string(ask.claim.value());
  if (claim == nullptr || claim->state == ClaimState::gone)
    return Error{Errc::no_such_lock, "there is no " + lock + " (any more)"};
  if (ask.by_operator == 0 && sessions_.facts(claim->owner).uid != ask.by.uid)
    return Error{Errc::not_permitted, "only the operator ends what other users have"};
  const bool waits = claim->state == ClaimState::requesting;
  if (waits && ask.token) return Error{Errc::no_such_lock, lock + " is not the one that had this token: it waits"};
  if (!waits && !ask.token)
    return Error{Errc::no_such_lock, lock + " waits no more: it was granted, with token " + to_text(claim->token)};
  if (!waits && ask.token != claim->token)
    return Error{Errc::no_such_lock, lock + " was granted again or converted since, with token " +
                                         to_text(claim->token)};
  if (claim->children > 0)
    return Error{Errc::has_children, "the lock still has " + std::to_string(claim->children) + " sub-locks"};
  if (evictions_.contains(ask.claim)) return Error{Errc::busy, "somebody has asked for it already"};
  return Error{Errc::ok};
}

namespace {
constexpr Duration look_again = std::chrono::milliseconds(10);
}

// Its time has come.
void Requester::evict(ClaimId id) {
  recall(id);
  Claim* claim = claims_.find(id);
  const auto found = evictions_.find(id);
  if (claim == nullptr || found == evictions_.end()) return;
  Eviction& eviction = found->second;
  eviction.at = Instant::never();
  // It ends anyway; it is answered when it has.
  if (claim->unlock.stage != Stage::none || claim->state == ClaimState::gone || claim->goes_with_children) return;
  // A conversion that cannot fail may have made way, and written: what comes of it must be known first.
  if (claim->state == ClaimState::granted && claim->main.stage != Stage::none &&
      excludes_at_least(claim->mode, claim->wanted)) {
    core_.reached("a forced release waits for a conversion that cannot fail");
    eviction.at = core_.now + look_again;
    return;
  }
  if (claim->token != eviction.token || claim->mode != eviction.mode)
    return end_eviction(id, Error{Errc::no_such_lock, "it was converted in time, and stays"});
  if (claim->children > 0)
    return end_eviction(id, Error{Errc::has_children, "the lock still has " + std::to_string(claim->children) +
                                                          " sub-locks"});
  eviction.done = true;
  if (claim->state == ClaimState::requesting) return cancel_main(id, Errc::forced_out, {});
  if (claim->bond == Bond::orphan) return end_orphan(id);
  if (claim->bond == Bond::session) take_away(*claim, eviction);
}

// From here on the program has it no more. It is kept from others as if it had, until the program is known to know.
void Requester::take_away(Claim& claim, const Eviction& eviction) {
  const ClaimId id = claim.id;
  const ClientConn conn = claim.conn;
  const OwnerId owner = claim.owner;
  audit(claim, eviction, "is taken away");
  auto& siblings = by_session_[conn.value()];
  siblings.erase(siblings.iterator_to(claim));
  sessions_.keep_facts(owner);
  claim.bond = Bond::parting;
  parting_[owner].push_back({.claim = id, .until = core_.now + core_.config.lease});
  const std::string detail = "pid " + std::to_string(eviction.by.pid) + " (" + escaped(eviction.by.command) +
                             ") of user " + escaped(eviction.by.user) + " on node " +
                             std::to_string(eviction.by.node.value()) + " has ended it: " + escaped(eviction.reason);
  if (const RequestId conversion = std::exchange(claim.main.request, {}))
    sessions_.send(conn, owner, wire::Refused{.request = conversion, .lock = id, .status = Errc::forced_out,
                                              .detail = detail, .blockers = {}});
  if (const RequestId cancel = std::exchange(claim.cancel.request, {}))
    sessions_.send(conn, owner, wire::Done{.request = cancel, .status = Errc::ok, .detail = {}});
  sessions_.send(conn, owner, wire::LostEvent{.lock = id, .status = Errc::forced_out, .detail = detail});
}

// Whatever a program says of a lock that was taken away means that it knows.
void Requester::on(const Session& session, const wire::LostSeen& call) { (void)gives_up_taken(session, call.lock); }

bool Requester::gives_up_taken(const Session& session, ClaimId id) {
  const Claim* claim = claims_.find(id);
  if (claim == nullptr || claim->bond != Bond::parting || claim->owner != session.owner) return false;
  end_parted(id);
  return true;
}

// A claim goes: if somebody wanted that, he hears of it.
void Requester::settle_eviction(const Claim& claim) {
  const auto found = evictions_.find(claim.id);
  if (found == evictions_.end()) return;
  const Eviction eviction = std::move(found->second);
  evictions_.erase(found);
  const EvictOutcome outcome = !eviction.done    ? EvictOutcome::given_up
                               : eviction.waited ? EvictOutcome::cancelled
                                                 : EvictOutcome::forced;
  audit(claim, eviction, std::string("has ended: ").append(name_of(outcome)));
  answer_eviction(eviction.asker, eviction.number, Error{Errc::ok}, outcome);
}

// What waited was granted before it could be taken back.
void Requester::keep_from_eviction(const Claim& claim) {
  const auto found = evictions_.find(claim.id);
  if (found != evictions_.end() && found->second.waited)
    end_eviction(claim.id, Error{Errc::no_such_lock, "it waits no more: it was granted, with token " +
                                                         to_text(claim.token)});
}

void Requester::end_eviction(ClaimId id, const Error& why) {
  const Eviction eviction = std::move(evictions_.extract(id).mapped());
  audit(claims_[id], eviction, "is not done: " + why.text());
  answer_eviction(eviction.asker, eviction.number, why, {});
}

void Requester::answer_eviction(NodeId to, std::uint64_t number, const Error& error, EvictOutcome outcome) {
  post_.send(to, wire::EvictAnswer{.number = number, .status = error.code, .outcome = outcome,
                                   .detail = error.detail});
}

// Who ends what, whose it is, and why: in the log of the node whose lock it is.
void Requester::audit(const Claim& claim, const Eviction& eviction, std::string_view what) {
  const Owner& owner = sessions_.facts(claim.owner);
  const KeyParts parts = *split_key(places_[claim.place].key);
  const auto person = [](std::uint32_t pid, std::string_view command, std::string_view user, std::uint32_t uid) {
    return "pid " + std::to_string(pid) + " (" + escaped(command) + ") of user " + escaped(user) + ", uid " +
           std::to_string(uid);
  };
  std::string name;
  for (const std::string_view part : names_of(parts)) name += (name.empty() ? "" : "::") + escaped(part);
  core_.trace({.kind = TraceKind::lock_forced, .peer = eviction.by.node, .a = claim.id.value(), .b = eviction.by.pid,
               .text = std::string(eviction.waited ? "a request for " : "") +
                       std::string(name_of(eviction.waited ? claim.wanted : eviction.mode)) + " on " +
                       escaped(parts.lockspace) + "/" + name +
                       (eviction.waited ? std::string() : ", token " + to_text(eviction.token)) + ", of " +
                       person(owner.pid, owner.command, owner.user, owner.uid) + ": " + std::string(what) + ", by " +
                       person(eviction.by.pid, eviction.by.command, eviction.by.user, eviction.by.uid) +
                       ", because: " + escaped(eviction.reason)});
}

// By index of time there are few: an operator asks for them one by one.
void Requester::evict_what_is_due() {
  std::vector<ClaimId> due;
  for (const auto& [id, eviction] : evictions_)
    if (eviction.at <= core_.now) due.push_back(id);
  for (const ClaimId id : due) evict(id);
}

}  // namespace holdfast::node
