// SPDX-License-Identifier: Apache-2.0
// The life of a lock but for its conversions: requests, endings, cancels.
#include "lock/engine.hpp"

#include "base/limits.hpp"
#include "lock/grant.hpp"
#include "lock/notice.hpp"
#include "lock/state.hpp"
#include "lock/value.hpp"

namespace holdfast::lock {
namespace {

void refuse_request(Turn& turn, const Lock& lock, Errc why) {
  turn.out.emplace_back(about(lock, OutcomeKind::refused)).status = why;
  if (!lock.flags.has(Flag::noqueuebast)) return;
  tell_granted(turn, lock);
  tell_converting(turn, lock);
}

void queue_request(Turn& turn, Lock& lock) {
  turn.resource.enqueue(lock, Standing::waiting);
  turn.out.emplace_back(about(lock, OutcomeKind::queued)).stamp = lock.stamp;
  tell_granted(turn, lock);
}

}  // namespace

Engine::Engine(Clock& clock) : state_(new State{Tables{.clock = clock}}) {}
Engine::~Engine() = default;

ResourceId Engine::create() {
  const ResourceId id = state_->resources.emplace();
  state_->resources[id].id = id;
  return id;
}

void Engine::destroy(ResourceId resource) {
  HF_ASSERT(state_->resources[resource].empty());
  state_->resources.erase(resource);
}

void Engine::forget(ResourceId id) {
  Resource& resource = state_->resources[id];
  for (const LockId lock : locks(id)) {
    resource.take_off(state_->locks[lock]);
    state_->locks.erase(lock);
  }
  state_->resources.erase(id);
}

LockId Engine::request(ResourceId resource, const Holder& holder, const Ask& ask, Outcomes& out) {
  HF_ASSERT(check_request(ask.mode, ask.flags) == Errc::ok);
  if (ask.flags.empty()) {
    if (const AtOnce granted = request_at_once(resource, holder, ask.mode); granted.lock) {
      out.push_back({.kind = OutcomeKind::granted,
                     .lock = granted.lock,
                     .holder = holder,
                     .mode = ask.mode,
                     .token = granted.token});
      return granted.lock;
    }
  }
  Turn turn = state_->turn(resource, out);
  const LockId id = state_->locks.emplace();
  Lock& lock = state_->locks[id];
  lock.id = id;
  lock.resource = resource;
  lock.holder = holder;
  lock.flags = ask.flags;
  lock.wanted = ask.mode;

  const Answer answer = consider(turn.resource, lock, Place::arriving);
  if (answer != Answer::no) {
    grant(turn, lock, answer, {});
    return id;
  }
  const bool full = turn.resource.waiting.locks.size() >= limits::waiters_per_resource_max;
  if (!full && !ask.flags.has(Flag::noqueue)) {
    queue_request(turn, lock);
    return id;
  }
  refuse_request(turn, lock, ask.flags.has(Flag::noqueue) ? Errc::blocked : Errc::too_many_waiters);
  state_->locks.erase(id);
  return LockId{};
}

Errc Engine::unlock(LockId id, const Ending& ending, Outcomes& out) {
  Lock* lock = state_->locks.find(id);
  if (lock == nullptr) return Errc::no_such_lock;
  const Outcome ended = about(*lock, OutcomeKind::unlocked);
  if (ending.flags.empty() && unlock_at_once(id)) {
    out.push_back(ended);
    return Errc::ok;
  }
  Turn turn = state_->turn(lock->resource, out);
  if (lock->standing != Standing::waiting)
    give_up_value(turn.resource.value, lock->granted, ending);
  out.push_back(ended);
  state_->end(turn, *lock);
  return Errc::ok;
}

Errc Engine::cancel(LockId id, Errc reason, Outcomes& out) {
  Lock* lock = state_->locks.find(id);
  if (lock == nullptr) return Errc::no_such_lock;
  if (lock->standing == Standing::granted) return Errc::ok;
  Turn turn = state_->turn(lock->resource, out);
  Outcome& outcome = out.emplace_back(about(*lock, OutcomeKind::cancelled));
  outcome.status = reason;
  outcome.mode = lock->granted;
  if (lock->standing == Standing::waiting) {
    state_->end(turn, *lock);
    return Errc::ok;
  }
  turn.resource.take_off(*lock);
  lock->wanted = lock->granted;
  lock->stamp = 0;
  lock->demoted = false;
  lock->parked.reset();
  turn.resource.hold(*lock);
  settle(turn);
  return Errc::ok;
}

void Engine::vanish(LockId id, ValueAfter value, Outcomes& out) {
  Lock& lock = state_->locks[id];
  Turn turn = state_->turn(lock.resource, out);
  if (value == ValueAfter::doubt_if_writer && lock.standing != Standing::waiting &&
      writes_value(lock.granted))
    turn.resource.value.doubt();
  state_->end(turn, lock);
}

void Engine::tell_again(LockId id, Outcomes& out) {
  Lock& lock = state_->locks[id];
  Turn turn = state_->turn(lock.resource, out);
  lock.told = Mode::NL;
  turn.resource.told = ModeSet{};
  tell_blocked(turn);
}

void Engine::reassign(LockId lock, const Holder& holder) { state_->locks[lock].holder = holder; }

void Engine::State::end(Turn& turn, Lock& lock) {
  HF_ASSERT(lock.resource == turn.resource.id);
  turn.resource.take_off(lock);
  locks.erase(lock.id);
  if (turn.resource.empty()) {
    turn.resource.value.forget();
  } else {
    settle(turn);
  }
}

}  // namespace holdfast::lock
