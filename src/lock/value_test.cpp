// SPDX-License-Identifier: Apache-2.0
#include "lock/value.hpp"

#include "lock/bench_for_tests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::lock {
namespace {

using testing::ElementsAre;

const FlagSet with_value{Flag::valblk};
const Value& value_of(const Bench& bench) { return bench.engine.value(bench.resource); }

// k keeps the value with NL, w holds EX.
Bench& written(Bench& bench) {
  bench.request('k', Mode::NL);
  bench.request('w', Mode::EX);
  bench.convert('w', Mode::EX, with_value, "first");
  return bench;
}

TEST(Value, a_write_bumps_its_number) {
  Bench bench;
  written(bench);
  EXPECT_EQ(value_of(bench).bytes, "first");
  EXPECT_EQ(value_of(bench).write_number, 1U);
  bench.convert('w', Mode::NL, with_value, "second");
  EXPECT_EQ(value_of(bench).write_number, 2U);
}

TEST(Value, an_unlock_writes_only_if_it_says_so) {
  Bench bench;
  written(bench).unlock('w');
  EXPECT_EQ(value_of(bench).bytes, "first") << "although the latest conversion had VALBLK";
  bench.request('r', Mode::PR);
  bench.unlock('r', with_value, "not a writer");
  EXPECT_EQ(value_of(bench).bytes, "first");
  bench.request('w', Mode::PW);
  bench.unlock('w', with_value, "last");
  EXPECT_EQ(value_of(bench).bytes, "last");
}

TEST(Value, the_last_unlock_forgets_it) {
  Bench bench;
  written(bench).unlock('w');
  bench.unlock('k');
  EXPECT_EQ(value_of(bench).state, ValueState::never_written);
  EXPECT_FALSE(value_of(bench).has_bytes());
}

TEST(Value, the_death_of_a_writer_puts_it_in_doubt_until_the_next_write) {
  Bench bench;
  written(bench).vanish('w');
  EXPECT_EQ(value_of(bench).state, ValueState::doubtful);
  EXPECT_THAT(bench.convert('k', Mode::CR, with_value), ElementsAre("k granted CR doubtful"));
  EXPECT_THAT(bench.convert('k', Mode::CR), ElementsAre("k granted CR"))
      << "it did not ask for the value";
  EXPECT_THAT(bench.convert('k', Mode::NL), ElementsAre("k granted NL doubtful"))
      << "what it read is in doubt";
  bench.convert('k', Mode::EX);
  bench.convert('k', Mode::NL, with_value, "sound");
  EXPECT_THAT(bench.convert('k', Mode::CR, with_value), ElementsAre("k granted CR"));
}

TEST(Value, the_death_of_a_reader_or_a_clean_farewell_leaves_it) {
  Bench bench;
  written(bench);
  bench.vanish('w', ValueAfter::keep);
  bench.request('r', Mode::PR);
  bench.vanish('r');
  EXPECT_EQ(value_of(bench).state, ValueState::valid);
}

TEST(Value, a_writer_can_declare_it_doubtful) {
  Bench bench;
  written(bench);
  bench.convert('w', Mode::PR, {Flag::valblk, Flag::ivvalblk}, "ignored");
  EXPECT_EQ(value_of(bench).state, ValueState::doubtful);
  EXPECT_EQ(value_of(bench).bytes, "first");
  bench.convert('w', Mode::NL, {Flag::ivvalblk});
  bench.convert('k', Mode::EX);
  bench.convert('k', Mode::NL, with_value, "sound");
  bench.request('r', Mode::PR);
  bench.unlock('r', {Flag::ivvalblk});
  EXPECT_EQ(value_of(bench).state, ValueState::valid) << "a reader cannot";
}

TEST(Value, what_was_never_written_is_doubtful_to_nobody) {
  Bench bench;
  bench.request('k', Mode::NL);
  bench.request('w', Mode::EX);
  bench.vanish('w');
  EXPECT_THAT(bench.convert('k', Mode::PR, with_value), ElementsAre("k granted PR"));
}

TEST(Value, a_fall_back_from_the_queue_writes_what_was_given_with_the_conversion) {
  Bench bench;
  bench.request('w', Mode::PW);
  bench.request('a', Mode::CR);
  bench.request('b', Mode::NL);
  bench.convert('b', Mode::PR);
  bench.convert('w', Mode::EX, {Flag::quecvt, Flag::altcw, Flag::valblk, Flag::nodlckwt}, "parked");
  EXPECT_EQ(bench.queues(), "a|bw|");
  EXPECT_THAT(bench.cancel('b'),
              ElementsAre("b cancelled cancelled keeps NL", "w granted CW altmode"));
  EXPECT_EQ(value_of(bench).bytes, "parked");
}

}  // namespace
}  // namespace holdfast::lock
