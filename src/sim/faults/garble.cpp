// SPDX-License-Identifier: Apache-2.0
// The sockets' side finds it out (a length that cannot be, a broken seal): no byte of it reaches the node.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_garble(const Strike& strike) {
  const auto [from, to] = strike.some_pair();
  if (from != to) strike.world.garble({.from = from, .to = to, .message = {}});
}

}  // namespace holdfast::sim
