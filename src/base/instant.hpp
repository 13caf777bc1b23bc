// SPDX-License-Identifier: Apache-2.0
// Instant: a point on one machine's CLOCK_BOOTTIME (it goes on while the machine sleeps). Instants of two
// machines are never compared; between nodes only durations travel. Nobody here reads a clock: `now` is
// always an argument (R7).
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

namespace holdfast {

using Duration = std::chrono::nanoseconds;

class Instant {
 public:
  constexpr Instant() = default;
  constexpr explicit Instant(Duration since_boot) : since_boot_(since_boot) {}
  static constexpr Instant never() { return Instant(Duration::max()); }

  [[nodiscard]] constexpr Duration since_boot() const { return since_boot_; }
  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
  friend constexpr Duration operator-(Instant a, Instant b) { return a.since_boot_ - b.since_boot_; }
  // Saturates at never(): "now + for ever" must not wrap round to the past.
  friend constexpr Instant operator+(Instant a, Duration d) {
    return d > Duration::max() - a.since_boot_ ? never() : Instant(a.since_boot_ + d);
  }
  friend constexpr Instant operator-(Instant a, Duration d) { return Instant(a.since_boot_ - d); }

 private:
  Duration since_boot_{0};
};

}  // namespace holdfast
