// SPDX-License-Identifier: Apache-2.0
#include "cluster/leases.hpp"

#include <algorithm>

namespace holdfast::cluster {

void Leases::take_view(const View& view, NodeId self) {
  std::vector<Peer> members;
  std::uint64_t present = 0;
  for (const Member& member : view.members) {
    present += member.votes;
    if (member.node == self) {
      own_votes_ = member.votes;
      continue;
    }
    const Peer* known = find(member.node, member.incarnation);
    members.push_back(known != nullptr ? *known : Peer{.node = member.node, .incarnation = member.incarnation});
    members.back().votes = member.votes;
  }
  for (const Peer& peer : peers_)
    if (std::ranges::find(gone_, peer.node, &Dead::node) == gone_.end())
      gone_.push_back({.node = peer.node, .votes = peer.votes});
  const auto is_there = [&view](const Dead& dead) { return view.has(dead.node); };
  std::erase_if(gone_, is_there);
  std::erase_if(dead_, is_there);
  self_ = self;
  // A view that names fewer votes than its members have cannot be meant.
  configured_ = std::max<std::uint64_t>(view.configured_votes, present);
  tie_breaker_ = view.tie_breaker;
  device_votes_ = view.device_votes;
  peers_ = std::move(members);
}

Leases::Peer* Leases::find(NodeId node, Incarnation incarnation) {
  const auto at = std::ranges::find_if(
      peers_, [&](const Peer& peer) { return peer.node == node && peer.incarnation == incarnation; });
  return at == peers_.end() ? nullptr : &*at;
}

void Leases::answered(NodeId node, Incarnation incarnation, Instant sent) {
  if (Peer* peer = find(node, incarnation)) peer->answered = std::max(peer->answered.value_or(sent), sent);
}

void Leases::device_answered(Instant at) { device_ = std::max(device_.value_or(at), at); }

bool Leases::confirm_dead(NodeId node) {
  const auto known = std::ranges::find(gone_, node, &Dead::node);
  if (known == gone_.end()) return false;
  if (std::ranges::find(dead_, node, &Dead::node) == dead_.end()) dead_.push_back(*known);
  return true;
}

std::uint32_t Leases::votes_of(NodeId node) const {
  const auto known = std::ranges::find(gone_, node, &Dead::node);
  return known == gone_.end() ? 1 : known->votes;
}

bool Leases::is_majority(std::uint64_t votes, bool with_tie_breaker) const {
  return 2 * votes > configured_ || (2 * votes == configured_ && with_tie_breaker);
}

bool Leases::is_majority_of_before(const View& after) const {
  std::uint64_t votes = own_votes_;
  bool tie_breaker = self_ == tie_breaker_;
  for (const Peer& peer : peers_) {
    if (!after.has(peer.node, peer.incarnation)) continue;
    votes += peer.votes;
    tie_breaker = tie_breaker || peer.node == tie_breaker_;
  }
  return is_majority(votes, tie_breaker);
}

std::optional<Instant> Leases::agreed(Instant now) const {
  struct Vote {
    Instant at;
    std::uint32_t votes;
    bool breaks_ties;
  };
  std::vector<Vote> all{{now, own_votes_, self_ == tie_breaker_}};
  // Of two nodes that can vote the other is dead. Among more of them the dead could have come back elsewhere,
  // and be enough without us.
  if (dead_.size() == 1 && peers_.empty() && own_votes_ + dead_.front().votes == configured_)
    all.push_back({now, dead_.front().votes, dead_.front().node == tie_breaker_});
  for (const Peer& peer : peers_)
    if (peer.answered) all.push_back({*peer.answered, peer.votes, peer.node == tie_breaker_});
  if (device_) all.push_back({*device_, device_votes_, false});
  std::ranges::sort(all, std::greater{}, &Vote::at);
  std::uint64_t votes = 0;
  bool tie_breaker = false;
  for (const Vote& vote : all) {
    votes += vote.votes;
    tie_breaker = tie_breaker || vote.breaks_ties;
    if (is_majority(votes, tie_breaker)) return vote.at;
  }
  return std::nullopt;
}

void Leases::answer(NodeId node, Incarnation incarnation, Instant until) {
  if (Peer* peer = find(node, incarnation)) peer->until = std::max(peer->until.value_or(until), until);
}

std::optional<Instant> Leases::answered_until(NodeId node, Incarnation incarnation) const {
  const Peer* peer = const_cast<Leases*>(this)->find(node, incarnation);
  return peer == nullptr ? std::nullopt : peer->until;
}

}  // namespace holdfast::cluster
