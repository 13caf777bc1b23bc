// SPDX-License-Identifier: Apache-2.0
// All processes that descend from one that is a subreaper (prctl PR_SET_CHILD_SUBREAPER): whoever
// among them loses its parent becomes our child, also after setsid and double forks, so that none
// gets away.
#pragma once

#include "base/instant.hpp"
#include "cli/process.hpp"

#include <set>
#include <sys/types.h>
#include <vector>

namespace holdfast::cli {

// Makes this process the one that inherits its orphaned descendants.
void become_subreaper();

[[nodiscard]] std::vector<ProcessFacts> all_processes();

// The descendants of this process that have not ended.
[[nodiscard]] std::vector<ProcessFacts> living_descendants();

// The process groups whose members all descend from this process.
[[nodiscard]] std::set<pid_t> groups_of_descendants();

// A process that we froze, to be thawed.
struct Frozen {
  ProcessName process;
};

// Sends SIGSTOP to every descendant that is not stopped already, until no new one turns up. What
// the user stopped himself is not among the result.
[[nodiscard]] std::vector<Frozen> freeze_descendants();
void thaw(const std::vector<Frozen>& frozen);

// Sends `signal` to each descendant once.
void signal_descendants(int signal);

// What ending the tree came to.
enum class TreeEnd { all_ended, some_left };
// SIGKILL until nobody is left; reaps whatever becomes our child. `some_left` after `deadline`: a
// process that runs as another user cannot be killed by us.
TreeEnd kill_descendants(Instant deadline);

}  // namespace holdfast::cli
