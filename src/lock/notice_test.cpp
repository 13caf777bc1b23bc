// SPDX-License-Identifier: Apache-2.0
#include "lock/notice.hpp"

#include "lock/bench_for_tests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::lock {
namespace {

using testing::ElementsAre;

TEST(Notice, a_holder_hears_once_of_each_rising_mode) {
  Bench bench;
  bench.request('a', Mode::EX);
  EXPECT_THAT(bench.request('b', Mode::CR), ElementsAre("b queued", "a told CR is wanted"));
  EXPECT_THAT(bench.request('c', Mode::CR), ElementsAre("c queued"));
  EXPECT_THAT(bench.request('d', Mode::PR), ElementsAre("d queued", "a told PR is wanted"));
  EXPECT_THAT(bench.request('e', Mode::CW), ElementsAre("e queued"));
  EXPECT_THAT(bench.convert('a', Mode::EX), ElementsAre("a granted EX", "a told PR is wanted"));
}

TEST(Notice, who_did_not_hear_is_told_again_and_nobody_else) {
  Bench bench;
  bench.request('a', Mode::CR);
  bench.request('b', Mode::CR);
  EXPECT_THAT(bench.tell_again('a'), ElementsAre()) << "nobody waits";
  EXPECT_THAT(bench.request('c', Mode::EX),
              ElementsAre("c queued", "b told EX is wanted", "a told EX is wanted"));
  EXPECT_THAT(bench.tell_again('a'), ElementsAre("a told EX is wanted"));
  EXPECT_THAT(bench.request('d', Mode::EX), ElementsAre("d queued")) << "both know";
}

TEST(Notice, PR_and_CW_hear_of_each_other) {
  Bench bench;
  bench.request('a', Mode::PR);
  EXPECT_THAT(bench.request('b', Mode::CW), ElementsAre("b queued", "a told CW is wanted"));
  Bench other;
  other.request('a', Mode::CW);
  EXPECT_THAT(other.request('b', Mode::PR), ElementsAre("b queued", "a told PR is wanted"));
}

TEST(Notice, a_reader_in_front_of_a_writer_is_not_told_of_other_readers) {
  Bench bench;
  bench.request('a', Mode::PR);
  bench.request('b', Mode::CW);
  bench.request('c', Mode::PR);
  EXPECT_THAT(bench.convert('a', Mode::PR), ElementsAre("a granted PR", "a told CW is wanted"));
}

TEST(Notice, a_refusal_is_silent_unless_it_asks_to_be_heard) {
  Bench bench;
  bench.request('a', Mode::PR);
  EXPECT_THAT(bench.request('b', Mode::EX, {Flag::noqueue}), ElementsAre("b refused blocked"));
  const FlagSet loud{Flag::noqueue, Flag::noqueuebast};
  EXPECT_THAT(bench.request('b', Mode::EX, loud),
              ElementsAre("b refused blocked", "a told EX is wanted"));
  EXPECT_THAT(bench.request('b', Mode::EX, loud), ElementsAre("b refused blocked"))
      << "it counts as a level";
}

TEST(Notice, a_loud_refusal_reaches_converting_locks_too) {
  Bench bench;
  bench.request('a', Mode::PW);
  bench.request('b', Mode::CR);
  EXPECT_THAT(bench.convert('b', Mode::PR), ElementsAre("b queued", "a told PR is wanted"));
  EXPECT_THAT(bench.request('c', Mode::EX, {Flag::noqueue, Flag::noqueuebast}),
              ElementsAre("c refused blocked", "a told EX is wanted", "b told EX is wanted"));
}

TEST(Notice, a_cancelled_conversion_is_not_told_again) {
  Bench bench;
  bench.request('a', Mode::PR);
  bench.request('b', Mode::PR);
  bench.request('c', Mode::EX);
  bench.convert('a', Mode::EX);
  EXPECT_THAT(bench.cancel('a'), ElementsAre("a cancelled cancelled keeps PR"));
}

}  // namespace
}  // namespace holdfast::lock
