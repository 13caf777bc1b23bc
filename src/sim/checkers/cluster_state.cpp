// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/cluster_state.hpp"

#include "model/name.hpp"
#include "sim/scenario/script.hpp"

#include <algorithm>
#include <set>

namespace holdfast::sim {
namespace {

Error broken(std::string what) { return Error{Errc::bad_message, std::move(what)}; }

std::string printed(const std::string& key) {
  const auto parts = split_key(key);
  return escaped(parts ? parts->name : key);
}

bool in_order(const lock::Standing standing, FlagSet flags) {
  return standing == lock::Standing::waiting && !flags.has(Flag::noorder) &&
         !flags.has(Flag::expedite);
}

}  // namespace

Result<void> ClusterState::check(World& world) {
  if (auto fine = check_masters(world); !fine) return fine;
  return check_queues(world);
}

Result<void> ClusterState::check_masters(World& world) {
  std::map<std::pair<std::uint64_t, std::string>, NodeId> masters;  // by view and key
  for (const Machine& machine : world.machines()) {
    if (!machine.up() || !machine.node->view().epoch) continue;
    const std::uint64_t view = machine.node->view().digest();
    for (const node::Node::Served& served : machine.node->served()) {
      const auto [other, fresh] = masters.emplace(std::pair{view, served.key}, machine.id);
      if (!fresh)
        return broken("I16 is broken: " + name_of(other->second) + " and " + name_of(machine.id) +
                      " are in epoch " + std::to_string(machine.node->view().epoch.value()) +
                      " and both serve " + printed(served.key));
    }
  }
  return {};
}

// Only whoever knows his place can keep it: what the lost master had not stamped yet goes behind.
Result<void> ClusterState::check_queues(World& world) {
  std::set<Waiter> stamped;
  Epoch newest;
  for (const Machine& machine : world.machines()) {
    if (!machine.up()) continue;
    newest = std::max(newest, machine.node->view().epoch);
    for (const auto& [claim, number] : machine.node->stamped())
      stamped.insert({machine.id, machine.incarnation, claim, number});
  }
  std::map<std::string, Queue> seen;
  for (const Machine& machine : world.machines()) {
    if (!machine.up()) continue;
    const Epoch epoch = machine.node->view().epoch;
    for (const node::Node::Served& served : machine.node->served()) {
      const auto before = queues_.find(served.key);
      if (before != queues_.end() && epoch < before->second.epoch) continue;  // it is behind
      std::map<Waiter, std::size_t> place;
      std::set<Waiter> granted;
      Queue now{.epoch = epoch, .waiting = {}};
      for (const node::Node::ServedLock& lock : served.locks) {
        const Waiter who{lock.holder, lock.incarnation, lock.claim, lock.number};
        if (lock.standing == lock::Standing::granted) granted.insert(who);
        if (lock.standing != lock::Standing::waiting) continue;
        place.emplace(who, place.size());
        if (in_order(lock.standing, lock.flags) && stamped.contains(who)) now.waiting.push_back(who);
      }
      if (before != queues_.end()) {
        std::size_t furthest = 0;
        bool somebody_waits = false;
        for (const Waiter& who : before->second.waiting) {
          const std::string name = name_of(std::get<NodeId>(who)) + "'s lock " +
                                   std::to_string(std::get<ClaimId>(who).value());
          if (somebody_waits && granted.contains(who))
            return broken("I6 is broken on " + printed(served.key) + ": " + name +
                          " is granted while one waits that was ahead of it");
          const auto at = place.find(who);
          if (at == place.end()) continue;
          if (somebody_waits && at->second < furthest)
            return broken("I6 is broken on " + printed(served.key) + ": " + name +
                          " has overtaken somebody in the queue");
          furthest = at->second;
          somebody_waits = true;
        }
      }
      seen[served.key] = std::move(now);
    }
  }
  for (auto& [key, queue] : seen) queues_[key] = std::move(queue);
  return {};
}

// Only for resources where nobody converts: of conversions that block each other nobody has to hear.
Result<void> check_notices(World& world) {
  for (const Machine& machine : world.machines()) {
    if (!machine.up()) continue;
    for (const node::Node::Served& served : machine.node->served()) {
      using lock::Standing;
      const auto& locks = served.locks;
      const auto waiter = std::ranges::find(locks, Standing::waiting, &node::Node::ServedLock::standing);
      const bool converts =
          std::ranges::find(locks, Standing::converting, &node::Node::ServedLock::standing) != locks.end();
      if (waiter == locks.end() || converts) continue;
      for (const node::Node::ServedLock& holder : locks) {
        // Whoever was granted past those who waited already hears of the next one (as in the Linux DLM).
        const bool overtook = holder.flags.has(Flag::noorder) || holder.flags.has(Flag::expedite);
        if (overtook || holder.standing != Standing::granted ||
            compatible(holder.granted, waiter->wanted))
          continue;
        for (std::size_t i = 0; i < world.clients(); ++i) {
          const Client& client = world.client(i);
          const Machine& there = world.machines()[client.machine];
          if (!client.alive || there.id != holder.holder || client.incarnation != holder.incarnation ||
              !client.beliefs.contains(holder.claim) || client.told.contains(holder.claim))
            continue;
          if (client.session->find(holder.claim) != nullptr)
            return broken("I9 is broken on " + printed(served.key) + ": " + client.name + " holds " +
                          std::string(holdfast::name_of(holder.granted)) + " and was not told that " +
                          std::string(holdfast::name_of(waiter->wanted)) + " is wanted");
        }
      }
    }
  }
  return {};
}

// Only the number of messages depends on it, so it may be otherwise while something moves; but not for ever.
Result<void> check_trees(World& world) {
  std::map<std::string, std::pair<std::string, NodeId>> trees;  // by root: what was seen of it first, and where
  for (const Machine& machine : world.machines()) {
    if (!machine.up()) continue;
    for (const node::Node::Served& served : machine.node->served()) {
      const auto [first, fresh] =
          trees.try_emplace(root_key_of(served.key), served.key, machine.id);
      const auto& [key, master] = first->second;
      if (master != machine.id)
        return broken("a tree has two masters: " + printed(key) + " is at " + name_of(master) + ", " +
                      printed(served.key) + " at " + name_of(machine.id));
    }
  }
  return {};
}

Result<void> check_nothing_is_left(World& world) {
  for (const Machine& machine : world.machines())
    for (const node::Node::HeldLock& left :
         machine.up() ? machine.node->mastered() : std::vector<node::Node::HeldLock>{})
      return broken("I15 is broken: a lock is left at the master " + name_of(machine.id) +
                    " that nobody holds: " + printed(left.key) + " " +
                    std::string(holdfast::name_of(left.mode)) + " of " + name_of(left.holder));
  return {};
}

}  // namespace holdfast::sim
