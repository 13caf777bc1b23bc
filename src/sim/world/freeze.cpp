// SPDX-License-Identifier: Apache-2.0
// Machines and daemons that stand still (SIGSTOP, a suspended machine, a hypervisor that was busy):
// time goes on without them.
#include "sim/scenario/script.hpp"
#include "sim/world/world.hpp"

namespace holdfast::sim {

void World::freeze(NodeId node, Freeze what) {
  Machine& one = *machine(node);
  if (!one.up()) return;
  note(name_of(node) + " stands still");
  one.frozen = what;
}

void World::thaw(NodeId node) {
  Machine& one = *machine(node);
  one.freeze_in_turn = false;
  if (one.frozen == Freeze::none) return;
  note(name_of(node) + " goes on");
  one.frozen = Freeze::none;
  for (std::function<void()>& action : std::exchange(one.stalled, {}))
    at(now_, one.id, std::move(action));
  kick_all();
  dial_all();
  if (!std::exchange(one.turn_is_open, false)) return;
  one.node->finish_turn(one.clock(now_), one.effects);
  carry_out(one);
}

// The offset takes up what the drift had made of the time so far.
void World::set_drift(NodeId node, std::int64_t ppm) {
  Machine& one = *machine(node);
  one.offset += now_ / 1'000'000 * (one.drift_ppm - ppm);
  one.drift_ppm = ppm;
  record_deadlines(one);
}

}  // namespace holdfast::sim
