// SPDX-License-Identifier: Apache-2.0
// No fault by itself: operators end locks by force, some of them with a grace time, some of them late: what they name is
// none any more.
#include "sim/faults/fault.hpp"

namespace holdfast::sim {
namespace {

// Held by a program of the machine or, as its masters know it, waiting.
std::vector<node::Node::HeldLock> locks_of(const Strike& strike, const Machine& machine) {
  std::vector<node::Node::HeldLock> locks = machine.node->held();
  for (const Machine& master : strike.world.machines()) {
    if (!master.up()) continue;
    for (const node::Node::Served& served : master.node->served())
      for (const node::Node::ServedLock& lock : served.locks)
        if (lock.holder == machine.id && lock.standing == lock::Standing::waiting)
          locks.push_back({.key = served.key, .holder = lock.holder, .claim = lock.claim, .mode = lock.wanted, .token = {}});
  }
  return locks;
}

}  // namespace

void strike_evict(const Strike& strike) {
  const Machine* const via = strike.some_live_machine();
  const Machine* const at = strike.some_live_machine();
  if (via == nullptr || at == nullptr) return;
  const std::vector<node::Node::HeldLock> locks = locks_of(strike, *at);
  if (locks.empty()) return;
  const node::Node::HeldLock lock = locks[strike.prng.below(locks.size())];
  const Duration grace = strike.prng.chance(2) ? Duration{0} : Duration(strike.lasts);
  // A look takes its time: what was seen may be something else by now.
  const Duration late = strike.prng.chance(2) ? Duration{0} : Duration(strike.prng.below(20'000'000));
  strike.later(late, [&world = strike.world, node = via->id, lock, grace] {
    const Machine* const there = world.machine(node);
    if (there->up() && there->frozen == Freeze::none) world.evict(node, lock.holder, lock.claim, lock.token, grace);
  });
}

}  // namespace holdfast::sim
