// SPDX-License-Identifier: Apache-2.0
// They come at once, ask at once and die at once, with whatever they were told unread.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_herd(const Strike& strike) {
  constexpr std::size_t programs = 40;
  const Machine* const where = strike.some_live_machine();
  if (where == nullptr) return;
  for (const std::size_t client : strike.desk.crowd(*where, programs)) {
    strike.later(strike.lasts, [&desk = strike.desk, client] { desk.kill(client); });
  }
}

}  // namespace holdfast::sim
