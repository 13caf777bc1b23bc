// SPDX-License-Identifier: Apache-2.0
// Starts the command of `holdfast run`: in a process group of its own, with a copy of the session's
// socket, and such that it and its group die with the process that starts it.
#pragma once

#include "cli/foreground.hpp"

#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace holdfast::cli {

struct CommandLine {
  const std::vector<std::string>& words;
  std::vector<std::pair<std::string, std::string>> environment;  // added to ours
  // Both are inherited by the command and what it starts: a copy of the session's socket, which
  // keeps the lock, and the end of the tether that ends its process group with us (dead_man.hpp).
  int session_fd = -1;
  int noose_fd = -1;
  const Foreground* foreground = nullptr;
};

// `exit_code` is exit_ok, or what a shell says of a command that cannot be run (it was reported
// then).
struct StartedCommand {
  pid_t pid = 0;
  int exit_code = 0;
};
[[nodiscard]] StartedCommand start_command(const CommandLine& command);

// The exit code that a shell makes of a status of waitpid.
[[nodiscard]] int exit_code_of(int status);

}  // namespace holdfast::cli
