// SPDX-License-Identifier: Apache-2.0
// Log: one line per event for operators, a text and key=value fields, written to standard error.
//   2026-05-04T10:11:12.345+0000 warning msg="peer refused" from=10.0.0.7:4711 why="wrong key"
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace holdfast::io {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
inline constexpr std::string_view log_level_names[] = {"debug", "info", "warning", "error"};
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view name);

struct LogField {
  std::string_view key;
  std::string value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  template <std::integral Number>
  LogField(std::string_view k, Number v) : key(k), value(std::to_string(v)) {}
};

class Log {
 public:
  explicit Log(LogLevel lowest);             // to standard error
  Log(LogLevel lowest, std::ostream& lines);  // for tests; REQUIRES: `lines` outlives the log
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void write(LogLevel level, std::string_view what, std::initializer_list<LogField> fields = {}) {
    write(level, what, std::span(fields.begin(), fields.size()));
  }
  void write(LogLevel level, std::string_view what, std::span<const LogField> fields);
  // To ask before a line that is dear to make.
  [[nodiscard]] bool writes(LogLevel level) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::io
