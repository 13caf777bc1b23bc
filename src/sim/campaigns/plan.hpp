// SPDX-License-Identifier: Apache-2.0
// Plan: everything that one run depends on. The seed takes some of the campaign's faults and
// workloads and all the options (swarm testing: a run without a certain fault gets further with the
// others). One line says it all:
//
//   sim:campaign=attrition,seed=8123[,steps=120][,nodes=3][,faults=crash+cut][,workloads=counter]
//      [,bug=NAME][@commit]
//
// What is named behind the seed replaces what the seed had chosen and leaves the rest as it was.
#pragma once

#include "base/planted.hpp"
#include "sim/campaigns/campaign.hpp"
#include "sim/world/world.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::sim {

struct Plan {
  std::string campaign;
  std::uint64_t seed = 1;
  std::uint64_t nodes = 3;
  std::uint64_t steps = 300;
  std::vector<FaultUse> faults;
  std::vector<const HabitRow*> workloads;
  // Options.
  std::uint64_t programs_per_node = 2;
  HabitOptions habits;
  Latency latency = Latency::random;
  std::uint64_t acts_per_step = 1;
  Duration step_most{};  // how far apart steps are
  Duration lease{};
  Duration idle_keep{};
  node::Mastering mastering = node::Mastering::first;
  Slots slots = Slots::shared;
  NodeId tie_breaker;  // of an even number of nodes; none: half of them are too few
  std::size_t backlog_bytes_max = limits::session_backlog_bytes_max;
  std::size_t peer_backlog_bytes_max = WorldSettings{}.peer_backlog_bytes_max;
  std::uint32_t turn_allowance = node::NodeConfig{}.turn_allowance;
  Migration migration = Migration::as_shipped;
  node::NodeConfig::Migration eagerness;  // where that is eager
  // Not the seed's.
  std::uint64_t hash_salt = 0;
  Bug bug = Bug::none;  // planted
  std::string history;  // a file to write what programs saw to; empty: none
  bool shrunk = false;
  bool moves_otherwise = false;  // than its campaign says
};

[[nodiscard]] std::string_view name_of(Bug bug);
[[nodiscard]] Result<Bug> parse_bug(std::string_view name);

[[nodiscard]] Plan make_plan(const Campaign& campaign, std::uint64_t seed);
// Without "@commit".
[[nodiscard]] std::string replay_line(const Plan& plan);

// What a line says; the rest comes from the campaign and the seed.
struct ReplayLine {
  std::string campaign;
  std::uint64_t seed = 1;
  std::vector<std::pair<std::string, std::string>> changes;
};
[[nodiscard]] Result<ReplayLine> parse_replay_line(std::string_view line);
[[nodiscard]] Result<Plan> plan_of(const ReplayLine& line, const Campaign& campaign);

}  // namespace holdfast::sim
