// SPDX-License-Identifier: Apache-2.0
// Owner: who stands behind a lock, as every query shows it. An owner is not a connection and not a thread.
// pid and start time together name a process: a pid alone is reused.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "holdfast/session_life.hpp"  // IWYU pragma: export

namespace holdfast {

struct Owner {
  std::uint32_t pid = 0;
  std::uint64_t start_ticks = 0;  // field 22 of /proc/PID/stat: clock ticks after boot
  std::uint32_t uid = 0;
  std::vector<std::uint32_t> groups;  // gids, its own one first
  std::string user;
  std::string command;
  std::string label;  // free text of the program's choice
  SessionLife life = SessionLife::process;
};

}  // namespace holdfast
