// SPDX-License-Identifier: Apache-2.0
#include "lock/engine.hpp"

#include <gtest/gtest.h>

namespace holdfast::lock {
namespace {

constexpr auto no_mode = static_cast<Mode>(6);

TEST(Rules, a_mode_beyond_the_six_is_refused) {
  EXPECT_EQ(check_request(no_mode, {}), Errc::bad_mode);
  EXPECT_EQ(check_conversion(Mode::PR, no_mode, {}), Errc::bad_mode);
}

TEST(Rules, a_request_says_nothing_of_conversions_or_endings) {
  for (const Flag flag : {Flag::cancel, Flag::convert, Flag::quecvt, Flag::convdeadlk})
    EXPECT_EQ(check_request(Mode::NL, {flag}), Errc::bad_flags) << static_cast<unsigned>(flag);
}

TEST(Rules, expedite_is_for_NL_requests_that_may_wait) {
  EXPECT_EQ(check_request(Mode::NL, {Flag::expedite}), Errc::ok);
  EXPECT_EQ(check_request(Mode::CR, {Flag::expedite}), Errc::bad_flags);
  EXPECT_EQ(check_request(Mode::NL, {Flag::expedite, Flag::noqueue}), Errc::bad_flags);
  EXPECT_EQ(check_conversion(Mode::NL, Mode::NL, {Flag::expedite}), Errc::bad_flags);
}

TEST(Rules, who_does_not_wait_cannot_offer_to_break_a_deadlock) {
  EXPECT_EQ(check_conversion(Mode::PR, Mode::EX, {Flag::convdeadlk}), Errc::ok);
  EXPECT_EQ(check_conversion(Mode::PR, Mode::EX, {Flag::convdeadlk, Flag::noqueue}),
            Errc::bad_flags);
}

TEST(Rules, flags_without_a_meaning_here_are_accepted) {
  const FlagSet harmless{Flag::forceunlock, Flag::ivvalblk, Flag::orphan, Flag::nodlckblk,
                         Flag::persistent};
  EXPECT_EQ(check_request(Mode::EX, harmless), Errc::ok);
  EXPECT_EQ(check_conversion(Mode::PR, Mode::EX, harmless), Errc::ok);
}

TEST(Rules, unknown_bits_are_ignored_in_requests_and_refused_in_endings) {
  const FlagSet unknown = FlagSet::from_bits(0x4000'0000);
  EXPECT_EQ(check_request(Mode::EX, unknown), Errc::ok);
  EXPECT_EQ(check_conversion(Mode::PR, Mode::EX, unknown), Errc::ok);
  EXPECT_EQ(check_ending(unknown), Errc::bad_flags);
}

TEST(Rules, an_ending_is_a_cancel_or_forced_not_both) {
  EXPECT_EQ(check_ending({Flag::cancel}), Errc::ok);
  EXPECT_EQ(check_ending({Flag::forceunlock, Flag::valblk, Flag::ivvalblk}), Errc::ok);
  EXPECT_EQ(check_ending({Flag::cancel, Flag::forceunlock}), Errc::bad_flags);
  EXPECT_EQ(check_ending({Flag::noqueue}), Errc::bad_flags);
}

}  // namespace
}  // namespace holdfast::lock
