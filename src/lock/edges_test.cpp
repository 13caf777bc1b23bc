// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "lock/bench_for_tests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::lock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Bench::Lines edges(Bench& bench, char who) {
  Bench::Lines text;
  for (const Edge& edge : bench.engine.edges(bench.ids[who])) {
    const auto letter = static_cast<char>(bench.engine.holder(edge.blocker)->claim.value());
    text.push_back(std::string(1, letter) + (edge.ahead ? " is ahead for " : " holds ") +
                   std::string(name_of(edge.mode)));
  }
  return text;
}

TEST(Edges, of_a_wait_in_the_middle_of_a_queue) {
  Bench bench;
  bench.request('a', Mode::PR);
  bench.request('b', Mode::EX);
  bench.request('c', Mode::PR);
  bench.request('d', Mode::CW);
  EXPECT_THAT(edges(bench, 'b'), ElementsAre("a holds PR"));
  EXPECT_THAT(edges(bench, 'c'), ElementsAre("b is ahead for EX"));
  EXPECT_THAT(edges(bench, 'd'), ElementsAre("a holds PR", "b is ahead for EX", "c is ahead for PR"));
}

TEST(Edges, of_a_conversion_lead_to_holders_and_to_conversions_ahead_only) {
  Bench bench;
  bench.request('a', Mode::PW);
  bench.request('b', Mode::NL);
  bench.request('c', Mode::NL);
  bench.request('d', Mode::EX);
  bench.convert('b', Mode::PR);
  bench.convert('c', Mode::CW);
  EXPECT_THAT(edges(bench, 'c'), ElementsAre("a holds PW", "b is ahead for PR"));
  EXPECT_THAT(edges(bench, 'd'), ElementsAre("a holds PW", "b is ahead for PR", "c is ahead for CW"));
}

TEST(Edges, whoever_passes_the_queue_waits_for_nobody_in_it) {
  Bench bench;
  bench.request('a', Mode::EX);
  bench.request('b', Mode::EX);
  bench.request('c', Mode::PR, {Flag::noorder});
  EXPECT_THAT(edges(bench, 'c'), ElementsAre("a holds EX"));
}

TEST(Edges, a_wait_at_the_head_comes_before_those_that_were_there) {
  Bench bench;
  bench.request('a', Mode::EX);
  bench.request('b', Mode::PR);
  bench.request('c', Mode::PR, {Flag::headque});
  EXPECT_THAT(edges(bench, 'b'), ElementsAre("a holds EX", "c is ahead for PR"));
  EXPECT_THAT(edges(bench, 'c'), ElementsAre("a holds EX"));
}

TEST(Edges, a_waiter_without_deadlock_detection_has_none_and_is_none) {
  Bench bench;
  bench.request('a', Mode::EX);
  bench.request('b', Mode::EX, {Flag::nodlckwt});
  bench.request('c', Mode::EX);
  EXPECT_THAT(edges(bench, 'b'), IsEmpty());
  EXPECT_THAT(edges(bench, 'c'), ElementsAre("a holds EX"));
}

TEST(Edges, nobody_waits_for_a_blocker_without_deadlock_detection) {
  Bench bench;
  bench.request('a', Mode::PR, {Flag::nodlckblk});
  bench.request('b', Mode::EX, {Flag::nodlckblk});
  bench.request('c', Mode::EX);
  EXPECT_THAT(edges(bench, 'b'), IsEmpty());
  EXPECT_THAT(edges(bench, 'c'), IsEmpty());
}

TEST(Edges, who_has_an_alternative_waits_for_those_in_the_way_of_both) {
  Bench bench;
  bench.request('a', Mode::CR);
  bench.request('b', Mode::CW);
  bench.request('c', Mode::EX, {Flag::altpr});
  EXPECT_THAT(edges(bench, 'c'), ElementsAre("b holds CW"));
}

TEST(Edges, of_those_ahead_only_the_first_of_each_mode_count) {
  Bench bench;
  bench.request('a', Mode::EX);
  for (char who = 'b'; who < 'n'; ++who) bench.request(who, Mode::EX);
  bench.request('z', Mode::EX);
  EXPECT_THAT(edges(bench, 'z'), SizeIs(1 + limits::edges_ahead_max));
}

}  // namespace
}  // namespace holdfast::lock
