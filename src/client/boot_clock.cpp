// SPDX-License-Identifier: Apache-2.0
#include "holdfast/boot_clock.hpp"

#include <time.h>

namespace holdfast {

BootClock::time_point BootClock::now() noexcept {
  timespec at{};
  clock_gettime(CLOCK_BOOTTIME, &at);
  return time_point(std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec));
}

}  // namespace holdfast
