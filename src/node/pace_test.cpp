// SPDX-License-Identifier: Apache-2.0
#include "node/pace.hpp"

#include <gtest/gtest.h>

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;
using Turn = Pace::Turn;
using Work = Pace::Work;
constexpr Duration gap = 100us;
constexpr std::uint32_t burst = 3;
constexpr Instant start{1s};

class PaceOfWork : public testing::Test {
 protected:
  // One turn, in which that many pieces are done; the work goes on.
  std::uint32_t turn(Duration at, Turn kind) {
    const Instant now = start + at;
    const std::uint32_t pieces = pace.pieces(now, kind);
    if (pieces > 0) pace.did(pieces, now, Work::more);
    return pieces;
  }
  Duration next() const { return pace.next() - start; }
  Pace pace{gap, burst};
};

TEST_F(PaceOfWork, pieces_follow_each_other_until_the_burst_is_over) {
  for (std::uint32_t i = 1; i < burst; ++i) {
    EXPECT_EQ(turn(i * 1us, Turn::idle), 1U);
    EXPECT_EQ(next(), i * 1us);
  }
  EXPECT_EQ(turn(5us, Turn::idle), 1U);
  EXPECT_EQ(next(), 5us + gap);
  EXPECT_EQ(turn(50us, Turn::idle), 0U);
  EXPECT_EQ(turn(105us, Turn::idle), 1U);
}

TEST_F(PaceOfWork, programs_put_a_piece_off_by_a_gap_and_no_more) {
  EXPECT_EQ(turn(0us, Turn::idle), 1U);
  EXPECT_EQ(turn(1us, Turn::served_programs), 0U);
  EXPECT_EQ(next(), 1us + gap);
  EXPECT_EQ(turn(90us, Turn::served_programs), 0U);
  EXPECT_EQ(turn(110us, Turn::served_programs), burst - 1) << "what is left of the burst";
  EXPECT_EQ(turn(211us, Turn::served_programs), 0U) << "and then they come first again";
}

TEST_F(PaceOfWork, the_first_piece_is_not_put_off) {
  EXPECT_EQ(turn(0us, Turn::served_programs), 1U);
  EXPECT_EQ(turn(1us, Turn::served_programs), 0U);
}

TEST_F(PaceOfWork, what_peers_sent_and_pieces_take_turns) {
  EXPECT_EQ(turn(0us, Turn::idle), 1U);
  EXPECT_EQ(turn(0us, Turn::heard_peers), 0U);
  EXPECT_EQ(turn(1us, Turn::heard_peers), 1U);
  EXPECT_EQ(turn(2us, Turn::heard_peers), 0U);
  EXPECT_EQ(turn(3us, Turn::heard_peers), 1U);
}

TEST_F(PaceOfWork, woken_late_a_burst_is_longer_within_limits) {
  for (std::uint32_t i = 0; i < burst; ++i) EXPECT_EQ(turn(0us, Turn::idle), 1U);
  EXPECT_EQ(turn(350us, Turn::served_programs), 0U);
  EXPECT_EQ(turn(450us, Turn::served_programs), burst * 3) << "two gaps were missed";
  EXPECT_EQ(turn(451us, Turn::served_programs), 0U);
  EXPECT_EQ(turn(10s, Turn::served_programs), 0U);
  EXPECT_EQ(turn(11s, Turn::served_programs), burst * 16);
}

TEST_F(PaceOfWork, what_a_burst_takes_is_not_missed_by_the_next_one) {
  for (std::uint32_t i = 0; i < burst; ++i) EXPECT_EQ(turn(0us, Turn::idle), 1U);
  EXPECT_EQ(turn(350us, Turn::served_programs), 0U);
  EXPECT_EQ(turn(450us, Turn::served_programs), burst * 3);
  EXPECT_EQ(turn(3450us, Turn::served_programs), 0U) << "three milliseconds of pieces";
  EXPECT_EQ(next(), 3450us + gap);
  EXPECT_EQ(turn(3550us, Turn::served_programs), 0U);
  EXPECT_EQ(turn(3650us, Turn::served_programs), burst * 1);
}

TEST_F(PaceOfWork, the_next_work_begins_at_once) {
  EXPECT_EQ(turn(0us, Turn::idle), 1U);
  pace.did(1, start, Work::over);
  EXPECT_EQ(pace.next(), Instant{});
  EXPECT_EQ(turn(10s, Turn::idle), 1U);
  EXPECT_EQ(next(), 10s) << "nothing was missed meanwhile";
}

}  // namespace
}  // namespace holdfast::node
