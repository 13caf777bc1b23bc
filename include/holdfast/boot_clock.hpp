// SPDX-License-Identifier: Apache-2.0
// BootClock: CLOCK_BOOTTIME as a std::chrono clock. It goes on while the machine sleeps, so a lease that
// ran out during a suspend is seen to have run out. Points of two machines are never compared.
#pragma once

#include <chrono>

namespace holdfast {

struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
  // No system call: the kernel's shared page answers.
  [[nodiscard]] static time_point now() noexcept;
};

}  // namespace holdfast
