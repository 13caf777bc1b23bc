// SPDX-License-Identifier: Apache-2.0
#include "lock/notice.hpp"

#include "lock/grant.hpp"

namespace holdfast::lock {
namespace {

void tell(Turn& turn, const Lock& holder, Mode wanted) {
  turn.out.emplace_back(about(holder, OutcomeKind::notice)).mode = wanted;
}

// PR and CW can lower the level that a holder was told of; then it can rise again.
void set_level(Resource& resource, Lock& holder, Mode level) {
  if (level < holder.told) resource.told = ModeSet{};
  holder.told = level;
}

bool must_hear_of(const Lock& holder, Mode wanted) {
  // PR is not above CW, so a level that was told says nothing about the other; only EX says it all.
  if (is_middle_conversion(holder.granted, wanted)) return holder.told < Mode::EX;
  return holder.told < wanted && !compatible(holder.granted, wanted);
}

void tell_all_of(Turn& turn, LockList& locks, const Lock& asker) {
  for (Lock& holder : locks) {
    if (&holder == &asker || !must_hear_of(holder, asker.wanted)) continue;
    tell(turn, holder, asker.wanted);
    set_level(turn.resource, holder, asker.wanted);
  }
}

// A conversion that took no part in deadlock detection and is in one now: it alone can end it, so
// it hears what it is itself waiting for.
void tell_deadlocked(Turn& turn, Lock& lock) {
  if (!lock.flags.has(Flag::nodlckwt) || lock.told >= lock.wanted) return;
  if (!compatible(lock.granted, lock.wanted)) tell(turn, lock, lock.wanted);
  lock.told = lock.wanted;
}

// The modes that are blocked. Deadlocked conversions do not count: more giving up would not help
// them.
ModeSet blocked_modes(Turn& turn) {
  Queue& converting = turn.resource.converting;
  const ModeSet waiting = turn.resource.waiting.wanted.present();
  if (converting.irregular == 0) return waiting.with(converting.wanted.present());
  ModeSet blocked = waiting;
  for (Lock& lock : converting.locks) {
    if (deadlocked(turn.resource, lock)) {
      tell_deadlocked(turn, lock);
    } else {
      blocked.add(lock.wanted);
    }
  }
  return blocked;
}

}  // namespace

void tell_granted(Turn& turn, const Lock& asker) {
  const Mode wanted = asker.wanted;
  Resource& resource = turn.resource;
  if (resource.told.has(wanted) || !resource.held.present().meets(conflicts_of(wanted))) return;
  tell_all_of(turn, resource.granted, asker);
  // A refused conversion is itself a holder, and was passed over.
  if (wanted != Mode::PR && wanted != Mode::CW && asker.standing != Standing::granted)
    resource.told.add(wanted);
}

void tell_converting(Turn& turn, const Lock& asker) {
  tell_all_of(turn, turn.resource.converting.locks, asker);
}

void tell_blocked(Turn& turn) {
  Resource& resource = turn.resource;
  if (resource.converting.locks.empty() && resource.waiting.locks.empty()) return;
  const ModeSet blocked = blocked_modes(turn);
  if (blocked.empty()) return;
  const Mode highest = blocked.highest();
  const bool cw_meets_pr = blocked.has(Mode::CW) && resource.held.present().has(Mode::PR);
  if (resource.told.has(highest) && !cw_meets_pr) return;
  for (Lock& holder : resource.granted) {
    if (cw_meets_pr && holder.granted == Mode::PR) {
      if (holder.told >= Mode::EX) continue;
      // Another reader is not in this holder's way, the writer behind it is.
      tell(turn, holder, highest == Mode::PR ? Mode::CW : highest);
    } else if (holder.told < highest && !compatible(holder.granted, highest)) {
      tell(turn, holder, highest);
    } else {
      continue;
    }
    set_level(resource, holder, highest);
  }
  if (highest != Mode::PR && highest != Mode::CW) resource.told.add(highest);
}

}  // namespace holdfast::lock
