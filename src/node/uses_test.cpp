// SPDX-License-Identifier: Apache-2.0
// Uses, and the budget of what follows from them: counts alone, without a resource.
#include "node/uses.hpp"

#include <gtest/gtest.h>

#include "node/budget.hpp"

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;
constexpr NodeId n2{2}, n3{3};
constexpr std::uint32_t enough = 64, times = 4;

TEST(Uses, by_one_other_node_alone_are_its_own) {
  Uses uses;
  for (std::uint32_t i = 1; i < enough; ++i) EXPECT_FALSE(uses.note(n2, 0, enough)) << i;
  EXPECT_FALSE(uses.is_rivals(enough, times));
  EXPECT_TRUE(uses.note(n2, 0, enough));
  EXPECT_TRUE(uses.is_rivals(enough, times));
  EXPECT_EQ(uses.rival(), n2);
  EXPECT_EQ(uses.of_rival(), enough);
  EXPECT_EQ(uses.of_others(), 0U);
}

TEST(Uses, that_are_shared_are_nobodys) {
  Uses with_us, among_others;
  for (int i = 0; i < 10'000; ++i) {
    with_us.note_own(0);
    (void)with_us.note(n2, 0, enough);
    (void)among_others.note(i % 2 == 0 ? n2 : n3, 0, enough);
    ASSERT_FALSE(with_us.is_rivals(enough, times)) << i;
    ASSERT_FALSE(among_others.is_rivals(enough, times)) << i;
  }
}

TEST(Uses, count_against_all_others_together) {
  for (const bool is_more : {false, true}) {
    Uses uses;
    for (int round = 0; round < 100; ++round) {
      for (int i = 0; i < (is_more ? 9 : 8); ++i) (void)uses.note(n2, 0, enough);
      uses.note_own(0);
      (void)uses.note(n3, 0, enough);
    }
    EXPECT_EQ(uses.rival(), n2);
    EXPECT_EQ(uses.is_rivals(enough, times), is_more) << "four times as many are not more than that";
  }
}

TEST(Uses, find_a_newcomer_that_takes_over) {
  Uses uses;
  for (int i = 0; i < 100; ++i) (void)uses.note(n2, 0, enough);
  std::uint32_t period = 0;
  for (; !uses.is_rivals(enough, times) || uses.rival() != n3; ++period) {
    ASSERT_LT(period, 5U);
    for (int i = 0; i < 200; ++i) (void)uses.note(n3, period, enough);
  }
}

TEST(Uses, of_long_ago_do_not_count) {
  Uses uses;
  for (int i = 0; i < 100; ++i) (void)uses.note(n2, 0, enough);
  uses.age(1);
  EXPECT_EQ(uses.of_rival(), 50U);
  EXPECT_FALSE(uses.is_rivals(enough, times));
  uses.age(1'000'000);
  EXPECT_EQ(uses.of_rival() + uses.of_others(), 0U);
}

TEST(Uses, that_are_rare_never_are_enough) {
  Uses uses;
  for (std::uint32_t period = 0; period < 1000; ++period)
    for (int i = 0; i < 20; ++i) ASSERT_FALSE(uses.note(n2, period, enough));
}

TEST(Budget, is_for_a_second_and_is_filled_again) {
  Budget budget(10);
  const Instant start{1000s};
  const auto taken = [&](Instant now) {
    int count = 0;
    while (budget.take(now)) ++count;
    return count;
  };
  EXPECT_EQ(taken(start), 10);
  EXPECT_EQ(budget.next(), start + 100ms);
  EXPECT_EQ(taken(start + 99ms), 0);
  EXPECT_EQ(taken(start + 100ms), 1);
  EXPECT_EQ(taken(start + 450ms), 3);
  EXPECT_EQ(taken(start + 1h), 10) << "what was not used is not kept for ever";
}

TEST(Budget, of_none_is_none) {
  Budget budget(0);
  EXPECT_FALSE(budget.take(Instant{1000s}));
  EXPECT_EQ(budget.next(), Instant::never());
}

}  // namespace
}  // namespace holdfast::node
