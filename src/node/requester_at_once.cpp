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
  claim.token = granted.token;
  claim.lock = granted.lock;
  claim.sent = 1;
  claim.newest_number = granted.write_number;
  core_.out->clients.send(claim.conn,
                          wire::Granted{.request = request, .lock = claim.id, .mode = claim.mode, .notes = {},
                                        .token = claim.token, .value_state = granted.value_state,
                                        .write_number = granted.write_number, .value = {}});
  return true;
}

bool Requester::end_at_once(Claim& claim, FlagSet flags) {
  if (!flags.empty() || !claim.is_idle()) return false;
  const Place& place = places_[claim.place];
  if (place.state != PlaceState::known || place.master != core_.self() ||
      !master_.unlock_at_once(place.resource, place.mastership, claim.lock))
    return false;
  erase(claim);
  return true;
}

}  // namespace holdfast::node
