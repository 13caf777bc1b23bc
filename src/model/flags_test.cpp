// SPDX-License-Identifier: Apache-2.0
#include "model/flags.hpp"

#include <gtest/gtest.h>

#include <bit>

namespace holdfast {
namespace {

TEST(Flags, every_name_is_read_back) {
  for (const FlagRow& row : flag_table) EXPECT_EQ(parse_flag(row.name), row.flag);
  EXPECT_EQ(parse_flag("NOQUEUE"), std::nullopt) << "names are in lower case";
  EXPECT_EQ(parse_flag("timeout"), std::nullopt);
}

TEST(Flags, each_is_one_bit_of_its_own) {
  std::uint32_t all = 0;
  for (const FlagRow& row : flag_table) {
    const auto bit = static_cast<std::uint32_t>(row.flag);
    EXPECT_EQ(std::popcount(bit), 1) << row.name;
    EXPECT_EQ(all & bit, 0U) << row.name;
    all |= bit;
  }
}

TEST(Flags, a_set_takes_and_gives_back) {
  FlagSet set{Flag::noqueue, Flag::valblk};
  EXPECT_TRUE(set.has(Flag::noqueue));
  EXPECT_FALSE(set.has(Flag::quecvt));
  EXPECT_EQ(set.bits(), 0x9U);
  EXPECT_EQ(set.clear(Flag::noqueue), FlagSet{Flag::valblk});
  EXPECT_TRUE(FlagSet{}.empty());
}

TEST(Flags, within_means_no_other_flag) {
  const FlagSet allowed{Flag::valblk, Flag::ivvalblk};
  EXPECT_TRUE(FlagSet{Flag::valblk}.within(allowed));
  EXPECT_TRUE(FlagSet{}.within(allowed));
  EXPECT_FALSE((FlagSet{Flag::valblk, Flag::cancel}.within(allowed)));
}

TEST(Flags, bits_that_are_no_flag_are_kept_and_told) {
  const FlagSet set = FlagSet::from_bits(0x80000001);
  EXPECT_TRUE(set.has(Flag::noqueue));
  EXPECT_EQ(set.unknown(), 0x80000000U);
  EXPECT_EQ(set.bits(), 0x80000001U);
}

}  // namespace
}  // namespace holdfast
