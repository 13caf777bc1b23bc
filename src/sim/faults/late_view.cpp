// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_late_view(const Strike& strike) {
  const NodeId node = strike.some_machine().id;
  strike.membership.be_late(node, std::chrono::milliseconds(strike.prng.between(20, 2500)));
  strike.later(strike.lasts, [&membership = strike.membership, node] { membership.see_clearly(node); });
}

}  // namespace holdfast::sim
