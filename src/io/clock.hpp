// SPDX-License-Identifier: Apache-2.0
// The two clocks of a daemon. Boot time (it goes on while the machine sleeps) is what the node lives by;
// wall time only makes numbers that are larger than those of an earlier life.
#pragma once

#include <cstdint>

#include "base/instant.hpp"

namespace holdfast::io {

[[nodiscard]] Instant boot_now();
[[nodiscard]] std::uint64_t wall_nanoseconds();
[[nodiscard]] inline std::uint64_t wall_seconds() { return wall_nanoseconds() / 1'000'000'000; }

}  // namespace holdfast::io
