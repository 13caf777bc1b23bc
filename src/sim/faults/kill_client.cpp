// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_kill_client(const Strike& strike) {
  if (Program* const program = strike.desk.some_program()) strike.desk.kill(*program);
}

}  // namespace holdfast::sim
