// SPDX-License-Identifier: Apache-2.0
// Two rules keep queues fair and one breaks them on purpose. A new request waits while anybody
// waits, and a queue is served from its head; so nobody starves behind a stream of newcomers. But a
// conversion may overtake waiting requests, and its first attempt even other conversions: its owner
// already holds the resource, so making it wait behind somebody who waits for it would be a
// deadlock nobody else can break.
#include "lock/grant.hpp"

#include "lock/notice.hpp"
#include "lock/value.hpp"


namespace holdfast::lock {
namespace {

Kind kind_of(const Lock& lock, Place place) {
  // A request is `waiting` from the moment its record is made; whoever converts was granted before.
  HF_ASSERT(place == Place::arriving || lock.standing != Standing::granted);
  return lock.standing == Standing::waiting ? Kind::request : Kind::conversion;
}

Fill fill_of(const Queue& queue) { return queue.locks.empty() ? Fill::empty : Fill::occupied; }

Verdict in_turn_if(bool turn) { return turn ? Verdict::grant : Verdict::out_of_turn; }

Verdict decide_mode(const Resource& resource, const Lock& lock, Place place, Mode wanted) {
  const Kind kind = kind_of(lock, place);
  return decide({.kind = kind,
                 .place = place,
                 .wanted = wanted,
                 .flags = lock.flags,
                 .held_by_others = kind == Kind::conversion
                                       ? resource.held.without_one(lock.granted)
                                       : resource.held.present(),
                 .converting = fill_of(resource.converting),
                 .waiting = fill_of(resource.waiting)});
}

Place place_in(const Queue& queue, const Lock& lock) {
  return &queue.locks.front() == &lock ? Place::at_head : Place::behind;
}

void grant_queued(Turn& turn, Lock& lock, Answer answer) {
  const std::unique_ptr<std::string> parked = std::move(lock.parked);
  grant(turn, lock, answer, parked ? std::string_view(*parked) : std::string_view{});
}

bool grants(Answer answer) { return answer == Answer::yes || answer == Answer::alternative; }

// REQUIRES: nobody in the queue is irregular. Then nobody overtakes and nobody is deadlocked.
void grant_from_head(Turn& turn, Queue& queue) {
  HF_ASSERT(queue.irregular == 0);
  while (!queue.locks.empty()) {
    const Answer answer = consider(turn.resource, queue.locks.front(), Place::at_head);
    HF_ASSERT(answer != Answer::deadlock);
    if (!grants(answer)) return;
    grant_queued(turn, queue.locks.front(), answer);
  }
}

enum class Pass : std::uint8_t { nothing_changed, something_changed };

Pass walk_converting(Turn& turn) {
  Pass pass = Pass::nothing_changed;
  LockList& locks = turn.resource.converting.locks;
  for (auto at = locks.begin(); at != locks.end();) {
    Lock& lock = *at++;
    const Answer answer = consider(turn.resource, lock, place_in(turn.resource.converting, lock));
    if (grants(answer)) {
      grant_queued(turn, lock, answer);
      pass = Pass::something_changed;
    } else if (answer == Answer::deadlock && lock.flags.has(Flag::convdeadlk)) {
      turn.resource.demote(lock);
      pass = Pass::something_changed;
    }
  }
  return pass;
}

}  // namespace

// The numbers are those of the list in docs/libdlm.md. Test 3 of the original, granting conversions
// in any order after a recovery, is left out: queues keep their order here.
Verdict decide(const Question& q) {
  // 1. EXPEDITE
  if (q.kind == Kind::request && q.flags.has(Flag::expedite)) return Verdict::grant;
  // 2. A conflict with what others hold, be they converting or not
  if (q.held_by_others.meets(conflicts_of(q.wanted))) return Verdict::conflict;
  if (q.kind == Kind::conversion && q.place == Place::arriving) {
    // 4. In place, 5. unless it asked to stand in line
    return in_turn_if(!q.flags.has(Flag::quecvt) || q.converting == Fill::empty);
  }
  // 6. NOORDER
  if (q.flags.has(Flag::noorder)) return Verdict::grant;
  // 7. A queued conversion
  if (q.kind == Kind::conversion) return in_turn_if(q.place == Place::at_head);
  // 8. A new request, 9. a queued one: conversions go first
  if (q.converting == Fill::occupied) return Verdict::out_of_turn;
  return in_turn_if(q.place == Place::arriving ? q.waiting == Fill::empty
                                               : q.place == Place::at_head);
}

std::optional<Mode> alternative_of(const Lock& lock) {
  if (lock.flags.has(Flag::altpr) && lock.wanted != Mode::PR) return Mode::PR;
  if (lock.flags.has(Flag::altcw) && lock.wanted != Mode::CW) return Mode::CW;
  return std::nullopt;
}

Answer consider(const Resource& resource, const Lock& lock, Place place) {
  if (decide_mode(resource, lock, place, lock.wanted) == Verdict::grant) return Answer::yes;
  if (kind_of(lock, place) == Kind::conversion && !lock.flags.has(Flag::noqueue) &&
      deadlocked(resource, lock))
    return Answer::deadlock;
  const std::optional<Mode> alternative = alternative_of(lock);
  if (alternative && decide_mode(resource, lock, place, *alternative) == Verdict::grant)
    return Answer::alternative;
  return Answer::no;
}

// Whoever is ahead gets its turn first: if what we hold is in its way, it waits for us and we for
// it. Somebody behind us waits for its turn anyway; with it we are deadlocked only if each is in
// the other's way.
bool deadlocked(const Resource& resource, const Lock& lock) {
  HF_ASSERT(lock.standing != Standing::waiting);
  if (!resource.converting.wanted.present().meets(conflicts_of(lock.granted))) return false;
  bool ahead = true;
  for (const Lock& other : resource.converting.locks) {
    if (&other == &lock) {
      ahead = false;
      continue;
    }
    const bool blocks_it = !compatible(lock.granted, other.wanted);
    if (blocks_it && (ahead || !compatible(other.granted, lock.wanted))) return true;
  }
  return false;
}

void grant(Turn& turn, Lock& lock, Answer answer, std::string_view fresh) {
  HF_ASSERT(grants(answer));
  const Mode mode =
      answer == Answer::alternative ? alternative_of(lock).value_or(lock.wanted) : lock.wanted;
  const bool is_new = lock.standing == Standing::waiting;
  const Moved moved = move_value(turn.resource.value, lock, mode, fresh);

  // Who gives up rights, or asks for what it has, keeps the token: it could not conflict with
  // anybody.
  if (is_new || (mode != lock.granted && !is_down_conversion(lock.granted, mode)))
    lock.token = turn.clock.tick();
  if (lock.standing != Standing::granted || mode != lock.granted) {
    if (lock.hook.is_linked()) turn.resource.take_off(lock);
    lock.granted = mode;
    turn.resource.hold(lock);
  }
  lock.wanted = mode;
  lock.stamp = 0;
  lock.told = Mode::NL;
  turn.resource.told = ModeSet{};

  Outcome& outcome = turn.out.emplace_back(about(lock, OutcomeKind::granted));
  outcome.mode = mode;
  outcome.token = lock.token;
  outcome.value_move = moved.move;
  outcome.doubtful = moved.doubtful;
  outcome.demoted = lock.demoted;
  outcome.altmode = answer == Answer::alternative;
  lock.demoted = false;
}

void grant_converting(Turn& turn) {
  if (turn.resource.converting.irregular == 0) {
    grant_from_head(turn, turn.resource.converting);
    return;
  }
  // Every round grants or demotes somebody, and a demoted lock is not demoted again.
  while (walk_converting(turn) == Pass::something_changed) {
  }
}

void grant_waiting(Turn& turn) {
  Queue& queue = turn.resource.waiting;
  if (queue.irregular == 0) {
    grant_from_head(turn, queue);
    return;
  }
  // One pass is enough: a grant makes room for nobody.
  for (auto at = queue.locks.begin(); at != queue.locks.end();) {
    Lock& lock = *at++;
    const Answer answer = consider(turn.resource, lock, place_in(queue, lock));
    if (grants(answer)) grant_queued(turn, lock, answer);
  }
}

void settle(Turn& turn) {
  grant_converting(turn);
  grant_waiting(turn);
  tell_blocked(turn);
}

}  // namespace holdfast::lock
