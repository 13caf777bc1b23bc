// SPDX-License-Identifier: Apache-2.0
#include "io/log_sink.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <utility>

#include "model/name.hpp"

namespace holdfast::io {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

// Quoted unless it is one plain word; bytes from outside cannot forge a line.
void append_value(std::string& line, std::string_view value) {
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("._-:/+[]@").find(c) != std::string_view::npos;
  };
  if (!value.empty() && std::ranges::all_of(value, plain)) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : escaped(value)) {
    if (c == '"') line += '\\';
    line += c;
  }
  line += '"';
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view name) {
  const auto* found = std::ranges::find(log_level_names, name);
  if (found == std::end(log_level_names)) return std::nullopt;
  return static_cast<LogLevel>(found - std::begin(log_level_names));
}

struct Log::State {
  State(LogLevel lowest, spdlog::sink_ptr sink) : logger("holdfast", std::move(sink)) {
    logger.set_level(to_spdlog(lowest));
    logger.set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    logger.flush_on(spdlog::level::debug);
    // A full disk behind standard error must not fill the process with exceptions or messages.
    logger.set_error_handler([](const std::string&) {});
  }
  spdlog::logger logger;
};

Log::Log(LogLevel lowest)
    : state_(std::make_unique<State>(lowest, std::make_shared<spdlog::sinks::stderr_sink_st>())) {}
Log::Log(LogLevel lowest, std::ostream& lines)
    : state_(std::make_unique<State>(lowest, std::make_shared<spdlog::sinks::ostream_sink_st>(lines))) {}
Log::~Log() = default;

void Log::write(LogLevel level, std::string_view what, std::span<const LogField> fields) {
  if (!writes(level)) return;
  std::string line = "msg=";
  append_value(line, what);
  for (const LogField& field : fields) {
    line.append(1, ' ').append(field.key).append(1, '=');
    append_value(line, field.value);
  }
  state_->logger.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

bool Log::writes(LogLevel level) const { return state_->logger.should_log(to_spdlog(level)); }

}  // namespace holdfast::io
