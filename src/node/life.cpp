// SPDX-License-Identifier: Apache-2.0
#include "node/life.hpp"

#include <algorithm>
#include <map>

#include "base/planted.hpp"

namespace holdfast::node {

// ---- our own life ---------------------------------------------------------------------------------------

// A lease after the latest moment for which enough of the members (of which we may be enough ourselves) agreed
// that we are there.
bool Life::renew() {
  if (!core_.has_view()) return false;
  const std::optional<Instant> agreed = core_.leases.agreed(core_.now);
  if (!agreed || *agreed + core_.config.lease < core_.now) return false;
  if (core_.valid && *agreed + core_.config.lease <= deadline_) return false;
  deadline_ = *agreed + core_.config.lease;
  core_.out->deadline = planted(Bug::tell_lost_late) ? deadline_ + core_.config.lease / 2 : deadline_;
  if (std::exchange(core_.valid, true)) return false;
  core_.trace({.kind = TraceKind::lease_begun, .peer = {}, .a = core_.view.epoch.value(), .text = {}});
  return true;
}

bool Life::on(const DevicePolled& event) {
  core_.leases.device_answered(std::min(core_.now, event.asked));
  return renew();
}

bool Life::sweep() {
  if (!core_.has_view() || core_.now < beat_at_) return false;
  constexpr int beats_per_lease = 4;
  peers_.send_heartbeats();
  beat_at_ = core_.now + core_.config.lease / beats_per_lease;
  return renew();
}

// ---- views and losses -----------------------------------------------------------------------------------

void Life::note_losses(const View& before) {
  if (!before.epoch && !planted(Bug::forget_leases)) {
    if (core_.config.former_lease > Duration{0})
      core_.lost.note(core_.self(), {}, core_.now + cluster::LostNodes::wait_for(core_.config.former_lease));
    for (const FormerPeer& peer : core_.config.former_peers) {
      core_.leases.remember(peer.node, peer.votes);
      note_loss(peer);
    }
  }
  // A provider may lower the configured votes. Then those who stay may be too few to know who was answered.
  if (before.epoch && !core_.leases.is_majority_of_before(core_.view)) unsure_until_ = core_.now + full_wait();
  for (const Member& member : before.members) note_loss({member.node, member.incarnation, member.votes});
}

// What we know of its lease is what we answered; what an earlier life of ours answered we do not know.
void Life::note_loss(const FormerPeer& peer) {
  if (core_.is_member(peer.node, peer.incarnation)) return;
  Instant until = core_.now + forgets_for();
  if (const auto answered = core_.leases.answered_until(peer.node, peer.incarnation)) until = std::max(until, *answered);
  if (gained_by_device()) until = std::max(until, core_.now + core_.view.device_timeout + full_wait());
  core_.lost.note(peer.node, peer.incarnation, until);
  if (!core_.lost.is_waited_for(peer.node, peer.incarnation))
    return core_.trace({.kind = TraceKind::node_left, .peer = peer.node, .a = peer.incarnation.value(), .text = {}});
  core_.trace({.kind = TraceKind::node_lost, .peer = peer.node, .a = peer.incarnation.value(), .text = {}});
  core_.trace({.kind = TraceKind::lease_wait, .peer = peer.node,
               .a = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(until - core_.now).count()),
               .text = {}});
}

// Would the members alone be no majority? Then the device may have stood with others a moment ago.
bool Life::gained_by_device() const {
  std::uint64_t votes = 0;
  for (const Member& member : core_.view.members) votes += member.votes;
  return core_.view.device_votes != 0 && 2 * votes <= core_.view.configured_votes;
}

void Life::take_view() {
  core_.leases.take_view(core_.view, core_.self());
  save(core_.view.epoch);
  beat_at_ = core_.now;
  ask_for_proof();
}

void Life::save(Epoch epoch) {
  Save save{.epoch = epoch, .peers = {}};
  for (const Member& member : core_.view.members)
    if (member.node != core_.self()) save.peers.push_back({member.node, member.incarnation, member.votes});
  for (const wire::LostLease& lost : core_.lost.report(core_.now))
    if (lost.incarnation)
      save.peers.push_back({lost.node, lost.incarnation, core_.leases.votes_of(lost.node)});
  core_.out->saves.push_back(std::move(save));
}

Duration Life::forgets_for() const {
  if (planted(Bug::forget_leases)) return Duration{0};
  return std::max({Duration{0}, core_.started + full_wait() - core_.now, unsure_until_ - core_.now});
}

bool Life::earlier_life_is_believed() const {
  return core_.config.former_lease > Duration{0} &&
         core_.now < core_.started + cluster::LostNodes::wait_for(core_.config.former_lease);
}

std::vector<wire::LostLease> Life::lease_waits() const {
  std::map<NodeId, wire::LostLease> longest;
  for (const wire::LostLease& lost : core_.lost.report(core_.now)) {
    wire::LostLease& known = longest.try_emplace(lost.node, lost).first->second;
    if (lost.left > known.left) known.left = lost.left;
    if (!known.incarnation) known.incarnation = lost.incarnation;
  }
  std::vector<wire::LostLease> waits;
  for (const auto& [node, wait] : longest) waits.push_back(wait);
  return waits;
}

// ---- deaths that somebody vouches for -------------------------------------------------------------------

// One member asks the world for a proof that a lost node is dead; if that one is lost too, the next does.
void Life::ask_for_proof() {
  if (core_.view.members.front().node != core_.self()) return;
  for (const wire::LostLease& lost : core_.lost.report(core_.now))
    if (lost.node != core_.self() && lost.incarnation && proof_asked_.emplace(lost.node, lost.incarnation).second)
      core_.out->prove_dead.push_back({.node = lost.node, .incarnation = lost.incarnation});
}

Error Life::confirm_death(NodeId node, Incarnation incarnation) {
  if (core_.view.has(node) && !incarnation)
    core_.reached("a fence confirmation for a node that is a member again");
  const bool frees_votes = core_.leases.confirm_dead(node);
  if (!core_.lost.confirm(node, incarnation) && !frees_votes)
    return Error{Errc::no_such_node, "nobody waits for the lease of node " + std::to_string(node.value())};
  for (const Member& member : core_.view.members)
    if (member.node != core_.self()) post_.send(member.node, wire::Fenced{.node = node, .incarnation = incarnation});
  return Error{Errc::ok};
}

void Life::on(const wire::Fenced& message) {
  (void)core_.leases.confirm_dead(message.node);
  if (core_.lost.confirm(message.node, message.incarnation)) core_.reached("a fence confirmation shortens a wait");
}

}  // namespace holdfast::node
