// SPDX-License-Identifier: Apache-2.0
// Engine: the queues of the resources that are mastered here. It decides who is granted what, in
// which order, who is told that somebody waits, and what happens to the value block; it has never
// heard of names, nodes that fail, or a network. Rules: the Linux DLM's (docs/libdlm facts:
// compatibility, grant order, conversions, value blocks, notices, cancel), improved only where
// docs/architecture.md says so.
//
// Every operation appends what it caused to `out`, in the order in which it happened: first what
// became of the operation itself, then the grants it made possible, then the notices. One Outcome
// is one message to one holder. Values are read with value() right after the call: an operation
// writes at most once, before anything reads.
//
// Not thread-safe. Ids are generations-checked: an ended LockId or ResourceId is refused, never
// re-used.
#pragma once

#include "base/error.hpp"
#include "model/flags.hpp"
#include "model/ids.hpp"
#include "model/mode.hpp"
#include "model/token.hpp"
#include "model/value.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace holdfast::lock {

// Whom a lock belongs to; the engine only carries it. `claim` is the requester's record at `node`.
struct Holder {
  NodeId node;
  ClaimId claim;
  OwnerId owner;
  friend bool operator==(const Holder&, const Holder&) = default;
};

// A new request or a conversion. `value` is what a write transition writes (only with
// Flag::valblk).
struct Ask {
  Mode mode = Mode::NL;
  FlagSet flags;
  std::string_view value;
};

// How a lock is given up. Flags: valblk, ivvalblk, forceunlock.
struct Ending {
  FlagSet flags;
  std::string_view value;
};

enum class OutcomeKind : std::uint8_t {
  granted,    // the request or conversion holds: mode, token, notes, value_move
  queued,     // it waits: stamp
  refused,    // status says why (blocked, deadlock); a conversion keeps its old mode, a request is
              // gone
  unlocked,   // the lock is gone, as its holder asked
  cancelled,  // status says why (cancelled, timed_out, deadlock); a conversion keeps its old mode
  notice,     // somebody waits for this holder: mode is what is wanted
};

struct Outcome {
  OutcomeKind kind{};
  LockId lock;  // of the lock that this is about; already ended where the lock is gone
  Holder holder;
  Errc status = Errc::ok;
  Mode mode = Mode::NL;    // granted: the mode now held; refused, cancelled: the mode still held;
                           // notice: wanted
  Token token;             // granted: of this grant
  std::int64_t stamp = 0;  // queued: order in the rebuilt queue after a recovery
  ValueMove value_move = ValueMove::none;  // granted with valblk: read = hand value() to the holder
  bool demoted = false;   // granted: the old mode was given up to break a conversion deadlock
  bool altmode = false;   // granted in the alternative mode
  bool doubtful = false;  // the value is marked doubtful and the operation had to say so
};
using Outcomes = std::vector<Outcome>;

// Where a lock stands.
enum class Standing : std::uint8_t { granted, converting, waiting };

// What is known of one lock; also how a lock comes back after its master was lost.
struct LockState {
  Holder holder;
  Standing standing = Standing::granted;
  Mode granted = Mode::NL;  // meaningless while waiting
  Mode wanted = Mode::NL;   // meaningful while converting or waiting
  FlagSet flags;            // of the latest request or conversion
  Token token;              // of the latest grant
  std::int64_t stamp = 0;   // place in its queue; no_stamp: the old master had not said
};
// Sorts behind every stamp that a master gave.
inline constexpr std::int64_t no_stamp = INT64_MAX;

// Somebody who stands in the way of a lock that waits.
struct Blocker {
  Holder holder;
  Mode mode = Mode::NL;  // what it holds, or, ahead in the queue, wants
  bool ahead = false;    // not in conflict by what it holds, only ahead in the queue
};

// Why a lock waits, for the deadlock search: another lock that has to change before it can be granted.
struct Edge {
  LockId blocker;
  Mode mode = Mode::NL;  // what the blocker holds, or, ahead in the queue, wants
  bool ahead = false;    // it has to be granted or to go first; otherwise it has to give up what it holds
};

// What must hold for the arguments alone. Errc::ok, or bad_mode, bad_flags, bad_conversion.
[[nodiscard]] Errc check_request(Mode mode, FlagSet flags);
[[nodiscard]] Errc check_conversion(Mode held, Mode wanted, FlagSet flags);
[[nodiscard]] Errc check_ending(FlagSet flags);

// What became of a request that could be granted at once; without a lock: it could not.
struct AtOnce {
  LockId lock;
  Token token;
  ValueState value_state = ValueState::never_written;
  std::uint64_t write_number = 0;
};

