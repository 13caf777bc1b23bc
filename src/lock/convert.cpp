// SPDX-License-Identifier: Apache-2.0
// Conversions. One that cannot be granted in place queues, unless it would complete a conversion
// deadlock: two holders, each of whose granted modes is in the way of what the other wants. Nobody
// else can break that, so it is broken at arrival: the newcomer is refused (deadlock), or gives up
// its granted mode where it agreed to (CONVDEADLK), or waits regardless (NODLCKWT). Owns I10.
#include "lock/grant.hpp"
#include "lock/notice.hpp"
#include "lock/state.hpp"

#include <algorithm>

namespace holdfast::lock {
namespace {

// Its granted mode is what it had, and its id stays good.
void refuse_conversion(Turn& turn, Lock& lock, Errc why) {
  Outcome& outcome = turn.out.emplace_back(about(lock, OutcomeKind::refused));
  outcome.status = why;
  outcome.mode = lock.granted;
  if (why == Errc::blocked && lock.flags.has(Flag::noqueuebast)) {
    tell_granted(turn, lock);
    tell_converting(turn, lock);
  }
  lock.wanted = lock.granted;
}

void queue_conversion(Turn& turn, Lock& lock, const Ask& ask) {
  // Only a fall back to a lower mode can be a write that waits: every conversion upwards from PW
  // reads.
  const bool may_fall_back = ask.flags.has(Flag::altpr) || ask.flags.has(Flag::altcw);
  if (may_fall_back && ask.flags.has(Flag::valblk) && writes_value(lock.granted))
    lock.parked = std::make_unique<std::string>(ask.value);
  turn.resource.take_off(lock);
  turn.resource.enqueue(lock, Standing::converting);
  turn.out.emplace_back(about(lock, OutcomeKind::queued)).stamp = lock.stamp;
}

// What it gave up may let other conversions go on, and they were first. Its own outcome is told
// first.
void demote_and_retry(Turn& turn, Lock& lock, const Ask& ask) {
  const auto first = static_cast<std::ptrdiff_t>(turn.out.size());
  turn.resource.demote(lock);
  grant_converting(turn);
  // Holding NL it is in nobody's way, so the answer is not "deadlock" again.
  const Answer answer = consider(turn.resource, lock, Place::arriving);
  HF_ASSERT(answer != Answer::deadlock);
  const bool granted = answer != Answer::no;
  if (granted) {
    grant(turn, lock, answer, ask.value);
  } else {
    queue_conversion(turn, lock, ask);
  }
  std::rotate(turn.out.begin() + first, turn.out.end() - 1, turn.out.end());
  if (granted) {
    settle(turn);
  } else {
    grant_waiting(turn);
    tell_granted(turn, lock);
  }
}

void attempt(Turn& turn, Lock& lock, const Ask& ask) {
  const Answer answer = consider(turn.resource, lock, Place::arriving);
  if (answer == Answer::yes || answer == Answer::alternative) {
    grant(turn, lock, answer, ask.value);
    settle(turn);
    return;
  }
  if (answer == Answer::deadlock && ask.flags.has(Flag::convdeadlk)) {
    demote_and_retry(turn, lock, ask);
  } else if (answer == Answer::deadlock && !ask.flags.has(Flag::nodlckwt)) {
    refuse_conversion(turn, lock, Errc::deadlock);
  } else if (ask.flags.has(Flag::noqueue)) {
    refuse_conversion(turn, lock, Errc::blocked);
  } else {
    queue_conversion(turn, lock, ask);
    tell_granted(turn, lock);
  }
}

}  // namespace

Errc Engine::convert(LockId id, const Ask& ask, Outcomes& out) {
  Lock* lock = state_->locks.find(id);
  if (lock == nullptr) return Errc::no_such_lock;
  const Errc fine = check_conversion(lock->granted, ask.mode, ask.flags);
  // Whether QUECVT may be said depends on what is held, and that is open while the lock waits or
  // converts.
  if (fine != Errc::ok && fine != Errc::bad_conversion) return fine;
  if (lock->standing != Standing::granted) return Errc::busy;
  if (fine != Errc::ok) return fine;

  lock->wanted = ask.mode;
  lock->flags = ask.flags;
  Turn turn = state_->turn(lock->resource, out);
  attempt(turn, *lock, ask);
  return Errc::ok;
}

}  // namespace holdfast::lock
