// SPDX-License-Identifier: Apache-2.0
#include "cli/guard_plan.hpp"

#include "base/assert.hpp"

namespace holdfast::cli {
namespace {

// A deadline far away needs no clock, and must not wrap round when a share of a lease is taken from
// it.
Instant before(Instant deadline, Duration margin) {
  return deadline == Instant::never() || deadline.since_boot() <= margin ? deadline
                                                                         : deadline - margin;
}

GuardPlan plan_while_open(const GuardFacts& facts, Instant freeze_point, Instant kill_point) {
  const bool late = facts.now >= freeze_point;
  switch (facts.command) {
    case CommandState::running:
      if (late) return {.move = GuardMove::freeze, .look_again = kill_point};
      return {.move = GuardMove::none, .look_again = freeze_point};
    case CommandState::frozen:
      if (!late) return {.move = GuardMove::thaw, .look_again = freeze_point};
      return {.move = GuardMove::none, .look_again = kill_point};
    case CommandState::asked_to_end:
      return {.move = GuardMove::none, .look_again = freeze_point};
  }
  HF_ASSERT(!"unknown state");
}

}  // namespace

GuardPlan plan(const GuardFacts& facts) {
  const Instant freeze_point = before(facts.deadline, facts.lease / 3);
  const Instant kill_point = before(facts.deadline, facts.lease / 6);
  if (facts.wrapper == WrapperState::gone || facts.session == SessionState::lost ||
      facts.now >= kill_point)
    return {.move = GuardMove::kill};
  if (facts.session == SessionState::open) return plan_while_open(facts, freeze_point, kill_point);
  if (facts.command == CommandState::frozen || facts.now >= freeze_point)
    return {.move = GuardMove::kill};
  return {.move = facts.command == CommandState::running ? GuardMove::ask_to_end : GuardMove::none,
          .look_again = freeze_point};
}

}  // namespace holdfast::cli
