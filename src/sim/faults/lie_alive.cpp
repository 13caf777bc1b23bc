// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_lie_alive(const Strike& strike) {
  const NodeId node = strike.some_machine().id;
  strike.membership.take_for_alive(node);
  strike.later(strike.lasts, [&membership = strike.membership, node] { membership.see_clearly(node); });
}

}  // namespace holdfast::sim
