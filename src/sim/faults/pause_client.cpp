// SPDX-License-Identifier: Apache-2.0
// If much is unread when it goes on, its daemon may have ended its session (slow reader).
#include "sim/faults/fault.hpp"

namespace holdfast::sim {

void strike_pause_client(const Strike& strike) {
  const Program* const program = strike.desk.some_program();
  if (program == nullptr) return;
  const std::size_t client = program->client;
  strike.world.pause_client(client);
  strike.later(strike.lasts, [&world = strike.world, client] {
    if (world.client(client).paused) world.resume_client(client);
  });
}

}  // namespace holdfast::sim
