// SPDX-License-Identifier: Apache-2.0
// What the guard of `holdfast run` must do with its command, decided without doing anything.
//
// The promise: no process of the command runs while somebody else may have the lock. Others may
// have it from the moment the node's lease runs out, the *deadline*, and never before as long as
// the daemon keeps our session; the daemon moves the deadline ahead with each renewal and stamps it
// into a page that we map, so we see it also when the daemon hangs or is dead.
//
//        |<------------------------------ lease ------------------------------>|
//   renewed                                    freeze point   kill  last point  deadline
//        |------------ run ------------------------|-- stand still --|---|-gone-|
//                                            2/3 of a lease         5/6 7/8
//
// A renewal that is late is no reason to kill: from the freeze point on the command stands still
// (SIGSTOP) and goes on (SIGCONT) as if nothing had been when the renewal comes. At the kill point
// it is ended (SIGKILL). Four things shorten the way:
//
//   - the daemon is gone, killed or told to end: no renewal will come. The command is asked to end at once (SIGTERM), so
//     that it has the time up to the freeze point to clean up, and is killed there.
//   - the daemon says that the lock is lost: it is ended at once.
//   - an operator will take the lock away (a forced release with a grace time): the command is asked to end at once.
//   - the wrapper, the process that the user started, or the watcher is gone: nobody waits for the
//     command any more, or nobody would end it if we were killed too. The lock itself is fine.
//
// A guard that was starved finds the kill point behind it and kills at once; the frozen and the
// killed never run in between, since SIGKILL needs no SIGCONT. One that is stopped does nothing, so
// the *last point* does not need it: there the kernel ends the guard and with it the command's
// process group (dead_man.hpp), and the watcher ends everything else. What is left of the lease is
// the time that dying takes on a busy machine.
#pragma once

#include "base/instant.hpp"

namespace holdfast::cli {

// What the guard's session tells.
enum class SessionState {
  open,
  called_in,  // open, and the lock will be taken away soon
  cut_off,  // the daemon is gone; the deadline that we saw last still counts
  lost,     // the lock is not ours any more
};
[[nodiscard]] constexpr bool is_over(SessionState session) {
  return session == SessionState::cut_off || session == SessionState::lost;
}
// Both the wrapper and the watcher are there, or one of them was ended from outside.
enum class Company { complete, wrapper_gone, watcher_gone };

// What the command is in at the moment.
enum class CommandState { running, frozen, asked_to_end };

struct GuardFacts {
  Instant now;
  Instant deadline;
  Duration lease{};
  SessionState session = SessionState::open;
  Company company = Company::complete;
  CommandState command = CommandState::running;
};

enum class GuardMove { none, freeze, thaw, ask_to_end, kill };

struct GuardPlan {
  GuardMove move = GuardMove::none;
  Instant look_again = Instant::never();  // at the latest, if nothing happens before
};

[[nodiscard]] GuardPlan plan(const GuardFacts& facts);

// Behind it nothing of the command may be alive, whatever the guard does.
[[nodiscard]] Instant last_point(Instant deadline, Duration lease);

}  // namespace holdfast::cli
