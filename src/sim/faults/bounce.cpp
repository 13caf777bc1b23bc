// SPDX-License-Identifier: Apache-2.0
// Faster than membership can notice: the next view replaces one incarnation by another.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_bounce(const Strike& strike) {
  Machine* const victim = strike.some_live_machine();
  if (victim == nullptr) return;
  strike.world.kill_daemon(victim->id);
  strike.later(std::chrono::microseconds(strike.prng.between(1, 3000)),
               [&world = strike.world, node = victim->id] {
                 if (!world.machine(node)->up()) world.start(node);
               });
}

}  // namespace holdfast::sim
