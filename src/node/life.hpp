// SPDX-License-Identifier: Apache-2.0
// Life: the role that knows until when this life of the node may believe in its locks, and how long those of
// lost nodes may believe in theirs: heartbeats, the deadline, losses and confirmations of death (design
// section 6). The counting is in cluster/leases.hpp and cluster/lost_nodes.hpp.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "node/core.hpp"
#include "node/peers.hpp"
#include "node/post.hpp"

namespace holdfast::node {

class Life {
 public:
  Life(Core& core, Peers& peers, Post& post) : core_(core), peers_(peers), post_(post) {}

  // core.view is in force now; `before` was until now (without epoch: nothing was).
  void note_losses(const View& before);
  void take_view();
  // What must be durable before anybody acts on this epoch.
  void save(Epoch epoch);

  // What our programs hold is theirs until then; never(): nothing was promised yet.
  [[nodiscard]] Instant deadline() const { return deadline_; }
  [[nodiscard]] bool is_over() const { return core_.now > deadline_; }
  // Somebody has agreed, or died for good: true if this is what it took to be valid at all.
  [[nodiscard]] bool renew();
  [[nodiscard]] bool on(const DevicePolled& event);
  // A program that may say so, or the fencing hook, vouches for the death of this life and of its programs.
  // Fails if it is none that anybody waits for.
  [[nodiscard]] Error confirm_death(NodeId node, Incarnation incarnation);
  void on(const wire::Fenced& message);

  // Asks the others again, when it is time. True if that was what it took to be valid.
  [[nodiscard]] bool sweep();
  [[nodiscard]] Instant next() const { return core_.has_view() ? beat_at_ : Instant::never(); }

  // For so long from now nobody can rely on what we know of answers: an earlier life may have given some.
  [[nodiscard]] Duration forgets_for() const;
  // Programs of an earlier life of ours, whose daemon died, may still take their locks for their own.
  [[nodiscard]] bool earlier_life_is_believed() const;
  // For people: one for each lost node, the longest.
  [[nodiscard]] std::vector<wire::LostLease> lease_waits() const;

 private:
  void note_loss(const FormerPeer& peer);
  void ask_for_proof();
  [[nodiscard]] bool gained_by_device() const;
  [[nodiscard]] Duration full_wait() const { return cluster::LostNodes::wait_for(core_.config.lease); }

  Core& core_;
  Peers& peers_;
  Post& post_;
  Instant deadline_ = Instant::never();
  Instant beat_at_;  // when the others are to be asked again whether we are there
  Instant unsure_until_;  // what members who are gone answered is not known: see Leases::is_majority_of_before
  std::set<std::pair<NodeId, Incarnation>> proof_asked_;
};

}  // namespace holdfast::node
