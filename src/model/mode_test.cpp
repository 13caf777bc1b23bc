// SPDX-License-Identifier: Apache-2.0
// The laws are proved at compile time in mode.hpp; the pictures are compared in tests/conformance.
#include "model/mode.hpp"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Mode, every_name_is_read_back_in_any_case) {
  for (const Mode mode : all_modes) EXPECT_EQ(parse_mode(name_of(mode)), mode);
  EXPECT_EQ(parse_mode("ex"), Mode::EX);
  EXPECT_EQ(parse_mode("pW"), Mode::PW);
}

TEST(Mode, other_names_are_refused) {
  for (const char* text : {"", "E", "EXX", "XX", "NLL", "--", "P\0"})
    EXPECT_EQ(parse_mode(text), std::nullopt) << text;
}

TEST(Mode, numbers_beyond_the_table_are_no_modes) {
  EXPECT_TRUE(is_mode(5));
  EXPECT_FALSE(is_mode(6));
  EXPECT_FALSE(is_mode(0xffffffff));
}

TEST(Mode, a_weaker_mode_is_compatible_with_whatever_a_stronger_one_is) {
  for (const Mode strong : all_modes) {
    for (const Mode weak : all_modes) {
      if (!excludes_at_least(strong, weak)) continue;
      for (const Mode other : all_modes)
        EXPECT_TRUE(!compatible(strong, other) || compatible(weak, other));
    }
  }
}

}  // namespace
}  // namespace holdfast
