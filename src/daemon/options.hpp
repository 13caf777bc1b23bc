// SPDX-License-Identifier: Apache-2.0
// The command line of holdfastd. A flag wins over the configuration file, the file over the defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "io/config.hpp"

namespace holdfast::daemon {

enum class Task : std::uint8_t { serve, check_config, show_text };

// Exit codes of holdfastd.
inline constexpr int exit_clean = 0;
inline constexpr int exit_trouble = 1;
inline constexpr int exit_usage = 2;

struct Options {
  Task task = Task::serve;
  std::string text;  // of show_text: help or version
  std::string config_file;
  int ready_fd = -1;
  io::Config config;
};

[[nodiscard]] std::string version();
// Parses, reads the file if one is named, and checks the whole.
[[nodiscard]] Result<Options> parse_options(int argc, const char* const* argv);

}  // namespace holdfast::daemon
