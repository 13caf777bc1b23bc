// SPDX-License-Identifier: Apache-2.0
#include "cli/foreground.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace holdfast::cli {

Foreground::Foreground(pid_t own_group)
    : terminal_(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)), own_group_(own_group) {}

bool Foreground::is_foreground(pid_t group) const {
  return terminal_ && ::tcgetpgrp(terminal_.number()) == group;
}

bool Foreground::command_has_terminal_to_itself() const {
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1 && is_foreground(own_group_);
}

bool Foreground::hand_to(pid_t group) const {
  return is_foreground(own_group_) && ::tcsetpgrp(terminal_.number(), group) == 0;
}

void Foreground::take_back_from(pid_t group) const {
  if (is_foreground(group)) ::tcsetpgrp(terminal_.number(), own_group_);
}

}  // namespace holdfast::cli
