// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_kill_daemon(const Strike& strike) {
  Machine* const victim = strike.some_live_machine();
  if (victim == nullptr) return;
  strike.world.kill_daemon(victim->id);
  strike.restart_later(victim->id);
}

}  // namespace holdfast::sim
