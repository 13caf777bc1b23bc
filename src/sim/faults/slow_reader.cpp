// SPDX-License-Identifier: Apache-2.0
// Not a pause: it goes on asking, and what it is told fills its socket. If too much is unread its daemon ends its
// session. Some die with all that unread.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_slow_reader(const Strike& strike) {
  const Program* const program = strike.desk.some_program();
  if (program == nullptr) return;
  const std::size_t client = program->client;
  strike.world.stop_reading(client);
  const bool dies = strike.prng.chance(30);
  strike.later(strike.lasts, [&world = strike.world, &desk = strike.desk, client, dies] {
    if (dies)
      desk.kill(client);
    else if (!world.client(client).reads)
      world.resume_client(client);
  });
}

}  // namespace holdfast::sim
