// SPDX-License-Identifier: Apache-2.0
#include "node/idle_list.hpp"

#include <gtest/gtest.h>

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration keep = 10s;
struct Thing : IdleHook {};

struct IdleListTest : testing::Test {
  static Instant at(Duration since) { return Instant(1h) + since; }
  ~IdleListTest() override {
    for (Thing* thing : {&a, &b}) list.remove(*thing);
  }
  Thing a, b;
  IdleList<Thing> list;
};

TEST_F(IdleListTest, a_thing_is_due_when_it_was_unused_long_enough) {
  list.leave(a, at(0s));
  EXPECT_EQ(list.next(keep), at(10s));
  EXPECT_EQ(list.take_due(at(10s) - 1ns, keep), nullptr);
  EXPECT_EQ(list.take_due(at(10s), keep), &a);
  EXPECT_EQ(list.take_due(at(30s), keep), nullptr) << "it was taken out";
  EXPECT_EQ(list.next(keep), Instant::never());
}

TEST_F(IdleListTest, a_thing_in_use_is_never_due) {
  list.leave(a, at(0s));
  list.use(a);
  EXPECT_EQ(list.take_due(at(1h), keep), nullptr);
  list.leave(a, at(1h));
  EXPECT_EQ(list.take_due(at(1h) + keep, keep), &a);
}

TEST_F(IdleListTest, a_thing_that_was_used_meanwhile_is_due_within_twice_the_time) {
  list.leave(a, at(0s));
  list.use(a);
  list.leave(a, at(9s));
  EXPECT_EQ(list.take_due(at(10s), keep), nullptr) << "unused for one second";
  EXPECT_EQ(list.next(keep), at(20s));
  EXPECT_EQ(list.take_due(at(20s), keep), &a);
}

TEST_F(IdleListTest, the_longest_unused_comes_first) {
  list.leave(b, at(0s));
  list.leave(a, at(1s));
  EXPECT_EQ(list.take_due(at(20s), keep), &b);
  EXPECT_EQ(list.take_due(at(20s), keep), &a);
}

TEST_F(IdleListTest, a_thing_that_goes_away_is_taken_out_first) {
  list.leave(a, at(0s));
  list.remove(a);
  EXPECT_EQ(list.take_due(at(20s), keep), nullptr);
}

}  // namespace
}  // namespace holdfast::node
