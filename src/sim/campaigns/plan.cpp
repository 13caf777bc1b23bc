// SPDX-License-Identifier: Apache-2.0
#include "sim/campaigns/plan.hpp"

#include "base/hash.hpp"
#include "sim/scenario/words.hpp"

#include <algorithm>
#include <array>

namespace holdfast::sim {
namespace {

using std::chrono::milliseconds;

template <class T, std::size_t N>
T one_of(Prng& prng, const std::array<T, N>& choices) {
  return choices[prng.below(N)];
}

// Some of them, at least one.
template <class T>
std::vector<T> some_of(Prng& prng, const std::vector<T>& all, unsigned percent) {
  std::vector<T> some;
  for (const T& one : all)
    if (prng.chance(percent)) some.push_back(one);
  if (some.empty() && !all.empty()) some.push_back(all[prng.below(all.size())]);
  return some;
}

// Reads names that are joined by +; "none" is none.
template <class T, class Name>
Result<std::vector<T>> pick(std::string_view names, const std::vector<T>& all, Name name_of_one) {
  std::vector<T> picked;
  if (names == "none") return picked;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find('+'), names.size());
    const auto found = std::ranges::find(all, names.substr(0, end), name_of_one);
    if (found == all.end())
      return wrong("this campaign has no '" + std::string(names.substr(0, end)) + "'");
    picked.push_back(*found);
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return picked;
}

template <class T, class Name>
std::string join(const std::vector<T>& all, Name name_of_one) {
  std::string names;
  for (const T& one : all) names.append(names.empty() ? "" : "+").append(name_of_one(one));
  return names.empty() ? "none" : names;
}

std::string_view name_of_fault(const FaultUse& use) { return use.fault->name; }
std::string_view name_of_habit(const HabitRow* row) { return row->name; }

Result<void> change(Plan& plan, const Campaign& campaign, std::string_view key,
                    std::string_view value) {
  if (key == "bug") {
    HF_TRY(plan.bug, parse_bug(value));
    return {};
  }
  if (key == "migration") {
    HF_TRY(plan.migration, parse_migration(value));
    plan.moves_otherwise = plan.migration != campaign.migration;
    return {};
  }
  plan.shrunk = true;
  if (key == "faults") {
    HF_TRY(plan.faults, pick(value, campaign.faults, name_of_fault));
    return {};
  }
  if (key == "workloads") {
    HF_TRY(plan.workloads, pick(value, campaign.workloads, name_of_habit));
    return {};
  }
  const auto number = parse_number(value);
  if (!number) return wrong(std::string(key) + "=" + std::string(value) + " is no number");
  if (key == "nodes" && *number >= 1 && *number <= 16)
    plan.nodes = *number;
  else if (key == "steps" && *number <= 1'000'000)
    plan.steps = *number;
  else
    return wrong("'" + std::string(key) + "=" + std::string(value) +
                 "': allowed are nodes (1 to 16), steps, faults, workloads, migration, bug");
  return {};
}

// From a generator of its own, so that everything else stays as it was.
NodeId some_tie_breaker(const Plan& plan) {
  Prng prng(hash_bytes("tie-breaker", plan.seed));
  return plan.nodes % 2 == 0 && prng.chance(50) ? NodeId{1} : NodeId{};
}

// Buffers fill in a few seconds only where they are small. From a generator of its own, too.
void choose_buffers(Plan& plan) {
  Prng prng(hash_bytes("buffers", plan.seed));
  const auto has = [&plan](std::string_view fault) {
    return std::ranges::find(plan.faults, fault, name_of_fault) != plan.faults.end();
  };
  // Whoever does not read has to look into the slot, which every program of a real daemon has.
  if (has("slow_reader")) plan.slots = Slots::shared;
  if (has("slow_reader")) plan.backlog_bytes_max = one_of(prng, std::array<std::size_t, 3>{150, 300, 600});
  if (has("slow_peer")) plan.peer_backlog_bytes_max = one_of(prng, std::array<std::size_t, 2>{3000, 20'000});
}

}  // namespace

std::string_view name_of(Bug bug) {
  const auto row = std::ranges::find(bug_table, bug, &BugRow::bug);
  return row == bug_table.end() ? "none" : row->name;
}

Result<Bug> parse_bug(std::string_view name) {
  const auto row = std::ranges::find(bug_table, name, &BugRow::name);
  if (row != bug_table.end()) return row->bug;
  std::string names;
  for (const BugRow& known : bug_table) names.append(names.empty() ? "" : ", ").append(known.name);
  return wrong("there is no bug '" + std::string(name) + "' to plant; there are " + names);
}

Plan make_plan(const Campaign& campaign, std::uint64_t seed) {
  Prng prng(hash_bytes(campaign.name, seed));
  Plan plan{.campaign = campaign.name, .seed = seed};
  plan.latency = campaign.latency;
  plan.nodes = prng.between(campaign.nodes.least, campaign.nodes.most);
  plan.steps = prng.between(campaign.steps.least, campaign.steps.most);
  plan.faults = some_of(prng, campaign.faults, 45);
  plan.workloads = some_of(prng, campaign.workloads, 40);
  plan.programs_per_node = prng.between(1, 3);
  plan.habits.names = prng.between(1, 6);
  plan.acts_per_step = prng.between(1, 4);
  plan.step_most = one_of(prng, std::array<Duration, 3>{milliseconds(5), milliseconds(20), milliseconds(60)});
  plan.lease = one_of(prng, std::array<Duration, 3>{milliseconds(300), milliseconds(600), milliseconds(1000)});
  plan.idle_keep = one_of(prng, std::array<Duration, 3>{milliseconds(20), milliseconds(100), milliseconds(1000)});
  using node::Mastering;
  plan.mastering = one_of(prng, std::array{Mastering::first, Mastering::first, Mastering::home, Mastering::pinned});
  plan.slots = prng.chance(70) ? Slots::shared : Slots::none;
  plan.tie_breaker = some_tie_breaker(plan);
  choose_buffers(plan);
  // In half of all runs a recovery takes many turns.
  if (prng.chance(50)) plan.turn_allowance = one_of(prng, std::array<std::uint32_t, 2>{60, 300});
  plan.migration = campaign.migration;
  plan.eagerness.uses = static_cast<std::uint32_t>(prng.between(1, 6));
  plan.eagerness.times = static_cast<std::uint32_t>(prng.between(0, 2));  // 0: however much others use it
  plan.eagerness.period = one_of(prng, std::array<Duration, 3>{milliseconds(50), milliseconds(300), milliseconds(2000)});
  plan.eagerness.stay = one_of(prng, std::array<Duration, 3>{milliseconds(0), milliseconds(20), milliseconds(500)});
  plan.eagerness.per_second = one_of(prng, std::array<std::uint32_t, 2>{1, 1000});
  return plan;
}

std::string replay_line(const Plan& plan) {
  std::string line = "sim:campaign=" + plan.campaign + ",seed=" + std::to_string(plan.seed);
  if (plan.shrunk)
    line += ",nodes=" + std::to_string(plan.nodes) + ",steps=" + std::to_string(plan.steps) +
            ",faults=" + join(plan.faults, name_of_fault) +
            ",workloads=" + join(plan.workloads, name_of_habit);
  if (plan.moves_otherwise)
    line.append(",migration=").append(migration_names[static_cast<std::size_t>(plan.migration)]);
  if (plan.bug != Bug::none) line.append(",bug=").append(name_of(plan.bug));
  return line;
}

Result<ReplayLine> parse_replay_line(std::string_view text) {
  constexpr std::string_view example = "sim:campaign=attrition,seed=8123";
  if (!text.starts_with("sim:"))
    return wrong("a replay line begins with 'sim:', such as " + std::string(example));
  text.remove_prefix(4);
  text = text.substr(0, text.find('@'));
  ReplayLine line;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view pair = text.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view key = pair.substr(0, equals);
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    if (key == "campaign") {
      line.campaign = value;
    } else if (key == "seed") {
      const auto seed = parse_number(value);
      if (!seed) return wrong("seed=" + std::string(value) + " is no number");
      line.seed = *seed;
    } else {
      line.changes.emplace_back(key, value);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (line.campaign.empty())
    return wrong("a replay line names its campaign, such as " + std::string(example));
  return line;
}

Result<Plan> plan_of(const ReplayLine& line, const Campaign& campaign) {
  Plan plan = make_plan(campaign, line.seed);
  for (const auto& [key, value] : line.changes)
    if (auto changed = change(plan, campaign, key, value); !changed) return changed.error();
  return plan;
}

}  // namespace holdfast::sim
