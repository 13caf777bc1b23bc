// SPDX-License-Identifier: Apache-2.0
#include "cli/guard_plan.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace holdfast::cli {
namespace {

// A deadline far away needs no clock, and must not wrap round when a share of a lease is taken from
// it.
Instant before(Instant deadline, Duration margin) {
  return deadline == Instant::never() || deadline.since_boot() <= margin ? deadline
                                                                         : deadline - margin;
}

// Four times a lease, so that what burns down to the last point is always lit anew in good time,
// also on a machine that lets us wait; and so that a wrapper or watcher that was stopped is not
// found late.
Instant next_round(const GuardFacts& facts, Instant freeze_point) {
  return freeze_point == Instant::never() ? freeze_point
                                          : std::min(freeze_point, facts.now + facts.lease / 4);
}

GuardPlan plan_while_open(const GuardFacts& facts, Instant freeze_point, Instant kill_point) {
  const bool late = facts.now >= freeze_point;
  switch (facts.command) {
    case CommandState::running:
      if (late) return {.move = GuardMove::freeze, .look_again = kill_point};
      return {.move = GuardMove::none, .look_again = next_round(facts, freeze_point)};
    case CommandState::frozen:
      if (!late) return {.move = GuardMove::thaw, .look_again = next_round(facts, freeze_point)};
      return {.move = GuardMove::none, .look_again = kill_point};
    case CommandState::asked_to_end:
      return {.move = GuardMove::none, .look_again = next_round(facts, freeze_point)};
  }
  HF_ASSERT(!"unknown state");
}

}  // namespace

GuardPlan plan(const GuardFacts& facts) {
  const Instant freeze_point = before(facts.deadline, facts.lease / 3);
  const Instant kill_point = before(facts.deadline, facts.lease / 6);
  if (facts.company != Company::complete || facts.session == SessionState::lost ||
      facts.now >= kill_point)
    return {.move = GuardMove::kill};
  if (facts.session == SessionState::called_in && facts.command == CommandState::running)
    return {.move = GuardMove::ask_to_end, .look_again = next_round(facts, freeze_point)};
  if (!is_over(facts.session)) return plan_while_open(facts, freeze_point, kill_point);
  if (facts.command == CommandState::frozen || facts.now >= freeze_point)
    return {.move = GuardMove::kill};
  return {.move = facts.command == CommandState::running ? GuardMove::ask_to_end : GuardMove::none,
          .look_again = freeze_point};
}

Instant last_point(Instant deadline, Duration lease) { return before(deadline, lease / 8); }

}  // namespace holdfast::cli
