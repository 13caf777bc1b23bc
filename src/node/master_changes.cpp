// SPDX-License-Identifier: Apache-2.0
// How a resource goes and comes back: given up when nobody uses it, cleared of a lost node's locks, and
// rebuilt after its master was lost.
#include <algorithm>

#include "base/planted.hpp"
#include "node/master.hpp"

namespace holdfast::node {

// Behind everything that may have given or taken a lock.
void Master::settle(Resource& resource) {
  if (engine_.empty(resource.id))
    idle_.leave(resource, core_.now);
  else
    idle_.use(resource);
}

void Master::sweep(Allowance& allowance) {
  follow_uses();
  while (!allowance.is_spent()) {
    Resource* resource = idle_.take_due(core_.now, keep());
    if (resource == nullptr) return;
    allowance.spend(Allowance::lock);
    if (resource->phase != Phase::serving || !core_.has_view()) continue;
    resource->phase = Phase::removing;
    ask_removal(*resource);
  }
}

// From the question to its answer new operations are held back: the home may have told somebody else
// already that nobody is master.
void Master::ask_removal(const Resource& resource) {
  HF_ASSERT(engine_.empty(resource.id) && resource.phase == Phase::removing);
  const std::string key = resource.key;  // the answer may destroy the resource while the message is read
  post_.send(core_.home(slot_of(key)), wire::Remove{.epoch = core_.view.epoch, .mastership = resource.mastership,
                                                    .generation = resource.generation, .key = key});
}

void Master::on(const wire::RemoveReply& reply) {
  const ResourceId* const known = by_key_.find(reply.key);
  if (known == nullptr) return;
  Resource& resource = at(*known);
  if (resource.phase != Phase::removing || resource.mastership != reply.mastership) return;
  const ResourceId id = resource.id;
  resource.phase = Phase::serving;
  if (reply.status == Errc::ok && engine_.empty(id)) {
    // Whoever sent us something meanwhile knew us from before and has to ask the home again.
    send_back(std::exchange(resource.held_back, {}));
    if (Resource* still = find(id)) destroy(*still);
    return;
  }
  settle(resource);
  retry_held_back(id);
}

void Master::destroy(Resource& resource) {
  HF_ASSERT(engine_.empty(resource.id));
  note(resource, Happening::given_up);
  forget(resource);
}

void Master::forget(Resource& resource) {
  end_copy(resource);
  idle_.remove(resource);
  by_key_.erase(resource.key);
  engine_.forget(resource.id);
  resource.phase = Phase::gone;
  resource.held_back.clear();
  resource.move.reset();
  resource.is_candidate = false;
  resource.uses = {};
  resource.stays_until = {};
}

// What moves was looked at when the moves began again.
bool Master::take_view(Allowance& allowance) {
  while (looked_at_ < resources_.size() && !allowance.is_spent()) {
    Resource& resource = resources_[looked_at_++];  // telling holders can add resources
    allowance.spend(resource.phase == Phase::gone ? Allowance::look_at_nothing : Allowance::look_after);
    if (resource.phase != Phase::gone && !resource.move) look_after_view(resource);
  }
  if (looked_at_ < resources_.size()) return false;
  looked_at_ = UINT32_MAX;
  return true;
}

void Master::look_after_view(Resource& resource) {
  const ResourceId id = resource.id;
  drop_held_of_the_gone(resource);
  if (resource.move) view_changed_while_moving(resource);
  if (resource.copy) resource.copy->order.reset();  // whoever asked hears of the view
  if (find(id) == nullptr || resource.move) return;
  if (!core_.may_grant()) return;  // whatever ends here might let somebody in
  clear_of_the_lost(resource);
  if (find(id) == nullptr) return;
  renew_copy(resource);
  if (find(id) == nullptr) return;
  // The question or its answer may have been lost with the home, and only the answer tells whether we are
  // master still: ask again.
  if (resource.phase == Phase::removing)
    ask_removal(resource);
  else
    settle(resource);
  retry_held_back(id);
}

// What they hold stays until their lease is over (which may have come while the resource moved); what they wait
// for would be granted to nobody.
void Master::clear_of_the_lost(Resource& resource) {
  const ResourceId id = resource.id;
  for (const LockId lock : engine_.locks(id)) {
    if (!engine_.exists(lock)) continue;
    const lock::LockState state = engine_.state(lock);
    const NodeId node = state.holder.node;
    const Incarnation incarnation = extra(lock).incarnation;
    if (core_.is_member(node, incarnation)) continue;
    lock::Outcomes outcomes;
    if (state.standing == lock::Standing::waiting) {
      engine_.vanish(lock, lock::ValueAfter::keep, outcomes);
    } else if (planted(Bug::regrant_dead_daemon) || !core_.lost.is_waited_for(node, incarnation)) {
      core_.reached("the lease of a holder ended during a move");
      engine_.vanish(lock, lock::ValueAfter::doubt_if_writer, outcomes);
    } else if (state.standing == lock::Standing::converting) {
      (void)engine_.cancel(lock, Errc::lost, outcomes);
    }
    deliver(at(id), outcomes, wire::Answer::wanted);
  }
}

bool Master::drop_locks(NodeId node, Incarnation incarnation, Dropping& how_far, Allowance& allowance) {
  // Telling holders can add resources.
  for (; how_far.next < resources_.size() && !allowance.is_spent(); ++how_far.next) {
    Resource& resource = resources_[how_far.next];
    allowance.spend(resource.phase == Phase::gone ? Allowance::look_at_nothing : Allowance::look);
    // What moves is cleared by whoever serves it then.
    if (resource.phase == Phase::gone || resource.move) continue;
    const ResourceId id = resource.id;
    for (const LockId lock : engine_.locks(id)) {
      if (!engine_.exists(lock)) continue;
      if (engine_.state(lock).holder.node != node || extra(lock).incarnation != incarnation) continue;
      note(resource, Happening::dropped, *engine_.holder(lock));
      lock::Outcomes outcomes;
      engine_.vanish(lock, lock::ValueAfter::doubt_if_writer, outcomes);
      ++how_far.dropped;
      allowance.spend(Allowance::lock);
      deliver(at(id), outcomes, wire::Answer::wanted);
    }
    settle(at(id));
  }
  if (how_far.next < resources_.size()) return false;
  core_.trace({.kind = TraceKind::locks_dropped, .peer = node, .a = how_far.dropped, .text = {}});
  return true;
}

bool Master::claim_moved(const std::bitset<limits::slots>& moved, std::uint32_t& next, Allowance& allowance) {
  for (; next < resources_.size() && !allowance.is_spent(); ++next) {
    Resource& resource = resources_[next];
    allowance.spend(resource.phase == Phase::gone ? Allowance::look_at_nothing : Allowance::look);
    // What moves is still ours, until the home has written down another; what arrives is ours, since whoever
    // gave it serves no more: the larger mastership counts. (What was handed to a lost node: see tell_moves.)
    const bool serves = resource.phase == Phase::serving || resource.phase == Phase::copying;
    const bool is_ours = serves || (resource.move && is_complete(*resource.move));
    if (is_left_behind(resource)) continue;
    if (!is_ours) continue;
    const Slot slot = slot_of(resource.key);
    if (!moved.test(slot.value())) continue;
    allowance.spend(Allowance::lock);
    resource.generation = 0;  // the new home has sent nobody here yet
    post_.send(core_.home(slot),
               wire::MasterClaim{.epoch = core_.view.epoch, .mastership = resource.mastership, .key = resource.key});
  }
  return next >= resources_.size();
}

void Master::rebuild(std::string_view key, Mastership mastership, std::vector<Restored> locks, Value value) {
  const ResourceId id = become(key, mastership, 0);
  Resource& resource = at(id);
  note(resource, Happening::rebuilt);
  idle_.use(resource);
  resource.phase = Phase::telling;  // nobody's operation may come between the locks
  const bool written = value.has_bytes() || value.state != ValueState::never_written;
  if (written) engine_.restore_value(id, std::move(value));
  for (const Restored& restored : locks) {
    const LockId lock = engine_.restore(id, restored.state);
    extra(lock) = {.applied = restored.number, .pending = restored.number, .asked = {},
                   .since = restored.since, .incarnation = core_.incarnation_of(restored.node)};
    post_.send(restored.node,
               wire::RebuildReply{.claim = restored.state.holder.claim, .number = restored.number,
                                  .mastership = mastership, .resource = id, .lock = lock,
                                  .stamp = engine_.state(lock).stamp});
  }
  lock::Outcomes outcomes;
  engine_.resume(id, outcomes);
  resource.phase = Phase::serving;
  deliver(resource, outcomes, wire::Answer::wanted);
  settle(resource);
}

}  // namespace holdfast::node
