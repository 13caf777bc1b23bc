// SPDX-License-Identifier: Apache-2.0
// Whatever decides here must follow from the configuration and the messages in it alone: all members come to
// the same decisions at the same place of the order. What only this node knows (its life, its quorum, its
// promises) takes part by being announced.
#include "cluster/gathering.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/overload.hpp"

namespace holdfast::cluster {
namespace {

wire::GroupConfiguration configuration_of(const Group& group) {
  std::uint64_t digest = 0;
  for (const GroupMember& member : group.members)
    digest = mix64(digest ^ member.node.value() ^ 0x9e3779b97f4a7c15ULL, member.process ^ 0xe7037ed1a0b428dbULL);
  return {.ring_node = group.ring.node, .ring_sequence = group.ring.sequence, .members_digest = digest};
}

const wire::GroupConfiguration& configuration_of(const Gathering::Message& message) {
  return std::visit([](const auto& m) -> const wire::GroupConfiguration& { return m.configuration; }, message);
}

// Of two promised views, the one that counts. Of one epoch there can be two only where half of the votes was
// taken for quorum.
bool is_newer(const View& a, const View& b) {
  return a.epoch != b.epoch ? a.epoch > b.epoch : a.epoch && a.digest() > b.digest();
}

Member member_of(NodeId node, const wire::GroupAnnounce& said) {
  return {.node = node, .incarnation = said.incarnation, .address = said.address, .weight = said.weight,
          .votes = said.votes};
}

// Outside input: a view of this member alone, and the view that it knows of, must be sound.
bool is_sound(NodeId from, const wire::GroupAnnounce& said) {
  if (said.configured_votes == 0 || said.device_votes > said.configured_votes) return false;
  if (!checked(View{.epoch = Epoch{1}, .members = {member_of(from, said)}})) return false;
  return !said.promised.view.epoch || checked(from_group(said.promised));
}

}  // namespace

Gathering::Gathering(NodeId self, Promises promises) : self_(self), promises_(std::move(promises)) {
  if (promises_.promised) promises_.epoch = std::max(promises_.epoch, promises_.promised->epoch);
}

void Gathering::on_life(const GroupLife& life, Effects& out) {
  HF_ASSERT(life.incarnation);
  life_ = life;
  acting_ = {};
  announce_if_news(out);
}

void Gathering::on_quorum(const Quorum& quorum, Effects& out) {
  quorum_ = quorum;
  announce_if_news(out);
}

void Gathering::on_disconnected() {
  group_.reset();
  quorum_.reset();
  places_.clear();
  candidate_.reset();
  announced_.reset();
  noted_.clear();
}

void Gathering::on_group(const Group& group, Effects& out) {
  Group sorted = group;
  std::ranges::sort(sorted.members);
  if (group_ == sorted) return;
  group_ = std::move(sorted);
  configuration_ = configuration_of(*group_);
  places_.clear();
  candidate_.reset();
  announced_.reset();
  newest_ = {};
  for (const GroupMember& member : group_->members) places_.try_emplace(member.node);
  find_twins(out);
  announce_if_news(out);
}

void Gathering::on_message(const GroupMember& from, const Message& message, Effects& out) {
  if (!group_ || configuration_of(message) != configuration_) return;
  const auto place = places_.find(from.node);
  if (place == places_.end()) return;
  place->second.beats.clear();
  hear_twin(from, out);
  if (std::holds_alternative<wire::GroupAnnounce>(message)) place->second.process = from.process;
  std::visit([&](const auto& m) { on(from.node, m, out); }, message);
}

void Gathering::on_beat(Effects& out) {
  if (group_ && places_.contains(self_)) out.sends.emplace_back(wire::GroupAlive{.configuration = configuration_});
}

// ---- announcing -----------------------------------------------------------------------------------------

// Quorum of another ring says nothing about this group, so nothing is announced before both name the same.
void Gathering::announce_if_news(Effects& out) {
  if (!group_ || !quorum_ || !life_ || quorum_->ring != group_->ring || !places_.contains(self_)) return;
  const std::pair news{*life_, *quorum_};
  if (announced_ == news) return;
  announced_ = news;
  if (quorum_->quorate)
    forget(GatheringNote::no_quorum, self_);
  else
    note(GatheringNote::no_quorum, self_, out);
  announce(out);
}

void Gathering::announce(Effects& out) {
  HF_ASSERT(life_ && quorum_);
  wire::GroupAnnounce said{.configuration = configuration_,
                           .incarnation = life_->incarnation,
                           .address = life_->address,
                           .weight = life_->weight,
                           .votes = quorum_->votes,
                           .configured_votes = quorum_->configured_votes,
                           .tie_breaker = quorum_->tie_breaker,
                           .quorate = static_cast<std::uint8_t>(quorum_->quorate ? 1 : 0),
                           .epoch = promises_.epoch};
  if (promises_.promised) {
    said.promised = wire::to_group(*promises_.promised);
    said.acting = promises_.promised->epoch == acting_ ? 1 : 0;
  }
  said.device_votes = quorum_->device_votes;
  said.device_timeout = quorum_->device_timeout;
  said.device_settled = quorum_->device_settled ? 1 : 0;
  out.sends.emplace_back(std::move(said));
}

void Gathering::on(NodeId from, const wire::GroupAnnounce& said, Effects& out) {
  Place& place = places_.at(from);
  if (said.protocol != wire::spoken(wire::group_protocol)) {
    note(GatheringNote::wrong_version, from, out);
    place.left_out = true;
    return consider(out);
  }
  if (!is_sound(from, said)) return note(GatheringNote::not_sound, from, out);
  forget(GatheringNote::not_sound, from);
  place.said = said;
  place.promised = from_group(said.promised);
  place.left_out = false;
  forget(GatheringNote::silent, from);
  give_up_if_over(out);
  consider(out);
}

// ---- lives that are over --------------------------------------------------------------------------------

// Was this life a member of a promised view, and is there a newer promised view without it? A life that was in
// no view yet has nothing to lose and nobody has given up anything of it.
bool Gathering::is_over(NodeId node, const Place& place) const {
  if (!place.said || !place.promised.has(node, place.said->incarnation)) return false;
  return std::ranges::any_of(places_, [&](const auto& entry) {
    const View& known = entry.second.promised;
    return is_newer(known, place.promised) && !known.has(node, place.said->incarnation);
  });
}

void Gathering::give_up_if_over(Effects& out) {
  const auto own = places_.find(self_);
  if (!life_ || own == places_.end() || !own->second.said) return;
  if (own->second.said->incarnation != life_->incarnation || given_up_ == life_->incarnation) return;
  if (!is_over(self_, own->second)) return;
  const View* newest = nullptr;
  for (const auto& [node, place] : places_)
    if (!place.promised.has(self_, life_->incarnation) && (newest == nullptr || is_newer(place.promised, *newest)))
      newest = &place.promised;
  given_up_ = life_->incarnation;
  out.over = *newest;
}

// ---- the next view --------------------------------------------------------------------------------------

void Gathering::consider(Effects& out) {
  candidate_.reset();
  if (!everybody_is_ready()) return;
  View next = next_view();
  if (is_in_force(next)) return;
  Epoch largest = newest_;
  for (const auto& [node, place] : places_)
    if (place.said) largest = std::max({largest, place.said->epoch, place.promised.epoch});
  next.epoch = newest_ = Epoch{largest.value() + 1};
  candidate_ = Candidate{.view = next, .missing = {}};
  for (const Member& member : next.members) candidate_->missing.push_back(member.node);
  promise(out);
}

// Quorum is that of nodes, and counts those whose daemon hangs or does not run. So the votes of the daemons have
// to be more than half by themselves: only then has each two of such views a member in common.
bool Gathering::everybody_is_ready() const {
  for (const auto& [node, place] : places_)
    if (is_twin(node)) return false;
  for (const auto& [node, place] : places_)
    if (!place.left_out && (!place.said || place.said->quorate == 0 || is_over(node, place))) return false;
  const View next = next_view();
  std::uint64_t votes = 0;
  for (const Member& member : next.members) votes += member.votes;
  if (device_counts_for(next)) votes += next.device_votes;
  return 2 * votes > next.configured_votes || (2 * votes == next.configured_votes && next.has(next.tie_breaker));
}

const View* Gathering::newest_known() const {
  const View* newest = nullptr;
  for (const auto& [node, place] : places_)
    if (place.said && place.promised.epoch && (newest == nullptr || is_newer(place.promised, *newest)))
      newest = &place.promised;
  return newest;
}

bool Gathering::is_whole() const {
  const View* newest = newest_known();
  if (newest == nullptr || promises_.promised != *newest) return false;
  return std::ranges::all_of(newest->members, [&](const Member& member) {
    const auto at = places_.find(member.node);
    return at != places_.end() && at->second.said && !at->second.left_out;
  });
}

bool Gathering::device_counts_for(const View& next) const {
  const View* from = newest_known();
  if (next.device_votes == 0 || from == nullptr) return false;
  bool goes_on = false;
  for (const Member& member : from->members) {
    const auto at = places_.find(member.node);
    if (at == places_.end()) continue;
    if (!next.has(member.node) || at->second.said->device_settled == 0) return false;
    goes_on = true;
  }
  return goes_on;
}

View Gathering::next_view() const {
  View next{.epoch = {}, .members = {}, .configured_votes = 0, .quorate = true};
  for (const auto& [node, place] : places_) {
    if (place.left_out) continue;
    // While not all have read the same configuration, nobody breaks ties, and there is no device.
    if (next.members.empty()) {
      next.tie_breaker = place.said->tie_breaker;
      next.device_votes = place.said->device_votes;
    }
    if (next.tie_breaker != place.said->tie_breaker) next.tie_breaker = {};
    if (next.device_votes != place.said->device_votes) next.device_votes = 0;
    next.device_timeout = std::max(
        next.device_timeout, std::chrono::duration_cast<std::chrono::milliseconds>(place.said->device_timeout));
    next.members.push_back(member_of(node, *place.said));
    next.configured_votes = std::max(next.configured_votes, place.said->configured_votes);
  }
  if (next.device_votes == 0) next.device_timeout = {};
  return next;
}

// Do all of its members act on just this view already? So a ring that broke and closed again costs nothing.
bool Gathering::is_in_force(const View& next) const {
  const View& known = places_.at(next.members.front().node).promised;
  View renumbered = next;
  renumbered.epoch = known.epoch;
  if (known != renumbered) return false;
  return std::ranges::all_of(next.members, [&](const Member& member) {
    const Place& place = places_.at(member.node);
    return place.said->acting != 0 && place.promised == known;
  });
}

void Gathering::promise(Effects& out) {
  const View& view = candidate_->view;
  if (!life_ || !view.has(self_, life_->incarnation)) return;
  // What was announced was not all that this node knows. It says so, and there will be a larger epoch.
  if (view.epoch <= promises_.epoch) return announce(out);
  promises_ = {.epoch = view.epoch, .promised = view};
  out.save = promises_;
  out.sends.emplace_back(
      wire::GroupPromise{.configuration = configuration_, .epoch = view.epoch, .view_digest = view.digest()});
}

void Gathering::on(NodeId from, const wire::GroupPromise& promise, Effects& out) {
  if (!candidate_ || candidate_->view.epoch != promise.epoch || candidate_->view.digest() != promise.view_digest) return;
  std::erase(candidate_->missing, from);
  if (candidate_->missing.empty()) publish(out);
}

void Gathering::publish(Effects& out) {
  const View view = std::move(candidate_->view);
  candidate_.reset();
  for (const Member& member : view.members) {
    Place& place = places_.at(member.node);
    place.promised = view;
    place.said->promised = wire::to_group(view);
    place.said->acting = 1;
  }
  if (life_ && view.has(self_, life_->incarnation)) {
    HF_ASSERT(promises_.epoch >= view.epoch);
    acting_ = view.epoch;
    out.views.push_back(view);
  }
  give_up_if_over(out);
}

// ---- those who hang -------------------------------------------------------------------------------------

void Gathering::on(NodeId from, const wire::GroupAlive&, Effects& out) {
  count_beat_of_twins(from, out);
  bool changed = false;
  for (auto& [node, place] : places_) {
    if (node == from || place.left_out || ++place.beats[from] < beats_missed_max) continue;
    place.left_out = changed = true;
    place.beats.clear();
    note(GatheringNote::silent, node, out);
    if (node == self_ && announced_) announce(out);
  }
  if (changed) consider(out);
}

// ---- nodes that are in the group twice ------------------------------------------------------------------

void Gathering::find_twins(Effects& out) {
  twins_.clear();
  std::erase_if(noted_, [](const auto& noted) { return noted.first == GatheringNote::twin; });
  for (const GroupMember& member : group_->members)
    if (std::ranges::count(group_->members, member.node, &GroupMember::node) > 1) {
      twins_.push_back({.member = member, .silent = false, .beats = {}});
      note(GatheringNote::twin, member.node, out);
    }
}

// Do two of its processes speak, or may they?
bool Gathering::is_twin(NodeId node) const {
  return std::ranges::count_if(twins_, [&](const Twin& twin) { return twin.member.node == node && !twin.silent; }) > 1;
}

void Gathering::hear_twin(const GroupMember& from, Effects& out) {
  const auto twin = std::ranges::find(twins_, from, &Twin::member);
  if (twin == twins_.end()) return;
  twin->beats.clear();
  twin->silent = false;
  if (!is_twin(from.node)) return;
  candidate_.reset();
  note(GatheringNote::twin, from.node, out);
}

// What the one that is not there has announced does not count; the other one says it once more.
void Gathering::count_beat_of_twins(NodeId from, Effects& out) {
  bool changed = false;
  for (Twin& twin : twins_) {
    if (twin.member.node == from || twin.silent || ++twin.beats[from] < beats_missed_max) continue;
    twin.silent = changed = true;
    Place& place = places_.at(twin.member.node);
    if (place.process == twin.member.process) place.said.reset();
    forget(GatheringNote::twin, twin.member.node);
    if (twin.member.node == self_ && announced_) announce(out);
  }
  if (changed) consider(out);
}

void Gathering::note(GatheringNote note, NodeId node, Effects& out) {
  if (noted_.emplace(note, node).second) out.notes.push_back({.note = note, .node = node});
}

void Gathering::forget(GatheringNote note, NodeId node) { noted_.erase({note, node}); }

}  // namespace holdfast::cluster
