// SPDX-License-Identifier: Apache-2.0
// Many seeds, each in a process of its own, so that a broken assertion is one failed seed and the
// line that replays it is printed whatever happens.
#pragma once

#include "sim/random/run.hpp"

#include <cstdint>

namespace holdfast::sim {

struct Campaign {
  RunSettings first;  // its seed is the first one
  std::uint64_t seeds = 1;
  bool trace = false;       // print everything that happens (one seed)
  bool check_hash = false;  // run every seed twice, with another hash salt: the same must happen
};

// The exit code: 0 if nothing was broken.
[[nodiscard]] int run_campaign(const Campaign& campaign);

}  // namespace holdfast::sim
