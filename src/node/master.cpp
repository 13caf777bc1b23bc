// SPDX-License-Identifier: Apache-2.0
// How operations reach the engine. What the engine answers is in master_answers.cpp; giving resources up
// and getting them back after a loss is in master_changes.cpp.
#include "node/master.hpp"

#include <algorithm>

#include "base/planted.hpp"
#include "wire/framing.hpp"

namespace holdfast::node {
Master::Resource& Master::at(ResourceId id) {
  Resource* resource = find(id);
  HF_ASSERT(resource != nullptr);
  return *resource;
}

ResourceId Master::become(std::string_view key, Mastership mastership, std::uint64_t generation) {
  HF_ASSERT(mastership);
  core_.saw(mastership);
  if (const ResourceId* known = by_key_.find(key)) {
    Resource& resource = at(*known);
    // It may have been moved away and back since that was sent.
    if (mastership < resource.mastership) return resource.id;
    resource.mastership = mastership;
    resource.generation = std::max(resource.generation, generation);
    return resource.id;
  }
  const ResourceId id = engine_.create();
  Resource& resource = resources_[index_of(id.value())];
  HF_ASSERT(resource.phase == Phase::gone);
  resource.id = id;
  resource.key.assign(key);
  resource.key_hash = hash_bytes(key);
  resource.mastership = mastership;
  resource.generation = generation;
  resource.phase = Phase::serving;
  by_key_[key] = id;
  resource.root = root_of(resource);
  idle_.leave(resource, core_.now);
  note(resource, Happening::mastered);
  return id;
}

void Master::on(NodeId from, const wire::Operation& operation) {
  Resource* resource = find(operation.resource);
  if (resource == nullptr || resource->mastership != operation.mastership) {
    post_.send(from, wire::NotMaster{.claim = operation.claim, .number = operation.number,
                                     .mastership = operation.mastership});
    return;
  }
  if (resource->phase != Phase::serving || !core_.may_grant()) {
    hold_back(*resource, from, operation);
    if (resource->move && resource->move->handed) send_away_strangers(*resource);
    return;
  }
  apply(*resource, from, operation);
}

// What a request of number 1 and an unanswered unlock come to, where nobody else is concerned.
lock::AtOnce Master::lock_at_once(ResourceId id, Mastership mastership, const lock::Holder& holder, Mode mode) {
  Resource* resource = free_of_others(id, mastership);
  if (resource == nullptr || (resource->copy && writes_value(mode))) return {};
  const lock::AtOnce granted = engine_.request_at_once(id, holder, mode);
  if (!granted.lock) return {};
  idle_.use(*resource);
  note_use(*resource, core_.self());
  resource->quiet = true;
  extra(granted.lock) = {.applied = 1, .pending = 1, .asked = {}, .since = core_.now,
                         .incarnation = core_.config.incarnation};
  note_at_once(*resource, Happening::granted, holder, mode);
  return granted;
}

bool Master::unlock_at_once(ResourceId id, Mastership mastership, LockId lock) {
  Resource* resource = free_of_others(id, mastership);
  if (resource == nullptr || resource->copy) return false;
  const lock::Holder* held = engine_.holder(lock);
  if (held == nullptr) return false;
  const lock::Holder holder = *held;
  if (!engine_.unlock_at_once(lock)) return false;
  note_at_once(*resource, Happening::released, holder, Mode::NL);
  settle(*resource);
  return true;
}

void Master::on_asked(NodeId origin, Mastership mastership, std::uint64_t generation,
                      const wire::Operation& operation) {
  Resource& resource = at(become(operation.key, mastership, generation));
  if (resource.phase == Phase::telling || resource.phase == Phase::copying || resource.move) {
    // What is ahead of it has not all been said yet, or is about to go elsewhere.
    if (planted(Bug::apply_out_of_order)) return apply(resource, origin, operation);
    hold_back(resource, origin, operation);
    return;
  }
  // If we have asked for the removal, the home has sent somebody here since, and will refuse it: we serve on.
  const ResourceId id = resource.id;
  resource.phase = Phase::serving;
  apply(resource, origin, operation);
  retry_held_back(id);
}

void Master::recall(Resource& resource) {
  resource.quiet = false;
  for (const LockId lock : engine_.locks(resource.id))
    if (const lock::Holder* holder = engine_.holder(lock); holder != nullptr && holder->node == core_.self())
      post_.recall(holder->claim);
}

void Master::apply(Resource& resource, NodeId from, const wire::Operation& operation) {
  if (from != core_.self() && !core_.view.has(from)) return;
  if (!is_up_to_date(resource)) clear_of_the_lost(resource);
  if (resource.quiet && operation.kind != wire::OperationKind::unlock) recall(resource);
  const ResourceId id = resource.id;
  if (const LockId lock = find_lock(resource, from, operation))
    apply_to_lock(resource, lock, from, operation);
  else if (operation.kind == wire::OperationKind::request)
    apply_request(resource, from, operation);
  else if (operation.asked && operation.number > 1)
    hold_back(resource, from, operation);  // it overtook the request, which comes through the home
  else if (operation.answer == wire::Answer::wanted)
    post_.send(from, wire::DoneReply{.claim = operation.claim, .number = operation.number, .asked = operation.asked,
                                     .mastership = resource.mastership, .status = Errc::no_such_lock});
  if (resource.phase != Phase::gone && resource.id == id) settle(resource);
}

// The lock that this operation is about, if there is one. A first request that came straight to us cannot
// have one: only what goes through the home can come twice.
LockId Master::find_lock(const Resource& resource, NodeId node, const wire::Operation& operation) const {
  const auto is_meant = [&](LockId lock) {
    const lock::Holder* holder = engine_.holder(lock);
    // Another life of the node counted its claims from the start again.
    return holder != nullptr && holder->node == node && holder->claim == operation.claim &&
           extra(lock).incarnation == core_.incarnation_of(node);
  };
  if (operation.lock && is_meant(operation.lock)) return operation.lock;
  if (!operation.asked && operation.number == 1) return {};
  for (const LockId lock : engine_.locks(resource.id))
    if (is_meant(lock)) return lock;
  return {};
}

void Master::apply_request(Resource& resource, NodeId from, const wire::Operation& operation) {
  if (const Errc wrong = lock::check_request(operation.mode, operation.flags); wrong != Errc::ok) {
    refuse(from, resource, operation, wrong);
    return;
  }
  note_use(resource, from);
  lock::Outcomes outcomes = std::exchange(spare_outcomes_, {});
  outcomes.clear();
  const lock::Holder holder{.node = from, .claim = operation.claim, .owner = operation.owner};
  // The engine's answer needs the number before the lock has one: a refusal has no lock.
  const LockId lock = engine_.request(resource.id, holder, {.mode = operation.mode, .flags = operation.flags, .value = operation.value}, outcomes);
  const Extra fresh{.applied = operation.number, .pending = operation.number, .asked = operation.asked,
                    .since = core_.now, .incarnation = core_.incarnation_of(from)};
  if (lock)
    extra(lock) = fresh;
  else if (!outcomes.empty() && outcomes.front().lock)
    extra(outcomes.front().lock) = fresh;
  explain(resource, outcomes, operation);
  deliver(resource, outcomes, operation.answer);
  spare_outcomes_ = std::move(outcomes);
}

void Master::apply_to_lock(Resource& resource, LockId lock, NodeId from, const wire::Operation& operation) {
  Extra& extra = this->extra(lock);
  if (operation.number <= extra.applied) {
    repeat_answer(resource, lock, operation);
    return;
  }
  if (operation.number > extra.applied + 1) {
    hold_back(resource, from, operation);
    return;
  }
  const ResourceId id = resource.id;
  extra.applied = operation.number;
  switch (operation.kind) {
    case wire::OperationKind::request: break;  // number 1 was applied when the lock came into being
    case wire::OperationKind::convert: convert(resource, lock, operation); break;
    case wire::OperationKind::unlock: unlock(resource, lock, from, operation); break;
    case wire::OperationKind::cancel: cancel(resource, lock, from, operation); break;
  }
  retry_held_back(id);
}

void Master::convert(Resource& resource, LockId lock, const wire::Operation& operation) {
  Extra& extra = this->extra(lock);
  extra.pending = operation.number;
  extra.asked = operation.asked;
  extra.since = core_.now;
  lock::Outcomes outcomes = std::exchange(spare_outcomes_, {});
  outcomes.clear();
  const NodeId holder = engine_.holder(lock)->node;
  note_use(resource, holder);
  const Errc status =
      engine_.convert(lock, {.mode = operation.mode, .flags = operation.flags, .value = operation.value}, outcomes);
  explain(resource, outcomes, operation);
  if (status != Errc::ok)
    refuse(holder, resource, operation, status);
  else
    deliver(resource, outcomes, operation.answer);
  spare_outcomes_ = std::move(outcomes);
}

void Master::unlock(Resource& resource, LockId lock, NodeId from, const wire::Operation& operation) {
  lock::Outcomes outcomes = std::exchange(spare_outcomes_, {});
  outcomes.clear();
  const Mastership mastership = resource.mastership;
  const Errc status = engine_.unlock(lock, {.flags = operation.flags, .value = operation.value}, outcomes);
  HF_ASSERT(status == Errc::ok);
  copy_value(resource);
  if (operation.answer == wire::Answer::wanted)
    send_when_copied(resource, from, wire::DoneReply{.claim = operation.claim, .number = operation.number, .asked = operation.asked,
                                     .mastership = mastership, .status = status});
  deliver(resource, outcomes, operation.answer);
  spare_outcomes_ = std::move(outcomes);
}

void Master::cancel(Resource& resource, LockId lock, NodeId from, const wire::Operation& operation) {
  lock::Outcomes outcomes = std::exchange(spare_outcomes_, {});
  outcomes.clear();
  const Mastership mastership = resource.mastership;
  const ResourceId id = resource.id;
  if (operation.reason == Errc::timed_out || operation.reason == Errc::deadlock) explanation_ = blockers(lock);
  const Errc status = engine_.cancel(lock, operation.reason, outcomes);
  deliver(resource, outcomes, wire::Answer::wanted);
  spare_outcomes_ = std::move(outcomes);
  if (operation.answer != wire::Answer::wanted) return;
  const wire::DoneReply done{.claim = operation.claim, .number = operation.number, .asked = operation.asked,
                             .mastership = mastership, .status = status};
  if (const Resource* still = find(id))
    send_when_copied(*still, from, done);
  else
    post_.send(from, done);
}

void Master::refuse(NodeId to, const Resource& resource, const wire::Operation& operation, Errc status) {
  if (operation.answer == wire::Answer::unwanted) return;
  post_.send(to, wire::RefuseReply{.claim = operation.claim, .number = operation.number, .asked = operation.asked,
                                   .mastership = resource.mastership, .resource = resource.id,
                                   .lock = operation.lock, .status = status, .blockers = {}});
}

void Master::hold_back(Resource& resource, NodeId from, const wire::Operation& operation) {
  if (!core_.view.has(from)) return;
  wire::Buffer bytes;
  wire::append_frame(bytes, operation);
  resource.held_back.push_back(
      {.from = from, .incarnation = core_.incarnation_of(from), .bytes = std::string(bytes.text())});
  core_.reached("an operation is held back");
}

void Master::retry_held_back(ResourceId id) {
  Resource* resource = find(id);
  if (resource == nullptr || resource->held_back.empty() || resource->phase != Phase::serving ||
      !core_.may_grant())
    return;
  // What still has to wait puts itself back.
  for (const HeldBack& held : std::exchange(resource->held_back, {})) {
    resource = find(id);
    if (resource == nullptr) return;
    if (!core_.is_member(held.from, held.incarnation)) continue;
    wire::Operation operation;
    const bool decoded = decode_held(held.bytes, operation);
    HF_ASSERT(decoded);
    apply(*resource, held.from, operation);
  }
}

void Master::drop_held_of_the_gone(Resource& resource) const {
  std::erase_if(resource.held_back, [&](const HeldBack& held) { return !core_.is_member(held.from, held.incarnation); });
}

void Master::send_back(const std::vector<HeldBack>& held) {
  for (const HeldBack& one : held) {
    if (!core_.is_member(one.from, one.incarnation)) continue;
    wire::Operation operation;
    const bool decoded = decode_held(one.bytes, operation);
    HF_ASSERT(decoded);
    // Whoever asked through the home waits for the answer to that question: the home knows by now who is master.
    if (!operation.asked)
      post_.send(one.from, wire::NotMaster{.claim = operation.claim, .number = operation.number,
                                           .mastership = operation.mastership});
    else if (operation.asked == core_.view.epoch)
      post_.send(core_.home(slot_of(operation.key)),
                 wire::Forward{.origin = one.from, .mastership = {}, .generation = 0, .operation = operation});
  }
}

}  // namespace holdfast::node
