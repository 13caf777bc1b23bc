// SPDX-License-Identifier: Apache-2.0
// Fault: one thing that goes wrong in a simulated cluster and, after a while, is over. Each is one
// file here and one row of the table; a campaign says how often it strikes and how long it lasts.
#pragma once

#include "base/prng.hpp"
#include "sim/workloads/desk.hpp"
#include "sim/world/membership.hpp"

#include <functional>
#include <span>
#include <string_view>

namespace holdfast::sim {

// What a fault may touch, and how long this strike lasts.
struct Strike {
  World& world;
  MembershipService& membership;
  Desk& desk;
  Prng& prng;
  Duration lasts;
  std::function<void(Duration after, std::function<void()>)> later;

  // Any machine, whatever state it is in.
  [[nodiscard]] Machine& some_machine() const {
    return world.machines()[prng.below(world.machines().size())];
  }
  // One whose daemon runs; null if the dice find none.
  [[nodiscard]] Machine* some_live_machine() const {
    Machine& machine = some_machine();
    return machine.up() && machine.frozen == Freeze::none ? &machine : nullptr;
  }
  // Two different machines; the same one twice if the dice find no others.
  [[nodiscard]] std::pair<NodeId, NodeId> some_pair() const {
    const NodeId one = some_machine().id;
    return {one, some_machine().id};
  }
  [[nodiscard]] std::size_t index_of(const Machine& machine) const {
    return static_cast<std::size_t>(&machine - world.machines().data());
  }
  void restart_later(NodeId node) const {
    later(lasts, [&world = world, node] {
      if (!world.machine(node)->up()) world.start(node);
    });
  }
};

struct FaultRow {
  std::string_view name;
  std::string_view what;
  void (*strike)(const Strike&);
};
[[nodiscard]] std::span<const FaultRow> fault_table();
[[nodiscard]] const FaultRow* find_fault(std::string_view name);

void strike_crash(const Strike& strike);
void strike_kill_daemon(const Strike& strike);
void strike_bounce(const Strike& strike);
void strike_partition(const Strike& strike);
void strike_half(const Strike& strike);
void strike_one_way(const Strike& strike);
void strike_flapping(const Strike& strike);
void strike_cut(const Strike& strike);
void strike_drop(const Strike& strike);
void strike_duplicate(const Strike& strike);
void strike_slow_link(const Strike& strike);
void strike_reorder(const Strike& strike);
void strike_pause(const Strike& strike);
void strike_stop_daemon(const Strike& strike);
void strike_pause_in_turn(const Strike& strike);
void strike_pause_client(const Strike& strike);
void strike_kill_client(const Strike& strike);
void strike_slow_reader(const Strike& strike);
void strike_slow_peer(const Strike& strike);
void strike_slow_node(const Strike& strike);
void strike_garble(const Strike& strike);
void strike_kill_in_turn(const Strike& strike);
void strike_vouch(const Strike& strike);
void strike_herd(const Strike& strike);
void strike_drift(const Strike& strike);
void strike_late_view(const Strike& strike);
void strike_lie_dead(const Strike& strike);
void strike_lie_alive(const Strike& strike);
void strike_two_views(const Strike& strike);
void strike_move(const Strike& strike);
void strike_move_away(const Strike& strike);
void strike_evict(const Strike& strike);
void strike_leave(const Strike& strike);
void strike_disk(const Strike& strike);

}  // namespace holdfast::sim
