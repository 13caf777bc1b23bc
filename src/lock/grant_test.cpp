// SPDX-License-Identifier: Apache-2.0
#include "lock/grant.hpp"

#include "lock/bench_for_tests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::lock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// The tests of the decision by number; what is not named is an uncontended PR request that just
// arrived.
struct Row {
  int number;
  Question question;
  Verdict verdict;
};
const FlagSet quecvt{Flag::quecvt};
const FlagSet noorder{Flag::noorder};
const ModeSet writer = ModeSet{}.add(Mode::EX);
const ModeSet reader = ModeSet{}.add(Mode::PR);
constexpr auto conversion = Kind::conversion;
constexpr auto occupied = Fill::occupied;
const Row rows[] = {
    {1,
     {.wanted = Mode::NL,
      .flags = {Flag::expedite},
      .held_by_others = writer,
      .converting = occupied,
      .waiting = occupied},
     Verdict::grant},
    {2, {.wanted = Mode::PR, .held_by_others = writer}, Verdict::conflict},
    {2, {.kind = conversion, .wanted = Mode::PR, .held_by_others = writer}, Verdict::conflict},
    {2, {.wanted = Mode::PR, .flags = noorder, .held_by_others = writer}, Verdict::conflict},
    {4,
     {.kind = conversion,
      .wanted = Mode::PR,
      .held_by_others = reader,
      .converting = occupied,
      .waiting = occupied},
     Verdict::grant},
    {5,
     {.kind = conversion, .wanted = Mode::PR, .flags = quecvt, .converting = occupied},
     Verdict::out_of_turn},
    {5,
     {.kind = conversion, .wanted = Mode::PR, .flags = quecvt, .waiting = occupied},
     Verdict::grant},
    {6,
     {.wanted = Mode::PR, .flags = noorder, .converting = occupied, .waiting = occupied},
     Verdict::grant},
    {6,
     {.kind = conversion,
      .place = Place::behind,
      .wanted = Mode::PR,
      .flags = noorder,
      .converting = occupied},
     Verdict::grant},
    {7,
     {.kind = conversion, .place = Place::at_head, .wanted = Mode::PR, .converting = occupied},
     Verdict::grant},
    {7,
     {.kind = conversion, .place = Place::behind, .wanted = Mode::PR, .converting = occupied},
     Verdict::out_of_turn},
    {8, {.wanted = Mode::PR}, Verdict::grant},
    {8, {.wanted = Mode::NL, .waiting = occupied}, Verdict::out_of_turn},
    {8, {.wanted = Mode::NL, .converting = occupied}, Verdict::out_of_turn},
    {9, {.place = Place::at_head, .wanted = Mode::PR, .waiting = occupied}, Verdict::grant},
    {9,
     {.place = Place::at_head, .wanted = Mode::PR, .converting = occupied, .waiting = occupied},
     Verdict::out_of_turn},
    {9, {.place = Place::behind, .wanted = Mode::PR, .waiting = occupied}, Verdict::out_of_turn},
};

TEST(Decide, follows_the_numbered_tests) {
  for (const Row& row : rows) EXPECT_EQ(decide(row.question), row.verdict) << "test " << row.number;
}

TEST(Grant, a_reader_does_not_overtake_a_waiting_writer) {
  Bench bench;
  bench.request('a', Mode::PR);
  EXPECT_THAT(bench.request('b', Mode::EX), ElementsAre("b queued", "a told EX is wanted"));
  EXPECT_THAT(bench.request('c', Mode::PR), ElementsAre("c queued"));
  EXPECT_THAT(bench.unlock('a'), ElementsAre("a unlocked", "b granted EX", "b told PR is wanted"));
}

TEST(Grant, all_readers_at_the_head_are_granted_together) {
  Bench bench;
  bench.request('a', Mode::EX);
  bench.request('b', Mode::PR);
  bench.request('c', Mode::PR);
  bench.request('d', Mode::EX);
  bench.request('e', Mode::PR);
  EXPECT_THAT(bench.unlock('a'), ElementsAre("a unlocked", "b granted PR", "c granted PR",
                                             "c told EX is wanted", "b told EX is wanted"));
  EXPECT_EQ(bench.queues(), "cb||de");
}

TEST(Grant, headque_is_not_tried_at_the_head_before_the_next_change) {
  Bench bench;
  bench.request('a', Mode::PR);
  bench.request('b', Mode::EX);
  EXPECT_THAT(bench.request('c', Mode::PR, {Flag::headque}), ElementsAre("c queued"));
  EXPECT_EQ(bench.queues(), "a||cb");
  EXPECT_THAT(bench.cancel('b'), ElementsAre("b cancelled cancelled keeps NL", "c granted PR"));
}

TEST(Grant, tokens_rise_with_rights_only) {
  Bench bench;
  bench.request('a', Mode::PR);
  const Token first = bench.token('a');
  bench.convert('a', Mode::EX);
  const Token second = bench.token('a');
  EXPECT_LT(first, second);
  bench.convert('a', Mode::EX);
  EXPECT_EQ(bench.token('a'), second) << "the same mode again";
  bench.convert('a', Mode::CW);
  EXPECT_EQ(bench.token('a'), second) << "a down-conversion";
  bench.convert('a', Mode::PR);
  EXPECT_LT(second, bench.token('a')) << "CW to PR is no down-conversion";
  EXPECT_THAT(bench.convert('a', Mode::PR), ElementsAre("a granted PR"));
}

TEST(Grant, the_alternative_mode_is_tried_again_from_the_queue) {
  Bench bench;
  bench.request('a', Mode::EX);
  EXPECT_THAT(bench.request('b', Mode::EX, {Flag::altpr}),
              ElementsAre("b queued", "a told EX is wanted"));
  EXPECT_THAT(bench.convert('a', Mode::PR), ElementsAre("a granted PR", "b granted PR altmode"));
}

TEST(Grant, an_empty_queue_hears_nothing) {
  Bench bench;
  bench.request('a', Mode::EX);
  EXPECT_THAT(bench.cancel('a'), IsEmpty());
  EXPECT_EQ(bench.error, Errc::ok);
}

}  // namespace
}  // namespace holdfast::lock
