// SPDX-License-Identifier: Apache-2.0
#include "node/departure.hpp"

#include <algorithm>

namespace holdfast::node {

void Departure::begin() {
  // Where all end together, the first to end may take its farewell to the last one with it.
  constexpr Duration reach_within = std::chrono::milliseconds(300);
  if (begun()) return;
  give_up_ = core_.now + reach_within;
  stage_ = Stage::giving;
  core_.leaving.emplace_back(core_.self(), core_.config.incarnation);
  requester_.purge_all_orphans();
  tell_all(wire::LeaveStage::begun);
}

bool Departure::sweep() {
  if (stage_ == Stage::giving) {
    const bool nothing_left = master_.give_all_away() && requester_.size() == 0;
    if (nothing_left && core_.has_view()) {
      stage_ = Stage::telling;
      told_.clear();
      tell_all(wire::LeaveStage::done);
    }
  }
  if (stage_ == Stage::telling && all_know()) stage_ = Stage::gone;
  // Those whom we have told may be gone themselves, and nobody says so.
  if (begun() && (!core_.has_view() || nobody_stays())) stage_ = Stage::gone;
  return stage_ == Stage::gone;
}

// Then there is nobody to give anything to.
bool Departure::nobody_stays() const {
  const std::vector<NodeId> reached = peers_.connected();
  return std::ranges::all_of(core_.view.members, [&](const Member& member) {
    const bool out_of_reach = core_.now >= give_up_ && std::ranges::find(reached, member.node) == reached.end();
    return core_.is_leaving(member.node) || out_of_reach;
  });
}

void Departure::tell_all(wire::LeaveStage stage) {
  for (const Member& member : core_.view.members) {
    if (member.node == core_.self()) continue;
    post_.send(member.node, wire::Leaving{.stage = stage});
    if (stage == wire::LeaveStage::done)
      told_.push_back({.node = member.node, .incarnation = member.incarnation,
                       .sequence = post_.next_sequence(member.node)});
  }
}

// Or they are gone themselves.
bool Departure::all_know() {
  return std::ranges::all_of(told_, [&](const Told& told) {
    return !core_.is_member(told.node, told.incarnation) ||
           post_.is_applied(told.node, told.incarnation, told.sequence);
  });
}

void Departure::on(NodeId from, const wire::Leaving& message) {
  if (!core_.is_leaving(from)) core_.leaving.emplace_back(from, core_.incarnation_of(from));
  if (message.stage == wire::LeaveStage::done) core_.lost.leaves(from, core_.incarnation_of(from));
}

void Departure::take_view() {
  // Another life of a node that has left stays.
  std::erase_if(core_.leaving, [&](const auto& life) { return !core_.is_member(life.first, life.second); });
  if (!begun()) return;
  tell_all(wire::LeaveStage::begun);
  if (stage_ == Stage::telling) stage_ = Stage::giving;
}

}  // namespace holdfast::node
