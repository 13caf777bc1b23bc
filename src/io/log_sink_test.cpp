// SPDX-License-Identifier: Apache-2.0
#include "io/log_sink.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace holdfast::io {
namespace {

std::string behind_the_time(const std::string& line) { return line.substr(line.find(' ') + 1); }

TEST(Log, a_line_has_a_text_and_fields) {
  std::ostringstream lines;
  Log log(LogLevel::info, lines);
  log.write(LogLevel::warning, "peer refused", {{"node", 3}, {"from", "127.0.0.1:4"}, {"why", "wrong key"}});
  EXPECT_EQ(behind_the_time(lines.str()), "warning msg=\"peer refused\" node=3 from=127.0.0.1:4 why=\"wrong key\"\n");
}

TEST(Log, nobody_forges_a_line) {
  std::ostringstream lines;
  Log log(LogLevel::info, lines);
  log.write(LogLevel::info, "session", {{"label", "a\" b\nc=\x1b[31m"}, {"empty", ""}});
  EXPECT_EQ(behind_the_time(lines.str()), "info msg=session label=\"a\\\" b\\x0ac=\\x1b[31m\" empty=\"\"\n");
}

TEST(Log, what_is_below_the_level_is_not_written) {
  std::ostringstream lines;
  Log log(LogLevel::warning, lines);
  log.write(LogLevel::info, "quiet");
  EXPECT_EQ(lines.str(), "");
  EXPECT_FALSE(log.writes(LogLevel::info));
}

TEST(Log, levels_are_known_by_name) {
  EXPECT_EQ(parse_log_level("debug"), LogLevel::debug);
  EXPECT_EQ(parse_log_level("loud"), std::nullopt);
}

}  // namespace
}  // namespace holdfast::io
