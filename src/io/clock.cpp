// SPDX-License-Identifier: Apache-2.0
#include "io/clock.hpp"

#include <ctime>

#include "base/assert.hpp"

namespace holdfast::io {
namespace {

Duration read(clockid_t clock) {
  timespec time{};
  HF_ASSERT(clock_gettime(clock, &time) == 0);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

Instant boot_now() { return Instant(read(CLOCK_BOOTTIME)); }

std::uint64_t wall_nanoseconds() { return static_cast<std::uint64_t>(read(CLOCK_REALTIME).count()); }

}  // namespace holdfast::io
