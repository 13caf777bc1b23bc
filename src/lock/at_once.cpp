// SPDX-License-Identifier: Apache-2.0
// The short way. Most locks are asked for while nothing stands in their way and given up while nobody
// waits; then none of the queues' rules has anything to say. request() and unlock() begin here, so whatever
// is proved of them is proved of this.
#include "lock/state.hpp"

namespace holdfast::lock {
namespace {

bool nobody_waits(const Resource& resource) {
  return resource.converting.locks.empty() && resource.waiting.locks.empty();
}

}  // namespace

// A value in doubt has to be told to some: that is not for here.
AtOnce Engine::request_at_once(ResourceId id, const Holder& holder, Mode mode) {
  Resource& resource = state_->resources[id];
  if (!nobody_waits(resource) || resource.held.present().meets(conflicts_of(mode)) ||
      resource.value.state == ValueState::doubtful)
    return {};
  const LockId fresh = state_->locks.emplace();
  Lock& lock = state_->locks[fresh];
  lock.id = fresh;
  lock.resource = id;
  lock.holder = holder;
  lock.flags = {};
  lock.token = state_->clock.tick();
  lock.granted = lock.wanted = mode;
  resource.hold(lock);
  return {.lock = fresh,
          .token = lock.token,
          .value_state = resource.value.state,
          .write_number = resource.value.write_number};
}

bool Engine::unlock_at_once(LockId id) {
  Lock* lock = state_->locks.find(id);
  if (lock == nullptr) return false;
  Resource& resource = state_->resources[lock->resource];
  if (!nobody_waits(resource)) return false;
  resource.take_off(*lock);
  state_->locks.erase(id);
  if (resource.granted.empty()) resource.value.forget();
  return true;
}

}  // namespace holdfast::lock
