// SPDX-License-Identifier: Apache-2.0
// The short way: most locks are asked for at the node that masters them already, while nothing stands in
// their way, and given up while nobody waits. Then no operation is sent and no outcome delivered; all that
// other nodes and later operations may ever see is as if it had been (numbers, tokens, times).
#include "node/requester.hpp"

namespace holdfast::node {

bool Requester::grant_at_once(Claim& claim, const Place& place, RequestId request) {
  if (place.state != PlaceState::known || place.master != core_.self()) return false;
  const lock::AtOnce granted = master_.lock_at_once(
      place.resource, place.mastership, {.node = core_.self(), .claim = claim.id, .owner = claim.owner}, claim.wanted);
  if (!granted.lock) return false;
  claim.state = ClaimState::granted;
  claim.mode = claim.wanted;
  claim.since = core_.now;
  claim.token = granted.token;
  claim.lock = granted.lock;
  claim.sent = 1;
  claim.newest_number = granted.write_number;
  core_.out->clients.send(claim.conn,
                          wire::Granted{.request = request, .lock = claim.id, .mode = claim.mode,
                                        .notes = wire::GrantNotes{}.set(wire::GrantNote::quiet),
                                        .token = claim.token, .value_state = granted.value_state,
                                        .write_number = granted.write_number, .value = {}});
  return true;
}

bool Requester::end_at_once(Claim& claim, FlagSet flags) {
  if (!flags.empty() || !claim.is_idle() || claim.children > 0) return false;
  const Place& place = places_[claim.place];
  if (place.state != PlaceState::known || place.master != core_.self() ||
      !master_.unlock_at_once(place.resource, place.mastership, claim.lock))
    return false;
  erase(claim);
  return true;
}

// ---- releases without a message -------------------------------------------------------------------------

void Requester::release_left(const Session& session, ClaimId lock) {
  if (lock) on(session, wire::Release{.lock = lock, .flags = {}, .value = {}});
}

void Requester::recall(ClaimId id) {
  const Claim* claim = claims_.find(id);
  if (claim == nullptr || claim->bond != Bond::session) return;
  Session* session = sessions_.find(claim->conn, claim->owner);
  if (session == nullptr || session->slot == nullptr) return;
  session->recalled = true;
  const ClaimId left = session->slot->recall();
  if (left) core_.reached("a quiet release is recalled");
  release_left(*session, left);
}

void Requester::collect_releases() {
  sessions_.for_each_open([&](const Session& session) {
    if (session.slot != nullptr) release_left(session, session.slot->take());
  });
}

}  // namespace holdfast::node
