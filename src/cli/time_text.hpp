// SPDX-License-Identifier: Apache-2.0
// Times as people write and read them: "250ms", "5s", "2m", "1h"; "3 min 20 s"; a point on the wall
// clock.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>

namespace holdfast::cli {

// A whole number with a unit: ms, s, m or h.
[[nodiscard]] Result<Duration> parse_time(std::string_view text);
// "340 ms", "1.5 s", "12 s", "3 min 20 s", "5 h 2 min", "2 d 4 h".
[[nodiscard]] std::string time_text(Duration time);
// "1503.2 ms": for measurements.
[[nodiscard]] std::string milliseconds_text(Duration time);
// When something began that is `age` old: "14:03:11", with the date if it was not today.
[[nodiscard]] std::string since_text(Duration age);
// The same for programs: "2026-05-01T14:03:11Z".
[[nodiscard]] std::string since_iso(Duration age);
// CLOCK_BOOTTIME, the clock of leases and deadlines.
[[nodiscard]] Instant boottime();

}  // namespace holdfast::cli
