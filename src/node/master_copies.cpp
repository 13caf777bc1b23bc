// SPDX-License-Identifier: Apache-2.0
// The second copy of a value, as its master sees to it (the other side: copies.hpp). Before anybody is told what
// came of a write, or is granted a mode in which it can write, the keeper knows: if this node is lost a moment
// later, the value is known to be the newest, or known to be in doubt. A value that nobody wrote costs nothing.
#include "node/master.hpp"

namespace holdfast::node {

Master::CopyState Master::copy_state(const Resource& resource) const {
  const Value& value = engine_.value(resource.id);
  CopyState state{.write_number = value.write_number, .state = value.state, .writer = {}, .writer_incarnation = {}};
  if (const LockId writer = engine_.writer(resource.id)) {
    state.writer = engine_.holder(writer)->node;
    state.writer_incarnation = extra(writer).incarnation;
  }
  return state;
}

// Behind everything that may have changed the value, or who can write it.
void Master::copy_value(Resource& resource) {
  if (!resource.copy && engine_.value(resource.id).state == ValueState::never_written) return;
  const NodeId keeper = core_.homes.keeper(slot_of(resource.key), core_.self());
  if (!keeper) return;
  if (!resource.copy) resource.copy = std::make_unique<Copy>();
  Copy& copy = *resource.copy;
  const CopyState state = copy_state(resource);
  if (copy.is_at(keeper, core_.incarnation_of(keeper)) && copy.told == state) return;
  // That a writer is gone may be heard late: it only takes doubt away.
  const bool awaited = copy.told.write_number != state.write_number || copy.told.state != state.state ||
                       (state.writer && copy.told.writer != state.writer);
  copy.told = state;
  send_copy(resource, keeper);
  if (awaited) resource.phase = Phase::copying;
}

void Master::send_copy(Resource& resource, NodeId keeper) {
  Copy& copy = *resource.copy;
  copy.keeper = keeper;
  copy.incarnation = core_.incarnation_of(keeper);
  ++copy.version;
  post_.send(keeper, wire::ValueCopy{.epoch = core_.view.epoch, .mastership = resource.mastership,
                                     .resource = resource.id, .version = copy.version, .state = copy.told.state,
                                     .write_number = copy.told.write_number, .writer = copy.told.writer,
                                     .writer_incarnation = copy.told.writer_incarnation, .key = resource.key,
                                     .value = engine_.value(resource.id).bytes});
}

void Master::on(NodeId from, const wire::ValueCopied& reply) {
  Resource* resource = find(reply.resource);
  if (resource == nullptr || resource->mastership != reply.mastership || !resource->copy) return;
  if (resource->copy->keeper != from) return;
  resource->copy->known = std::max(resource->copy->known, reply.version);
  if (resource->phase == Phase::copying) answer_what_is_copied(*resource);
}

// What waited for the keeper goes out now, and the resource is served again.
void Master::answer_what_is_copied(Resource& resource) {
  HF_ASSERT(resource.phase == Phase::copying);
  Copy& copy = *resource.copy;
  if (copy.known < copy.version || !core_.may_grant()) return;
  const ResourceId id = resource.id;
  const std::optional<wire::MoveOrder> order = std::exchange(copy.order, {});
  const std::string key = resource.key;
  resource.phase = Phase::telling;
  send_answers(resource);
  if (resource.copy->told.state == ValueState::never_written) resource.copy.reset();
  resource.phase = Phase::serving;
  settle(resource);
  retry_held_back(id);
  if (!order) return;
  wire::MoveOrder again = *order;
  again.key = key;
  on(again);
}

void Master::send_answers(Resource& resource) {
  for (const Copy::Answer& answer : std::exchange(resource.copy->answers, {}))
    if (core_.is_member(answer.to, answer.incarnation)) post_.send_frame(answer.to, answer.frame);
}

// A view change may have made another node the keeper, and have swallowed what was on its way to it.
void Master::renew_copy(Resource& resource) {
  if (!resource.copy) return copy_value(resource);
  Copy& copy = *resource.copy;
  const NodeId keeper = core_.homes.keeper(slot_of(resource.key), core_.self());
  if (keeper) {
    if (copy.known == copy.version && copy.is_at(keeper, core_.incarnation_of(keeper))) {
      if (resource.phase == Phase::copying) answer_what_is_copied(resource);
      return;
    }
    core_.reached("a value is copied again");
    return send_copy(resource, keeper);
  }
  // Nobody else is left.
  copy.known = copy.version;
  if (resource.phase == Phase::copying) answer_what_is_copied(resource);
  if (resource.phase == Phase::serving) resource.copy.reset();
}

// The keeper need not remember what is served here no more.
void Master::end_copy(Resource& resource) {
  if (!resource.copy) return;
  send_answers(resource);
  if (const auto& order = resource.copy->order; order && order->origin)
    post_.send(order->origin, wire::MoveAnswer{.number = order->number, .status = Errc::busy});
  post_.send(resource.copy->keeper,
             wire::ValueCopy{.epoch = core_.view.epoch, .mastership = resource.mastership, .key = resource.key});
  resource.copy.reset();
}

}  // namespace holdfast::node
