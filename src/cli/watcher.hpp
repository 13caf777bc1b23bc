// SPDX-License-Identifier: Apache-2.0
// The watcher of `holdfast run`: takes the lock, starts the guard (guard.hpp) and does nothing from
// then on but look whether the guard does its duty. Queries show its pid, and what is sent to it is
// meant for the command.
//
// A guard that is stopped is woken; one that was killed, or has not ended the command by the last
// point of the lease (guard_plan.hpp), leaves its duty to the watcher: it ends the whole tree and
// the session with it. It sees the deadline in the same page as the guard, which it has mapped
// before it forks, and remembers with it the last one seen (seen_deadline.hpp).
#pragma once

#include "cli/guard.hpp"
#include "cli/run_channel.hpp"

namespace holdfast::cli {

// Does everything; ends with the wrapper's exit code if the channel did not tell one before.
// REQUIRES: called in a fresh child of the wrapper.
[[noreturn]] void watch_over(const RunRequest& request, Channel channel, WrapperFacts wrapper);

}  // namespace holdfast::cli
