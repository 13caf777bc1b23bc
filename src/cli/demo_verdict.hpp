// SPDX-License-Identifier: Apache-2.0
// What the demo found, from the workers' logs and the board, and whether it is right. Nothing here
// looks at anything but evidence that the workers left.
#pragma once

#include "base/instant.hpp"
#include "cli/demo_board.hpp"
#include "cli/demo_worker.hpp"

#include <string>
#include <vector>

namespace holdfast::cli {

// What was killed, and when.
struct DemoKills {
  unsigned worker = 0;  // index
  Instant worker_killed;
  unsigned daemon = 0;  // node
  Instant daemon_killed;
  std::vector<unsigned> cut_off;  // workers of that daemon
};

struct DemoEvidence {
  std::string dir;
  const DemoBoard& board;
  Locking locking = Locking::with_locks;
  unsigned rounds = 0;
  Duration lease{};
  DemoKills kills;  // meaningful with locks
};

struct Verdict {
  std::string text;
  bool right = true;
};
[[nodiscard]] Verdict judge(const DemoEvidence& evidence);

}  // namespace holdfast::cli
