// SPDX-License-Identifier: Apache-2.0
#include "daemon/courtesy.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace holdfast::daemon {
namespace {

using namespace std::chrono_literals;
using Turn = Courtesy::Turn;
constexpr Instant start{1s};

TEST(Courtesy, peers_are_read_at_once_where_no_program_came) {
  Courtesy courtesy;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(courtesy.pieces(start + i * 10us, Turn::quiet), 1U);
}

TEST(Courtesy, a_moment_after_a_program_they_are_read_if_no_other_came) {
  Courtesy courtesy;
  EXPECT_EQ(courtesy.pieces(start, Turn::served_programs), 0U);
  EXPECT_EQ(courtesy.pieces(start + 55us, Turn::quiet), 1U);
  EXPECT_EQ(courtesy.pieces(start + 60us, Turn::served_programs), 0U) << "and begin to wait anew";
}

TEST(Courtesy, the_longer_they_waited_the_more_is_read_within_limits) {
  Courtesy courtesy;
  EXPECT_EQ(courtesy.pieces(start, Turn::served_programs), 0U);
  EXPECT_EQ(courtesy.pieces(start + 140us, Turn::served_programs), 0U);
  EXPECT_EQ(courtesy.pieces(start + 460us, Turn::served_programs), 9U);
  EXPECT_EQ(courtesy.pieces(start + 1s, Turn::served_programs), 0U);
  EXPECT_EQ(courtesy.pieces(start + 2s, Turn::served_programs), 16U);
}

// Each turn serves programs. Whoever is made to wait is listened to again in the first turn that begins after that has
// been noticed, as the event loop does it.
TEST(Courtesy, peers_do_not_starve_however_long_turns_are) {
  for (const Duration turn : {5us, 13us, 16us, 25us, 40us, 60us, 200us, 1000us}) {
    Courtesy courtesy;
    std::optional<Instant> waits_until;
    std::uint32_t pieces = 0;
    for (Instant now = start; now < start + 100ms; now = now + turn) {
      if (waits_until) {
        if (now >= *waits_until) waits_until.reset();
        continue;
      }
      const std::uint32_t read = courtesy.pieces(now, Turn::served_programs);
      if (read == 0) waits_until = now + Courtesy::moment;
      pieces += read;
    }
    EXPECT_GE(pieces, 200U) << "in 100 ms of turns of " << turn / 1us << " us";
  }
}

}  // namespace
}  // namespace holdfast::daemon
