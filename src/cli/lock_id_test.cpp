// SPDX-License-Identifier: Apache-2.0
#include "cli/lock_id.hpp"

#include <gtest/gtest.h>

namespace holdfast::cli {
namespace {

TEST(LockIdText, comes_back_as_it_was) {
  const LockId id{.node = NodeId{12}, .lock = ClaimId{4'294'967'297}};
  EXPECT_EQ(to_text(id), "n12#4294967297");
  EXPECT_EQ(parse_lock_id("n12#4294967297"), id);
}

TEST(LockIdText, is_not_found_in_names) {
  for (const char* name : {"", "n", "n1", "n1#", "n#1", "n0#1", "n1#0", "n1#x", "n1#1 ", "n1#-1", "m1#1", "n1:1", "n4294967296#1"})
    EXPECT_FALSE(parse_lock_id(name)) << name;
}

}  // namespace
}  // namespace holdfast::cli
