// SPDX-License-Identifier: Apache-2.0
// Replays one recorded transcript of the Linux DLM on the bare engine and tells every difference
// that no named rule allows. The format is described beside the data (kernel/README.md). What the
// engine does not do itself is kept here: handles, names of locks, the callers' value buffers,
// orphans.
#pragma once

#include <string>
#include <vector>

namespace holdfast::conformance {

struct Replay {
  int operations = 0;
  int events = 0;
  std::vector<std::string> differences;  // at most a few: after the first one the rest means little
};
[[nodiscard]] Replay replay(const std::string& path);

}  // namespace holdfast::conformance
