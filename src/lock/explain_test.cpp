// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "lock/bench_for_tests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::lock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Bench::Lines blockers(Bench& bench, char who) {
  return Bench::show(bench.engine.blockers(bench.ids[who]));
}

TEST(Blockers, holders_come_before_those_who_are_only_ahead) {
  Bench bench;
  bench.request('a', Mode::PR);
  bench.request('b', Mode::PR);
  bench.convert('b', Mode::EX);
  bench.request('c', Mode::CR);
  bench.request('d', Mode::CW);
  EXPECT_THAT(blockers(bench, 'b'), ElementsAre("a holds PR"));
  EXPECT_THAT(blockers(bench, 'c'), ElementsAre("b is ahead for EX"));
  EXPECT_THAT(blockers(bench, 'd'), ElementsAre("a holds PR", "b holds PR", "c is ahead for CR"));
  EXPECT_THAT(blockers(bench, 'a'), IsEmpty());
}

TEST(Blockers, of_conversions_are_those_ahead_in_their_own_queue) {
  Bench bench;
  bench.request('a', Mode::PW);
  bench.request('b', Mode::NL);
  bench.request('c', Mode::NL);
  bench.convert('b', Mode::PR);
  bench.convert('c', Mode::CW);
  EXPECT_THAT(blockers(bench, 'c'), ElementsAre("a holds PW", "b is ahead for PR"));
}

TEST(Blockers, nobody_is_ahead_of_who_may_pass) {
  Bench bench;
  bench.request('a', Mode::EX);
  bench.request('b', Mode::EX);
  bench.request('c', Mode::PR, {Flag::noorder});
  EXPECT_THAT(blockers(bench, 'c'), ElementsAre("a holds EX"));
}

TEST(Blockers, a_refusal_is_explained_without_a_lock) {
  Bench bench;
  bench.request('a', Mode::PR);
  bench.request('b', Mode::EX);
  EXPECT_THAT(Bench::show(bench.engine.blockers(bench.resource, Mode::PR)),
              ElementsAre("b is ahead for EX"));
  EXPECT_THAT(Bench::show(bench.engine.blockers(bench.resource, Mode::EX)),
              ElementsAre("a holds PR", "b is ahead for EX"));
}

TEST(Blockers, no_more_are_told_than_the_limit) {
  Bench bench;
  for (char who = 'a'; who < 'a' + 12; ++who) bench.request(who, Mode::PR);
  bench.request('z', Mode::EX);
  EXPECT_EQ(blockers(bench, 'z').size(), limits::blockers_told_max);
}

}  // namespace
}  // namespace holdfast::lock
