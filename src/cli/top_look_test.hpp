// SPDX-License-Identifier: Apache-2.0
// Resources and locks as tests of `top` make them up: a line for each.
#pragma once

#include "cli/top_model.hpp"

#include <string>
#include <vector>

namespace holdfast::cli {

using namespace std::chrono_literals;

inline LockInfo lock(LockStanding standing, std::uint32_t process, Mode granted, Mode wanted, Duration age) {
  LockInfo made{.node = NodeId{process / 10}, .id = ClaimId{process * 100 + static_cast<std::uint64_t>(age / 1s)},
                .standing = standing, .granted = granted, .wanted = wanted, .age = age};
  made.owner = {.node = made.node, .owner = OwnerId{process}, .pid = process, .user = "ann", .command = "job " + std::to_string(process)};
  return made;
}
// Processes are numbered by their node: 23 is the third one of node 2.
inline LockInfo holds(std::uint32_t process, Mode mode, Duration age = 10s) {
  return lock(LockStanding::granted, process, mode, mode, age);
}
inline LockInfo waits(std::uint32_t process, Mode mode, Duration age) {
  return lock(LockStanding::waiting, process, Mode::NL, mode, age);
}
inline LockInfo converts(std::uint32_t process, Mode from, Mode to, Duration age) {
  return lock(LockStanding::converting, process, from, to, age);
}

inline ResourceInfo resource(std::string name, std::vector<LockInfo> locks, std::uint32_t master = 1) {
  ResourceInfo made{.lockspace = "default", .name = std::move(name), .master = NodeId{master}};
  made.locks = std::move(locks);
  return made;
}

// One whole look.
inline void look(TopModel& model, const std::vector<ResourceInfo>& resources, Duration at) {
  model.begin_sweep();
  for (const ResourceInfo& one : resources) model.add(one, Instant(at));
  model.end_sweep(true);
}

}  // namespace holdfast::cli
