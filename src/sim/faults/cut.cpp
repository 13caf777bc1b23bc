// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_cut(const Strike& strike) {
  const auto [one, other] = strike.some_pair();
  if (one != other && strike.world.machine(one)->up()) strike.world.break_connection(one, other);
}

}  // namespace holdfast::sim
