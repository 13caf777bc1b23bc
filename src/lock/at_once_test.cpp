// SPDX-License-Identifier: Apache-2.0
// That the short way ends as the long way does is shown by the oracle, which goes through both; here is when
// it may not be taken.
#include "lock/bench_for_tests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::lock {
namespace {

struct AtOnceTest : testing::Test {
  AtOnce ask(Mode mode) { return bench.engine.request_at_once(bench.resource, {.node = NodeId{7}}, mode); }
  Bench bench;
};

TEST_F(AtOnceTest, what_nobody_holds_is_granted_with_a_new_token) {
  const AtOnce first = ask(Mode::PR);
  const AtOnce second = ask(Mode::CR);
  ASSERT_TRUE(first.lock && second.lock);
  EXPECT_LT(first.token, second.token);
  EXPECT_EQ(bench.engine.state(first.lock).granted, Mode::PR);
  EXPECT_TRUE(bench.engine.unlock_at_once(first.lock));
  EXPECT_FALSE(bench.engine.exists(first.lock));
  EXPECT_TRUE(bench.engine.unlock_at_once(second.lock));
  EXPECT_TRUE(bench.engine.empty(bench.resource));
}

TEST_F(AtOnceTest, not_in_the_way_of_a_holder) {
  bench.request('a', Mode::PR);
  EXPECT_FALSE(ask(Mode::EX).lock);
  EXPECT_EQ(bench.queues(), "a||");
}

TEST_F(AtOnceTest, not_past_those_who_wait) {
  bench.request('a', Mode::PR);
  bench.request('b', Mode::EX);
  EXPECT_FALSE(ask(Mode::PR).lock);
  EXPECT_FALSE(bench.engine.unlock_at_once(bench.ids['a'])) << "b has to be granted";
  EXPECT_FALSE(bench.engine.unlock_at_once(bench.ids['b'])) << "a waiting lock";
  EXPECT_EQ(bench.queues(), "a||b");
}

TEST_F(AtOnceTest, not_while_somebody_converts) {
  bench.request('a', Mode::PR);
  bench.request('b', Mode::PR);
  bench.convert('a', Mode::EX);
  EXPECT_FALSE(ask(Mode::NL).lock);
  EXPECT_FALSE(bench.engine.unlock_at_once(bench.ids['b'])) << "a has to be granted";
}

TEST_F(AtOnceTest, not_where_a_value_is_in_doubt) {
  bench.request('a', Mode::NL);
  bench.request('b', Mode::EX);
  bench.unlock('b', {Flag::ivvalblk});
  EXPECT_FALSE(ask(Mode::PR).lock);
}

TEST_F(AtOnceTest, the_last_lock_takes_the_value_along) {
  bench.request('a', Mode::EX);
  bench.convert('a', Mode::NL, {Flag::valblk}, "text");
  ASSERT_EQ(bench.engine.value(bench.resource).bytes, "text");
  EXPECT_TRUE(bench.engine.unlock_at_once(bench.ids['a']));
  EXPECT_FALSE(bench.engine.value(bench.resource).has_bytes());
}

TEST_F(AtOnceTest, a_lock_that_has_ended_is_unknown) {
  const AtOnce granted = ask(Mode::EX);
  EXPECT_TRUE(bench.engine.unlock_at_once(granted.lock));
  EXPECT_FALSE(bench.engine.unlock_at_once(granted.lock));
}

}  // namespace
}  // namespace holdfast::lock
