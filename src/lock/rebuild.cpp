// SPDX-License-Identifier: Apache-2.0
// Rebuilding a resource after its master was lost. The order of the queues is kept: whoever had a
// stamp from the old master stands where it stood, and who had none (its request was on its way
// when the master died) stands behind them and is treated as one that arrives now: only it can
// still be refused.
#include "base/planted.hpp"
#include "lock/grant.hpp"
#include "lock/state.hpp"

#include <algorithm>
#include <vector>

namespace holdfast::lock {
namespace {

// Sorts by stamp, equal ones in the order in which they came back, and collects those that have
// none.
void sort_queue(Resource& resource, Queue& queue, std::vector<LockId>& unstamped) {
  queue.locks.sort([](const Lock& a, const Lock& b) {
    return planted(Bug::lose_queue_order) ? a.stamp > b.stamp : a.stamp < b.stamp;
  });
  for (const Lock& lock : queue.locks) {
    if (lock.stamp == no_stamp) {
      unstamped.push_back(lock.id);
    } else {
      resource.front = std::min(resource.front, lock.stamp);
      resource.back = std::max(resource.back, lock.stamp);
    }
  }
}

void forget_notices(Resource& resource) {
  for (LockList* locks : {&resource.granted, &resource.converting.locks})
    for (Lock& lock : *locks) lock.told = Mode::NL;
  resource.told = ModeSet{};
}

// Why a lock that came without a stamp cannot be left in its queue; ok if it can.
Errc reason_to_refuse(const Resource& resource, const Lock& lock) {
  if (lock.flags.has(Flag::noqueue)) return Errc::blocked;
  const bool stays = lock.flags.has(Flag::nodlckwt) || lock.flags.has(Flag::convdeadlk);
  if (lock.standing == Standing::converting && !stays && deadlocked(resource, lock))
    return Errc::deadlock;
  return Errc::ok;
}

// Two that exclude each other cannot both have been held. One of them had agreed to give its mode up for its
// conversion, and the old master had taken it at its word; only it had not heard of that yet.
void demote_what_must_have_been(Resource& resource) {
  for (Lock& lock : resource.converting.locks) {
    if (!lock.flags.has(Flag::convdeadlk) || lock.granted == Mode::NL) continue;
    const auto is_in_the_way = [&lock](const Lock& other) {
      return &other != &lock && !compatible(lock.granted, other.granted);
    };
    if (std::ranges::any_of(resource.granted, is_in_the_way) ||
        std::ranges::any_of(resource.converting.locks, is_in_the_way))
      resource.demote(lock);
  }
}

void refuse_conversion(Turn& turn, Lock& lock) {
  turn.resource.take_off(lock);
  lock.wanted = lock.granted;
  lock.stamp = 0;
  turn.resource.hold(lock);
}

}  // namespace

LockId Engine::restore(ResourceId resource, const LockState& state) {
  Resource& home = state_->resources[resource];
  const LockId id = state_->locks.emplace();
  Lock& lock = state_->locks[id];
  lock.id = id;
  lock.resource = resource;
  lock.holder = state.holder;
  lock.flags = state.flags;
  lock.token = state.token;
  lock.granted = state.standing == Standing::waiting ? Mode::NL : state.granted;
  state_->clock.merge(state.token);
  if (state.standing == Standing::granted) {
    lock.wanted = lock.granted;
    home.hold(lock);
  } else {
    lock.wanted = state.wanted;
    lock.stamp = state.stamp;
    home.append(lock, state.standing);
  }
  return id;
}

void Engine::restore_value(ResourceId resource, Value value) {
  state_->resources[resource].value = std::move(value);
}

void Engine::resume(ResourceId id, Outcomes& out) {
  Turn turn = state_->turn(id, out);
  Resource& resource = turn.resource;
  std::vector<LockId> unstamped;
  demote_what_must_have_been(resource);
  resource.granted.sort([](const Lock& a, const Lock& b) { return a.token > b.token; });
  sort_queue(resource, resource.converting, unstamped);
  sort_queue(resource, resource.waiting, unstamped);
  for (const LockId lock : unstamped) state_->locks[lock].stamp = ++resource.back;
  forget_notices(resource);
  settle(turn);

  // The last one first: of two conversions that block each other it is the later one that is
  // refused.
  std::reverse(unstamped.begin(), unstamped.end());
  for (const LockId unstamped_id : unstamped) {
    Lock& lock = state_->locks[unstamped_id];
    if (lock.standing == Standing::granted) continue;
    const Errc why = reason_to_refuse(resource, lock);
    Outcome& outcome =
        out.emplace_back(about(lock, why == Errc::ok ? OutcomeKind::queued : OutcomeKind::refused));
    outcome.status = why;
    outcome.mode = lock.granted;
    outcome.stamp = lock.stamp;
    if (why == Errc::ok) continue;
    if (lock.standing == Standing::waiting) {
      state_->end(turn, lock);
    } else {
      refuse_conversion(turn, lock);
      settle(turn);
    }
  }
}

}  // namespace holdfast::lock
