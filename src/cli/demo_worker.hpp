// SPDX-License-Identifier: Apache-2.0
// A worker of `holdfast demo`: adds 1 to the number in a plain file, again and again, and witnesses
// whether anybody else is in there at the same time. Each section:
//
//   lock EX; create the marker (O_EXCL) with our token; read the number; write number + 1;
//   confirm to our own log, if the lock is still held; remove the marker if it is still ours;
//   unlock
//
// A marker that is there already is an overlap, unless its worker is dead or has lost its daemon
// and its token is older than ours: then a section was interrupted, and the marker is what it left.
#pragma once

#include "cli/demo_board.hpp"

#include <string>

namespace holdfast::cli {

enum class Locking { with_locks, without_locks };

struct WorkerJob {
  unsigned index = 0;
  unsigned rounds = 0;
  Locking locking = Locking::with_locks;
  std::string socket;
  std::string dir;
  DemoBoard& board;
  int tell_fd = -1;   // "I stand in my section": one byte, our index
  int leave_fd = -1;  // one byte: go on
};

[[nodiscard]] std::string demo_number_file(const std::string& dir);
[[nodiscard]] std::string demo_log_file(const std::string& dir, unsigned worker);

// REQUIRES: called in a process of its own. The result is its exit code.
int demo_work(const WorkerJob& job);

}  // namespace holdfast::cli
