// SPDX-License-Identifier: Apache-2.0
// Log: writes a history (docs/history.md), one system call a line, so that of a killed program at most
// the last line is torn. Times are CLOCK_BOOTTIME, the clock that deadlines are told on.
#pragma once

#include "holdfast/client.hpp"

#include <cstdint>
#include <string>

namespace torture {

[[nodiscard]] std::int64_t now_ns();
[[nodiscard]] std::int64_t to_ns(holdfast::BootClock::time_point when);
// A JSON text with its quotes. What is not printable ASCII does not occur in our names and values.
[[nodiscard]] std::string quoted(std::string_view text);

class Log {
 public:
  // Appends; a new file gets its heading. Aborts if that is not possible.
  explicit Log(const std::string& path);
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log();
  // `rest` is what follows the time, such as "\"event\":\"healed\"".
  void line(const std::string& rest) { line_at(now_ns(), rest); }
  void line_at(std::int64_t t, const std::string& rest);

 private:
  int fd_ = -1;
};

}  // namespace torture
