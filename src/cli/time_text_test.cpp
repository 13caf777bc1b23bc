// SPDX-License-Identifier: Apache-2.0
#include "cli/time_text.hpp"

#include <gtest/gtest.h>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

TEST(TimeText, times_are_read_with_their_unit) {
  EXPECT_EQ(*parse_time("250ms"), 250ms);
  EXPECT_EQ(*parse_time("5s"), 5s);
  EXPECT_EQ(*parse_time("2m"), 2min);
  EXPECT_EQ(*parse_time("1h"), 1h);
  EXPECT_EQ(*parse_time("0"), 0s);
}

TEST(TimeText, what_is_no_time_is_refused_with_what_is_allowed) {
  for (const char* text :
       {"", "5", "s", "-1s", "5 s", "5sec", "1.5s", "99999999999999999999s", "9999999h"}) {
    const auto parsed = parse_time(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().detail.find("one of ms, s, m, h"), std::string::npos) << text;
  }
}

TEST(TimeText, times_are_written_in_two_units_at_most) {
  EXPECT_EQ(time_text(340ms), "340 ms");
  EXPECT_EQ(time_text(1500ms), "1.5 s");
  EXPECT_EQ(time_text(2s), "2 s");
  EXPECT_EQ(time_text(12s), "12 s");
  EXPECT_EQ(time_text(200s), "3 min 20 s");
  EXPECT_EQ(time_text(5h + 2min), "5 h 2 min");
  EXPECT_EQ(time_text(52h), "2 d 4 h");
}

}  // namespace
}  // namespace holdfast::cli
