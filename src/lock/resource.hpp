// SPDX-License-Identifier: Apache-2.0
// Lock and Resource: the engine's records. A resource has three queues: granted (newest grant or
// conversion first), converting and waiting (in queue order). It counts what its locks hold and
// want, so that the usual question needs no walk; whoever changes a mode of a lock takes the lock
// off its queue before and puts it on again after, and the counts follow. No rule about who is
// granted lives here.
#pragma once

#include "base/slab.hpp"
#include "lock/engine.hpp"
#include "lock/mode_set.hpp"

#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace holdfast::lock {

struct Lock {
  boost::intrusive::list_member_hook<>
      hook;  // safe link: a record that is still queued cannot be freed
  // Set anew by whoever makes a lock, like flags and modes.
  LockId id;
  ResourceId resource;
  Holder holder;
  Token token;
  std::int64_t stamp = 0;
  // What a queued conversion will write, should it end in its alternative mode (PW to EX, else PR
  // or CW).
  std::unique_ptr<std::string> parked;
  FlagSet flags;
  Standing standing = Standing::waiting;
  Mode granted = Mode::NL;  // NL while waiting: a request holds nothing
  Mode wanted = Mode::NL;
  // Highest mode this holder was told of since its last grant; NL: none, since NL blocks nobody
  // (I9).
  Mode told = Mode::NL;
  bool demoted = false;  // gave up its granted mode to break a conversion deadlock

  // The queue's head alone is tried as a rule; an irregular lock must be looked at wherever it
  // stands.
  [[nodiscard]] bool irregular() const {
    const bool overtakes = flags.has(Flag::noorder) || flags.has(Flag::expedite);
    return overtakes || (standing == Standing::converting && granted != Mode::NL);
  }
  // For the slab: everything but what every new lock sets.
  void recycle() {
    HF_ASSERT(!hook.is_linked());
    token = {};
    stamp = 0;
    parked.reset();
    standing = Standing::waiting;
    granted = told = Mode::NL;
    demoted = false;
  }
};

using LockList = boost::intrusive::list<
    Lock, boost::intrusive::member_hook<Lock, boost::intrusive::list_member_hook<>, &Lock::hook>>;

// The two queues whose members wait.
struct Queue {
  LockList locks;
  ModeCounts wanted;
  std::uint32_t irregular = 0;
};

struct Resource {
  ResourceId id;
  LockList granted;
  Queue converting;
  Queue waiting;
  ModeCounts held;  // by granted and converting locks
  // Every granted lock in the way of such a mode was told of it, or of a higher one, since its
  // grant.
  ModeSet told;
  // Stamps given so far: the next one at the back is back + 1, at the head front - 1.
  std::int64_t front = 0;
  std::int64_t back = 0;
  Value value;

  [[nodiscard]] bool empty() const {
    return granted.empty() && converting.locks.empty() && waiting.locks.empty();
  }
  [[nodiscard]] Queue& queue_of(const Lock& lock) {
    HF_ASSERT(lock.standing != Standing::granted);
    return lock.standing == Standing::converting ? converting : waiting;
  }

  // To the front of the granted queue. REQUIRES: `lock` is on no queue and `lock.granted` is set.
  void hold(Lock& lock);
  // To the back of its queue, or to the head if it says so; gives the stamp.
  // REQUIRES: `lock` is on no queue, `lock.wanted` is set, `standing` is not granted.
  void enqueue(Lock& lock, Standing standing);
  // The same at the back, with the stamp the lock has.
  void append(Lock& lock, Standing standing);
  void take_off(Lock& lock);
  // Gives up what is held, in place.
  void demote(Lock& lock);
};

struct Tables {
  Clock& clock;
  Slab<Lock, LockId> locks;
  Slab<Resource, ResourceId> resources;
};

// One operation on one resource, and what it caused.
struct Turn {
  Clock& clock;
  Resource& resource;
  Outcomes& out;
};

[[nodiscard]] inline Outcome about(const Lock& lock, OutcomeKind kind) {
  return Outcome{.kind = kind, .lock = lock.id, .holder = lock.holder};
}

}  // namespace holdfast::lock
