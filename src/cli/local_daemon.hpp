// SPDX-License-Identifier: Apache-2.0
// One holdfastd that `up` starts: in a session of its own, so that the terminal's Ctrl-C does not
// reach it and it goes on if its supervisor dies.
#pragma once

#include "base/result.hpp"
#include "cli/process.hpp"
#include "model/ids.hpp"

#include <optional>
#include <string>

namespace holdfast::cli {

struct DaemonOptions {
  std::string program;
  std::string dir;  // of this node
  unsigned node = 0;
  unsigned lease_ms = 0;  // 0: the daemon's default
  std::string mastering;  // empty: the daemon's default
  std::optional<unsigned> moves_per_second;  // none: the daemon\'s default
  std::string fence_hook;  // empty: none
  unsigned fence_hook_timeout_ms = 0;  // 0: the daemon's default
};

// What the daemon says once it serves.
struct DaemonReady {
  Incarnation incarnation;
  std::string peer_address;
};

class LocalDaemon {
 public:
  [[nodiscard]] static Result<LocalDaemon> start(const DaemonOptions& options);
  // One that another supervisor started. Errors: no_such_node if it does not run any more.
  [[nodiscard]] static Result<LocalDaemon> adopt(const ProcessName& process);
  [[nodiscard]] const ProcessName& process() const { return process_; }
  [[nodiscard]] const Fd& pidfd() const { return pidfd_; }
  // Waits for its ready line. Errors: cannot_start, with the end of its log.
  [[nodiscard]] Result<DaemonReady> wait_ready(Instant deadline);
  // "was killed by signal 9". REQUIRES: its pidfd is readable.
  [[nodiscard]] std::string reap() const;

 private:
  ProcessName process_;
  Fd pidfd_;
  Fd ready_;
  std::string log_;
};

}  // namespace holdfast::cli
