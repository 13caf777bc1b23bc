// SPDX-License-Identifier: Apache-2.0
// What the kernel does for us when none of our processes can: two fuses that burn without anybody
// being awake.
//
//   SelfDestruct  A POSIX timer whose signal is SIGKILL. The kernel delivers it to this process at
//                 its instant, also while the process is stopped (SIGSTOP, a debugger, a frozen
//                 cgroup): a process can be kept from acting, but not from being ended by a timer
//                 that it set when it was awake.
//   Tether        A pipe whose reading end sends SIGKILL to a whole process group as soon as the
//                 last process that holds the other end is gone, however that one ended. Nobody
//                 has to run for it.
//
// Together: a guard that is stopped ends at its last point, and its end is the end of the command's
// process group. docs/decisions/0006-the-guard-is-a-fuse.md tells what was measured and what
// neither of them reaches.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"
#include "cli/process.hpp"

#include <ctime>
#include <map>
#include <optional>
#include <sys/types.h>

namespace holdfast::cli {

class SelfDestruct {
 public:
  SelfDestruct() = default;
  SelfDestruct(const SelfDestruct&) = delete;
  SelfDestruct& operator=(const SelfDestruct&) = delete;
  ~SelfDestruct();
  // For this process alone: a child does not inherit it, and it does not survive exec.
  [[nodiscard]] Result<void> prepare();
  // Replaces what was set before; Instant::never() disarms it. REQUIRES: prepare() succeeded.
  void set(Instant at);

 private:
  std::optional<timer_t> timer_;
};

struct Tether {
  // The group lives as long as this end is open in some process. Keep it in exactly one.
  Fd lifeline;
  // Has to be open somewhere when the lifeline goes: in a process that outlives its holder, or in
  // the group itself.
  Fd noose;
  [[nodiscard]] static Result<Tether> make();
};

// From now on the group ends with the lifeline, for as long as this opening of the noose exists. A
// group is meant, not its number: a later one of the same number is safe.
Result<void> tie(int noose, pid_t group);

// Ties the process groups that the command's descendants make for themselves (setsid, job control).
// It belongs to a process that is an ancestor of all of them and has nothing to do with the
// lifeline.
class StrayGroups {
 public:
  // Ties those that are new and forgets those that are gone. The guard's own group ends without
  // being tied to itself.
  void look(const Fd& noose, pid_t guard);

 private:
  std::map<pid_t, Fd> tied_;
};

}  // namespace holdfast::cli
