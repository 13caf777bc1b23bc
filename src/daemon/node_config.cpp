// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_config.hpp"

#include <unistd.h>

#include <algorithm>

#include "daemon/options.hpp"
#include "io/clock.hpp"

namespace holdfast::daemon {
namespace {

node::Mastering to_node(io::ConfiguredMastering mastering) {
  switch (mastering) {
    case io::ConfiguredMastering::first: return node::Mastering::first;
    case io::ConfiguredMastering::home: return node::Mastering::home;
    case io::ConfiguredMastering::pinned: return node::Mastering::pinned;
  }
  return node::Mastering::first;
}

node::LockspacePolicy to_node(const io::ConfiguredLockspace& row) {
  node::LockspacePolicy policy{.lockspace = row.name,
                               .mastering = to_node(row.mastering),
                               .pinned = {},
                               .value_bytes_max = row.value_bytes_max,
                               .access = {},
                               .wait_max = row.wait_max};
  if (row.access) policy.access = {.uid = row.access->uid, .gid = row.access->gid, .mode = row.access->mode};
  for (const io::ConfiguredPin& pin : row.pinned) policy.pinned.push_back({.node = pin.node, .weight = pin.weight});
  return policy;
}

// The same names, in the same order.
constexpr bool policies_agree() {
  if (std::size(io::victim_policy_names) != cluster::victim_policy_table.size()) return false;
  for (std::size_t i = 0; i < std::size(io::victim_policy_names); ++i)
    if (io::victim_policy_names[i] != cluster::victim_policy_table[i].name) return false;
  return true;
}
static_assert(policies_agree());

}  // namespace

node::NodeConfig node_config(const io::Config& config, const Life& life) {
  node::NodeConfig out;
  out.node = config.node;
  out.incarnation = life.incarnation;
  out.cluster = config.cluster;
  out.version = version();
  out.peer_address = life.peer_address;
  out.lease = config.lease;
  out.idle_keep = config.idle_keep;
  out.migration = {.uses = config.migration.uses, .times = config.migration.times, .period = config.migration.period,
                   .stay = config.migration.stay, .per_second = config.migration.moves_per_second};
  out.deadlocks = {.on = config.deadlock.search == io::ConfiguredSwitch::on, .delay = config.deadlock.delay,
                   .policy = static_cast<cluster::VictimPolicy>(config.deadlock.policy), .seed = config.deadlock.seed};
  out.saved_epoch = life.saved_epoch;
  out.former_lease = life.former_lease;
  out.former_peers = life.former_peers;
  out.operator_uid = config.operator_uid.value_or(::geteuid());
  // Chance from outside against names that were chosen to collide.
  out.hash_salt = life.incarnation.value();
  for (const io::ConfiguredLockspace& row : config.lockspaces) {
    if (row.name == "*")
      out.default_policy = to_node(row);
    else
      out.policies.push_back(to_node(row));
  }
  return out;
}

View lone_view(const io::Config& config, const Life& life) {
  return {.epoch = Epoch{std::max(life.saved_epoch.value() + 1, io::wall_seconds())},
          .members = {{.node = config.node, .incarnation = life.incarnation, .address = life.peer_address}},
          .configured_votes = 1,
          .quorate = true};
}

}  // namespace holdfast::daemon
