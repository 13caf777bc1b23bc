// SPDX-License-Identifier: Apache-2.0
#include "cli/guard_plan.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

constexpr Instant granted{100s};
constexpr Duration lease = 6s;

std::string_view name_of(GuardMove move) {
  constexpr std::string_view names[] = {"none", "freeze", "thaw", "ask_to_end", "kill"};
  return names[static_cast<std::size_t>(move)];
}

// What is done in each second of a lease of 6 seconds that nobody renews.
std::string story(GuardFacts facts) {
  std::string text;
  facts.deadline = granted + lease;
  facts.lease = lease;
  for (int second = 0; second <= 6; ++second) {
    facts.now = granted + std::chrono::seconds(second);
    const GuardMove move = plan(facts).move;
    if (move == GuardMove::freeze) facts.command = CommandState::frozen;
    if (move == GuardMove::thaw) facts.command = CommandState::running;
    if (move == GuardMove::ask_to_end) facts.command = CommandState::asked_to_end;
    text += std::string(text.empty() ? "" : " ").append(name_of(move));
    if (move == GuardMove::kill) break;
  }
  return text;
}

TEST(GuardPlan, a_late_renewal_freezes_and_then_kills_before_the_deadline) {
  EXPECT_EQ(story({}), "none none none none freeze kill");
}

TEST(GuardPlan, without_a_daemon_the_command_is_asked_and_then_killed) {
  EXPECT_EQ(story({.session = SessionState::cut_off}), "ask_to_end none none none kill");
}

TEST(GuardPlan, a_lock_that_is_called_in_lets_the_command_clean_up_as_long_as_the_lease_is_renewed) {
  EXPECT_EQ(story({.session = SessionState::called_in}), "ask_to_end none none none none kill");
}

TEST(GuardPlan, a_lost_lock_and_lost_company_kill_at_once) {
  EXPECT_EQ(story({.session = SessionState::lost}), "kill");
  EXPECT_EQ(story({.company = Company::wrapper_gone}), "kill");
  EXPECT_EQ(story({.company = Company::watcher_gone}), "kill");
}

TEST(GuardPlan, a_renewal_thaws_what_was_frozen) {
  const GuardFacts facts{
      .now = granted, .deadline = granted + lease, .lease = lease, .command = CommandState::frozen};
  EXPECT_EQ(plan(facts).move, GuardMove::thaw);
  EXPECT_EQ(plan(facts).look_again, granted + lease / 4);
}

TEST(GuardPlan, a_daemon_that_goes_while_frozen_is_the_end) {
  EXPECT_EQ(plan({.now = granted + 4s,
                  .deadline = granted + lease,
                  .lease = lease,
                  .session = SessionState::cut_off,
                  .command = CommandState::frozen})
                .move,
            GuardMove::kill);
}

// The law behind all of it, over every state: nobody sleeps past the kill point with a command
// alive.
TEST(GuardPlan, never_sleeps_past_the_kill_point) {
  const Instant kill_point = granted + 5s;
  for (const auto session : {SessionState::open, SessionState::cut_off, SessionState::lost})
    for (const auto command :
         {CommandState::running, CommandState::frozen, CommandState::asked_to_end})
      for (Instant now = granted; now < granted + 7s; now = now + 100ms) {
        const GuardPlan made = plan({.now = now,
                                     .deadline = granted + lease,
                                     .lease = lease,
                                     .session = session,
                                     .command = command});
        if (now >= kill_point) {
          EXPECT_EQ(made.move, GuardMove::kill);
        } else if (made.move != GuardMove::kill) {
          EXPECT_LE(made.look_again, kill_point);
        }
      }
}

// A guard that runs lights the fuse anew long before it has burned down, and never has to be ended
// by it.
TEST(GuardPlan, the_last_point_is_behind_the_kill_point_and_before_the_deadline) {
  EXPECT_GT(last_point(granted + lease, lease), granted + 5s);
  EXPECT_LT(last_point(granted + lease, lease), granted + lease);
  EXPECT_EQ(last_point(Instant::never(), lease), Instant::never());
  EXPECT_EQ(last_point(Instant(500ms), lease), Instant(500ms));
}

TEST(GuardPlan, looks_four_times_a_lease) {
  for (Instant now = granted; now < granted + 4s; now = now + 100ms)
    EXPECT_LE(plan({.now = now, .deadline = granted + lease, .lease = lease}).look_again,
              now + lease / 4);
}

TEST(GuardPlan, a_deadline_of_never_needs_no_clock) {
  const GuardPlan made = plan({.now = granted, .deadline = Instant::never(), .lease = lease});
  EXPECT_EQ(made.move, GuardMove::none);
  EXPECT_EQ(made.look_again, Instant::never());
}

}  // namespace
}  // namespace holdfast::cli
