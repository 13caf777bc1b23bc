// SPDX-License-Identifier: Apache-2.0
// Who still holds a lock of `holdfast run` when the processes that took and guarded it were all
// killed: what the command left running keeps the session's socket, and with it the lock. Found by
// the fencing token in its environment, on this machine and among the processes whose environment
// we may read.
#pragma once

#include "cli/process.hpp"
#include "holdfast/report.hpp"

#include <map>
#include <string>
#include <vector>

namespace holdfast::cli {

// By the text of the token; empty if every owner is still there.
using Leftovers = std::map<std::string, std::vector<ProcessFacts>, std::less<>>;
[[nodiscard]] Leftovers find_leftovers(const std::vector<ResourceInfo>& resources);

// Those of one lock.
[[nodiscard]] const std::vector<ProcessFacts>& of(const Leftovers& leftovers, const LockInfo& lock);

}  // namespace holdfast::cli
