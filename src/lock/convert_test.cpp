// SPDX-License-Identifier: Apache-2.0
#include "lock/bench_for_tests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::lock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Two readers, of whom a already waits to become the writer.
Bench::Lines one_upgrade_waits(Bench& bench) {
  bench.request('a', Mode::PR);
  bench.request('b', Mode::PR);
  return bench.convert('a', Mode::EX);
}

TEST(Convert, of_two_upgrades_the_second_is_the_deadlock) {
  Bench bench;
  EXPECT_THAT(one_upgrade_waits(bench), ElementsAre("a queued", "b told EX is wanted"));
  EXPECT_THAT(bench.convert('b', Mode::EX), ElementsAre("b refused deadlock"));
  EXPECT_EQ(bench.queues(), "b|a|");
  EXPECT_THAT(bench.convert('b', Mode::NL), ElementsAre("b granted NL", "a granted EX"));
}

TEST(Convert, who_agreed_to_it_is_demoted_and_told_so_when_it_is_granted) {
  Bench bench;
  one_upgrade_waits(bench);
  EXPECT_THAT(bench.convert('b', Mode::EX, {Flag::convdeadlk}),
              ElementsAre("b queued", "a granted EX", "a told EX is wanted"));
  EXPECT_THAT(bench.convert('a', Mode::NL), ElementsAre("a granted NL", "b granted EX demoted"));
}

TEST(Convert, a_demoted_conversion_that_is_cancelled_has_lost_its_mode) {
  Bench bench;
  one_upgrade_waits(bench);
  bench.convert('b', Mode::EX, {Flag::convdeadlk});
  EXPECT_THAT(bench.cancel('b'), ElementsAre("b cancelled cancelled keeps NL"));
  EXPECT_THAT(bench.convert('b', Mode::CR, {Flag::noqueue}), ElementsAre("b refused blocked"));
}

TEST(Convert, a_demoted_conversion_takes_its_alternative_if_that_is_free) {
  Bench bench;
  bench.request('a', Mode::PR);
  bench.request('b', Mode::PR);
  bench.convert('a', Mode::CW);
  EXPECT_THAT(bench.convert('b', Mode::EX, {Flag::convdeadlk, Flag::altcw}),
              ElementsAre("b granted CW demoted altmode", "a granted CW"));
}

TEST(Convert, who_takes_no_part_in_detection_waits_and_is_told_later) {
  Bench bench;
  bench.request('a', Mode::PR);
  bench.request('b', Mode::PR);
  bench.convert('a', Mode::CW);
  EXPECT_THAT(bench.convert('b', Mode::EX, {Flag::nodlckwt}), ElementsAre("b queued"));
  bench.request('c', Mode::NL, {Flag::expedite});
  EXPECT_THAT(bench.unlock('c'), ElementsAre("c unlocked", "b told EX is wanted"));
  EXPECT_THAT(bench.cancel('b', Errc::timed_out), ElementsAre("b cancelled timed_out keeps PR"));
}

TEST(Convert, noqueue_is_refused_before_anybody_looks_for_deadlocks) {
  Bench bench;
  one_upgrade_waits(bench);
  EXPECT_THAT(bench.convert('b', Mode::EX, {Flag::noqueue}), ElementsAre("b refused blocked"));
}

TEST(Convert, the_first_attempt_overtakes_queued_conversions_unless_it_asks_to_queue) {
  Bench bench;
  one_upgrade_waits(bench);
  bench.request('c', Mode::NL, {Flag::expedite});
  bench.request('d', Mode::NL, {Flag::expedite});
  EXPECT_THAT(bench.convert('c', Mode::PR), ElementsAre("c granted PR", "c told EX is wanted"));
  EXPECT_THAT(bench.convert('d', Mode::PR, {Flag::quecvt}), ElementsAre("d queued"));
  EXPECT_EQ(bench.queues(), "cb|ad|");
}

TEST(Convert, conversions_are_served_before_requests) {
  Bench bench;
  bench.request('a', Mode::EX);
  bench.request('b', Mode::NL, {Flag::expedite});
  bench.request('c', Mode::EX);
  bench.convert('b', Mode::PR);
  EXPECT_THAT(bench.unlock('a'), ElementsAre("a unlocked", "b granted PR", "b told EX is wanted"));
}

TEST(Convert, a_lock_under_way_is_busy) {
  Bench bench;
  one_upgrade_waits(bench);
  EXPECT_THAT(bench.convert('a', Mode::NL), IsEmpty());
  EXPECT_EQ(bench.error, Errc::busy);
  bench.request('c', Mode::PR);
  bench.convert('c', Mode::NL);
  EXPECT_EQ(bench.error, Errc::busy);
}

TEST(Convert, what_makes_no_sense_is_refused_and_changes_nothing) {
  Bench bench;
  bench.request('a', Mode::PR);
  bench.convert('a', Mode::NL, {Flag::quecvt});
  EXPECT_EQ(bench.error, Errc::bad_conversion);
  bench.convert('a', Mode::EX, {Flag::convdeadlk, Flag::noqueue});
  EXPECT_EQ(bench.error, Errc::bad_flags);
  EXPECT_EQ(bench.engine.state(bench.ids['a']).granted, Mode::PR);
  bench.unlock('a');
  bench.convert('a', Mode::PR);
  EXPECT_EQ(bench.error, Errc::no_such_lock);
}

}  // namespace
}  // namespace holdfast::lock
