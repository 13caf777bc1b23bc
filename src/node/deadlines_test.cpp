// SPDX-License-Identifier: Apache-2.0
#include "node/deadlines.hpp"

#include <gtest/gtest.h>

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;

struct Due {
  Instant at;
  int number = 0;
};
const auto never_stale = [](const Due&) { return false; };

TEST(Deadlines, come_soonest_first) {
  Deadlines<Due> deadlines;
  EXPECT_EQ(deadlines.next(), Instant::never());
  for (const int number : {3, 1, 2}) deadlines.push({.at = Instant(number * 1s), .number = number}, never_stale);
  for (const int number : {1, 2, 3}) {
    EXPECT_EQ(deadlines.next(), Instant(number * 1s));
    EXPECT_EQ(deadlines.pop().number, number);
  }
  EXPECT_EQ(deadlines.next(), Instant::never());
}

TEST(Deadlines, of_requests_that_are_over_do_not_pile_up) {
  Deadlines<Due> deadlines;
  const auto stale_but_for_few = [](const Due& due) { return due.number % 1000 != 0; };
  for (int number = 0; number < 1'000'000; ++number)
    deadlines.push({.at = Instant(1h + number * 1ms), .number = number}, stale_but_for_few);
  EXPECT_LE(deadlines.size(), 4 * 1'000U);
  EXPECT_EQ(deadlines.pop().number, 0) << "and those that wait are all there";
  while (deadlines.size() > 0 && deadlines.next() < Instant(2h)) (void)deadlines.pop();
}

}  // namespace
}  // namespace holdfast::node
