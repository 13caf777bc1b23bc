// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/beliefs.hpp"

#include "model/name.hpp"
#include "sim/scenario/script.hpp"

#include <algorithm>

namespace holdfast::sim {
namespace {

struct Held {
  const Client* client;
  const Belief* belief;
};

std::string text_of(const Held& held) {
  return held.client->name + " holds " + std::string(name_of(held.belief->mode)) + " (token " +
         std::to_string(held.belief->token.epoch.value()) + "." +
         std::to_string(held.belief->token.counter) + ")";
}

}  // namespace

bool before_deadline(World& world, const Client& client) {
  Machine& machine = world.machines()[client.machine];
  const auto deadline = machine.deadlines.find(client.incarnation);
  return deadline != machine.deadlines.end() && machine.clock(world.now()) < deadline->second &&
         !client.slot.is_over();
}

Result<void> check_beliefs(World& world) {
  std::vector<Held> all;
  for (std::size_t i = 0; i < world.clients(); ++i) {
    const Client& client = world.client(i);
    if (!client.alive || client.beliefs.empty() || !before_deadline(world, client)) continue;
    for (const auto& [lock, belief] : client.beliefs) all.push_back({&client, &belief});
  }
  std::ranges::stable_sort(all, {},
                           [](const Held& held) -> const std::string& { return held.belief->key; });
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = i + 1; j < all.size() && all[j].belief->key == all[i].belief->key; ++j)
      if (!compatible(all[i].belief->mode, all[j].belief->mode))
        return Error{Errc::bad_message, "I1 is broken on " + escaped(all[i].belief->key) + ": " +
                                            text_of(all[i]) + " while " + text_of(all[j])};
  return {};
}

void check_nodes(World& world) {
  for (const Machine& machine : world.machines())
    if (machine.up()) machine.node->check();
}

}  // namespace holdfast::sim
