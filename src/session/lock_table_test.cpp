// SPDX-License-Identifier: Apache-2.0
#include "session/lock_table.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/prng.hpp"

namespace holdfast::session {
namespace {

TEST(LockTable, agrees_with_a_map_over_long_random_use) {
  Prng prng(7);
  LockTable table;
  std::map<ClaimId, Mode> model;
  for (int step = 0; step < 200'000; ++step) {
    // Few places and many generations, as the ids of a node are.
    const ClaimId id{((1 + prng.below(3)) << 32) | prng.below(100)};
    if (prng.below(2) == 0) {
      table.erase(id);
      model.erase(id);
    } else if (table.find(id) == nullptr) {
      const Mode mode = all_modes[prng.below(mode_count)];
      table.insert({.id = id, .state = LockState::granted, .mode = mode, .token = {}, .request = {}});
      model[id] = mode;
    }
    const LockRecord* found = table.find(id);
    ASSERT_EQ(found != nullptr, model.contains(id));
    if (found != nullptr) { ASSERT_EQ(found->mode, model[id]); }
    ASSERT_EQ(table.size(), model.size());
  }
  std::vector<ClaimId> expected;
  for (const auto& [id, mode] : model) {
    expected.push_back(id);
    ASSERT_EQ(table.find(id)->mode, mode);
  }
  EXPECT_EQ(table.ids(), expected);
}

TEST(LockTable, finds_nothing_when_empty) {
  LockTable table;
  EXPECT_EQ(table.find(ClaimId{1}), nullptr);
  table.erase(ClaimId{1});
  table.insert({.id = ClaimId{1}, .state = {}, .mode = {}, .token = {}, .request = {}});
  EXPECT_EQ(table.find(ClaimId{}), nullptr) << "an empty cell is not a lock";
  table.erase(ClaimId{});
  EXPECT_EQ(table.size(), 1U);
  table.clear();
  EXPECT_EQ(table.find(ClaimId{1}), nullptr);
  EXPECT_EQ(table.size(), 0U);
}

}  // namespace
}  // namespace holdfast::session