enum class ValueAfter : std::uint8_t { keep, doubt_if_writer };

class Engine {
 public:
  // Mints the tokens from `clock`, which must outlive the engine.
  explicit Engine(Clock& clock);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] ResourceId create();
  // REQUIRES: no lock is left on it.
  void destroy(ResourceId resource);
  // Another master has the resource with all that is on it: nobody here is told anything.
  void forget(ResourceId resource);

  // The id of the new lock; none if it was refused at once: blocked, or too_many_waiters where it
  // would have been one more than limits::waiters_per_resource_max. REQUIRES: check_request is ok.
  LockId request(ResourceId resource, const Holder& holder, const Ask& ask, Outcomes& out);
  // The short way for a request without flags and an ending without flags: does what request() and
  // unlock() would do if that is a grant, or an ending, that concerns nobody else. Otherwise
  // nothing happens, and the long way must be taken. REQUIRES: `mode` is a mode.
  [[nodiscard]] AtOnce request_at_once(ResourceId resource, const Holder& holder, Mode mode);
  [[nodiscard]] bool unlock_at_once(LockId lock);
  // Errc::busy if it waits or converts already, Errc::no_such_lock, or what check_conversion says;
  // otherwise ok and outcomes.
  [[nodiscard]] Errc convert(LockId lock, const Ask& ask, Outcomes& out);
  // Ends the lock from wherever it stands (a waiting lock is just removed). Errc::no_such_lock.
  [[nodiscard]] Errc unlock(LockId lock, const Ending& ending, Outcomes& out);
  // Takes a waiting or converting lock back; `reason` becomes the status. Nothing to cancel: ok, no
  // outcome.
  [[nodiscard]] Errc cancel(LockId lock, Errc reason, Outcomes& out);
  // The holder is dead: like a forced unlock, but the holder itself hears nothing. REQUIRES: the
  // lock exists.
  void vanish(LockId lock, ValueAfter value, Outcomes& out);
  // The holder has not heard what it was told since its grant: it is told again if somebody waits for it. REQUIRES:
  // the lock exists.
  void tell_again(LockId lock, Outcomes& out);
  // The holder's owner is another one from now on (an orphan was made or adopted). REQUIRES: the
  // lock exists.
  void reassign(LockId lock, const Holder& holder);

  // Rebuilding after the master was lost: restore() puts locks back without deciding anything, in
  // any order (queues sort by stamp, then by the order of the calls); resume() then grants what can
  // be granted, queue order kept, and tells holders again who waits for them. A lock that came back
  // without a stamp was on its way when the master died: if it cannot be granted now it gets its
  // stamp (queued) or is refused, as on arrival.
  LockId restore(ResourceId resource, const LockState& state);
  void restore_value(ResourceId resource, Value value);
  void resume(ResourceId resource, Outcomes& out);

  // REQUIRES, for all that follows: the resource, the lock exists.
  [[nodiscard]] bool empty(ResourceId resource) const;
  [[nodiscard]] bool exists(LockId lock) const;
  // Null if the lock has ended. Valid until the next call that changes something.
  [[nodiscard]] const Holder* holder(LockId lock) const;
  [[nodiscard]] const Value& value(ResourceId resource) const;
  // Whoever holds PW or EX, which is one at most; none: nobody.
  [[nodiscard]] LockId writer(ResourceId resource) const;
  [[nodiscard]] ResourceId resource_of(LockId lock) const;
  [[nodiscard]] LockState state(LockId lock) const;
  // Granted (newest first), converting and waiting (in queue order) locks, in this order.
  [[nodiscard]] std::vector<LockId> locks(ResourceId resource) const;
  // Who stands in the way of `lock` now, at most limits::blockers_told_max, real blockers first.
  [[nodiscard]] std::vector<Blocker> blockers(LockId lock) const;
  // Who would stand in the way of such a request now (to explain a refusal). Real blockers first,
  // at most as many.
  [[nodiscard]] std::vector<Blocker> blockers(ResourceId resource, Mode wanted) const;

  // Whom `lock` waits for: everybody who holds what it cannot be granted beside, and of those ahead in the
  // queue, for each mode that they want, the first limits::edges_ahead_max (whoever is ahead of those is
  // ahead of all behind them, and what they wait for is asked of them). Waits that take no part (nodlckwt)
  // have no edges, and nobody has one to a lock that takes no part as a blocker (nodlckblk).
  [[nodiscard]] std::vector<Edge> edges(LockId lock) const;

  // Aborts if an invariant of the queues is broken (no two granted locks conflict, ...). For tests
  // and the simulator; linear in the number of locks. REQUIRES: the resource was resumed after a
  // restore().
  void check(ResourceId resource) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::lock
