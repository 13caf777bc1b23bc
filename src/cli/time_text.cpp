// SPDX-License-Identifier: Apache-2.0
#include "cli/time_text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  Duration length;
};
constexpr std::array<Unit, 4> units{{{"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}}};
constexpr Duration time_max = 24h * 3650;

Error no_time(std::string_view text) {
  return Error{Errc::bad_argument,
               fmt::format("'{}' is no time; write a whole number with its unit, "
                           "one of ms, s, m, h, such as 500ms or 5s (at most ten years)",
                           text)};
}

std::tm local_time(std::time_t at) {
  std::tm parts{};
  ::localtime_r(&at, &parts);
  return parts;
}

std::string formatted(const char* format, const std::tm& parts) {
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

std::time_t wall_clock_before(Duration age) {
  return std::chrono::system_clock::to_time_t(
      std::chrono::system_clock::now() -
      std::chrono::duration_cast<std::chrono::microseconds>(age));
}

}  // namespace

Result<Duration> parse_time(std::string_view text) {
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, count);
  if (parsed.ec != std::errc{} || count < 0) return no_time(text);
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  if (unit.empty() && count == 0) return Duration{0};
  for (const Unit& known : units)
    if (unit == known.name && count <= time_max / known.length) return known.length * count;
  return no_time(text);
}

std::string time_text(Duration time) {
  using std::chrono::duration_cast;
  const auto seconds = duration_cast<std::chrono::seconds>(time).count();
  if (seconds < 1)
    return fmt::format("{} ms", duration_cast<std::chrono::milliseconds>(time).count());
  const auto tenths = duration_cast<std::chrono::milliseconds>(time).count() / 100;
  if (seconds < 10 && tenths % 10 != 0) return fmt::format("{}.{} s", seconds, tenths % 10);
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  if (seconds < 86'400) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{} d {} h", seconds / 86'400, seconds / 3600 % 24);
}

std::string milliseconds_text(Duration time) {
  return fmt::format("{:.1f} ms", static_cast<double>(time.count()) / 1e6);
}

std::string since_text(Duration age) {
  const std::tm then = local_time(wall_clock_before(age));
  const std::tm today = local_time(wall_clock_before(Duration{0}));
  const bool same_day = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
  return formatted(same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", then);
}

std::string since_iso(Duration age) {
  const std::time_t at = wall_clock_before(age);
  std::tm parts{};
  ::gmtime_r(&at, &parts);
  return formatted("%Y-%m-%dT%H:%M:%SZ", parts);
}

Instant boottime() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return Instant(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace holdfast::cli
