// SPDX-License-Identifier: Apache-2.0
#include "lock/bench_for_tests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::lock {
namespace {

using testing::ElementsAre;

LockState granted(Mode mode, std::uint64_t token) {
  return {.standing = Standing::granted, .granted = mode, .token = Token{Epoch{1}, token}};
}
LockState waiting(Mode mode, std::int64_t stamp, FlagSet flags = {}) {
  return {.standing = Standing::waiting, .wanted = mode, .flags = flags, .stamp = stamp};
}
LockState converting(Mode from, Mode to, std::int64_t stamp, FlagSet flags = {}) {
  return {.standing = Standing::converting,
          .granted = from,
          .wanted = to,
          .flags = flags,
          .token = Token{Epoch{1}, 1},
          .stamp = stamp};
}

TEST(Rebuild, queues_keep_the_order_of_the_old_master) {
  Bench bench;
  bench.restore('d', waiting(Mode::EX, 7));
  bench.restore('b', waiting(Mode::EX, -2));
  bench.restore('c', waiting(Mode::PR, 3));
  bench.restore('a', granted(Mode::EX, 9));
  EXPECT_THAT(bench.resume(), ElementsAre("a told EX is wanted"));
  EXPECT_EQ(bench.queues(), "a||bcd");
  bench.request('e', Mode::PR, {Flag::headque});
  bench.request('f', Mode::PR);
  EXPECT_EQ(bench.queues(), "a||ebcdf");
}

TEST(Rebuild, what_the_dead_held_is_free_now) {
  Bench bench;
  bench.restore('c', waiting(Mode::PR, 2));
  bench.restore('b', waiting(Mode::PR, 1));
  bench.restore('d', waiting(Mode::EX, 3));
  EXPECT_THAT(bench.resume(), ElementsAre("b granted PR", "c granted PR", "c told EX is wanted",
                                          "b told EX is wanted"));
}

TEST(Rebuild, conversions_are_not_granted_out_of_order) {
  Bench bench;
  bench.restore('x', granted(Mode::PR, 5));
  bench.restore('a', converting(Mode::NL, Mode::EX, 1));
  bench.restore('b', converting(Mode::NL, Mode::PR, 2));
  EXPECT_THAT(bench.resume(), ElementsAre("x told EX is wanted"));
  EXPECT_EQ(bench.queues(), "x|ab|");
}

TEST(Rebuild, tokens_go_on_above_the_restored_ones) {
  Bench bench;
  bench.restore('a', granted(Mode::PR, 900));
  bench.restore('b', granted(Mode::PR, 905));
  bench.resume();
  EXPECT_EQ(bench.queues(), "ba||") << "the newest grant first";
  bench.request('c', Mode::PR);
  EXPECT_LT((Token{Epoch{1}, 905}), bench.token('c'));
}

TEST(Rebuild, a_request_that_was_on_its_way_stands_behind_and_hears_its_place) {
  Bench bench;
  bench.restore('b', waiting(Mode::EX, no_stamp));
  bench.restore('c', waiting(Mode::EX, 4));
  bench.restore('a', granted(Mode::EX, 1));
  EXPECT_THAT(bench.resume(), ElementsAre("a told EX is wanted", "b queued"));
  EXPECT_EQ(bench.queues(), "a||cb");
  EXPECT_EQ(bench.engine.state(bench.ids['b']).stamp, 5);
}

TEST(Rebuild, a_request_on_its_way_that_would_not_wait_is_refused) {
  Bench bench;
  bench.restore('a', granted(Mode::EX, 1));
  bench.restore('b', waiting(Mode::PR, no_stamp, {Flag::noqueue}));
  bench.restore('c', waiting(Mode::NL, no_stamp));
  // The refused one was all that c stood behind.
  EXPECT_THAT(bench.resume(),
              ElementsAre("a told PR is wanted", "c queued", "b refused blocked", "c granted NL"));
  EXPECT_FALSE(bench.engine.exists(bench.ids['b']));
}

TEST(Rebuild, of_two_conversions_on_their_way_that_block_each_other_the_later_is_refused) {
  Bench bench;
  bench.restore('a', converting(Mode::PR, Mode::EX, no_stamp));
  bench.restore('b', converting(Mode::PR, Mode::EX, no_stamp));
  EXPECT_THAT(bench.resume(), ElementsAre("b refused deadlock", "b told EX is wanted", "a queued"));
  EXPECT_EQ(bench.queues(), "b|a|");
}

TEST(Rebuild, who_agreed_to_be_demoted_and_cannot_hold_any_more_was_demoted) {
  Bench bench;
  bench.restore('a', converting(Mode::PW, Mode::EX, 3, {Flag::convdeadlk}));
  bench.restore('b', granted(Mode::PW, 900));
  EXPECT_THAT(bench.resume(), ElementsAre("b told EX is wanted"));
  EXPECT_EQ(bench.engine.state(bench.ids['a']).granted, Mode::NL);
  EXPECT_THAT(bench.cancel('a'), ElementsAre("a cancelled cancelled keeps NL"));
}

TEST(Rebuild, the_value_comes_back_as_it_was) {
  Bench bench;
  Value value;
  value.write("seven");
  value.doubt();
  bench.engine.restore_value(bench.resource, value);
  bench.restore('a', granted(Mode::NL, 1));
  bench.resume();
  EXPECT_THAT(bench.convert('a', Mode::PR, {Flag::valblk}), ElementsAre("a granted PR doubtful"));
  EXPECT_EQ(bench.engine.value(bench.resource).bytes, "seven");
}

}  // namespace
}  // namespace holdfast::lock
