// SPDX-License-Identifier: Apache-2.0
// What the guard of `holdfast run` must do with its command, decided without doing anything.
//
// The promise: no process of the command runs while somebody else may have the lock. Others may
// have it from the moment the node's lease runs out, the *deadline*, and never before as long as
// the daemon keeps our session; the daemon moves the deadline ahead with each renewal and stamps it
// into a page that we map, so we see it also when the daemon hangs or is dead.
//
//        |<------------------------------ lease ------------------------------>|
//   renewed                                    freeze point         kill point  deadline
//        |------------ run ------------------------|------ stand still ---|-gone-|
//                                            2/3 of a lease        5/6 of a lease
//
// A renewal that is late is no reason to kill: from the freeze point on the command stands still
// (SIGSTOP) and goes on (SIGCONT) as if nothing had been when the renewal comes. At the kill point
// it is ended (SIGKILL), early enough that the last process is gone before the deadline. Three
// things shorten the way:
//
//   - the daemon is gone: no renewal will come. The command is asked to end at once (SIGTERM), so
//   that it
//     has the time up to the freeze point to clean up, and is killed there.
//   - the daemon says that the lock is lost: it is ended at once.
//   - the wrapper, the process that the user started, is gone: nobody waits for the command any
//   more and
//     nobody could stop it, so it is ended at once. The lock itself is fine.
//
// A guard that was itself stopped or starved finds the kill point behind it and kills at once; the
// frozen and the killed never run in between, since SIGKILL needs no SIGCONT.
#pragma once

#include "base/instant.hpp"

namespace holdfast::cli {

// What the guard's session tells.
enum class SessionState {
  open,
  cut_off,  // the daemon is gone; the deadline that it stamped last still counts
  lost,     // the lock is not ours any more
};
enum class WrapperState { present, gone };

// What the command is in at the moment.
enum class CommandState { running, frozen, asked_to_end };

struct GuardFacts {
  Instant now;
  Instant deadline;
  Duration lease{};
  SessionState session = SessionState::open;
  WrapperState wrapper = WrapperState::present;
  CommandState command = CommandState::running;
};

enum class GuardMove { none, freeze, thaw, ask_to_end, kill };

struct GuardPlan {
  GuardMove move = GuardMove::none;
  Instant look_again = Instant::never();  // at the latest, if nothing happens before
};

[[nodiscard]] GuardPlan plan(const GuardFacts& facts);

}  // namespace holdfast::cli
