// SPDX-License-Identifier: Apache-2.0
// The terminal of `holdfast run`. The command has a process group of its own, so that it can be
// signalled and frozen as one, and a group may read from the terminal only while it is the
// terminal's foreground group. So the terminal is handed over: at the start if the command has it
// to itself, else when the command first asks for it (SIGTTIN, SIGTTOU), so that the other end of a
// pipe such as `holdfast run x -- gen | less` keeps it. Whoever stands in the background is never
// given it.
#pragma once

#include "cli/process.hpp"

#include <sys/types.h>

namespace holdfast::cli {

class Foreground {
 public:
  // `own_group` is the process group that the user's shell gave us.
  explicit Foreground(pid_t own_group);
  // Standard input and output are both the terminal, and it is ours.
  [[nodiscard]] bool command_has_terminal_to_itself() const;
  // REQUIRES: SIGTTOU is blocked, for both. True if the terminal was ours and is now the group's.
  bool hand_to(pid_t group) const;
  void take_back_from(pid_t group) const;

 private:
  [[nodiscard]] bool is_foreground(pid_t group) const;
  Fd terminal_;
  pid_t own_group_;
};

}  // namespace holdfast::cli
