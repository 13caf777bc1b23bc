// SPDX-License-Identifier: Apache-2.0
#include "sim/random/run.hpp"
#include "sim/scenario/words.hpp"

#include <algorithm>
#include <array>

namespace holdfast::sim {
namespace {

struct FaultRow {
  std::string_view name;
  bool Faults::*member;
};
constexpr std::array fault_table{FaultRow{"crash", &Faults::crash},
                                 FaultRow{"partition", &Faults::partition},
                                 FaultRow{"cut", &Faults::cut}, FaultRow{"client", &Faults::client},
                                 FaultRow{"clock", &Faults::clock}};

constexpr Faults no_faults{
    .crash = false, .partition = false, .cut = false, .client = false, .clock = false};

Result<void> read_key(std::string_view key, std::string_view value, RunSettings& settings) {
  const auto number = parse_number(value);
  if (key == "faults") {
    HF_TRY(settings.faults, parse_faults(value));
    return {};
  }
  if (!number) return wrong(std::string(key) + "=" + std::string(value) + " is no number");
  if (key == "seed")
    settings.seed = *number;
  else if (key == "nodes" && *number >= 1 && *number <= 16)
    settings.nodes = static_cast<std::uint32_t>(*number);
  else if (key == "steps" && *number <= 100'000'000)
    settings.steps = static_cast<std::uint32_t>(*number);
  else if (key == "trees" && *number <= 1)
    settings.trees = *number == 1 ? Trees::some : Trees::none;
  else
    return wrong("'" + std::string(key) +
                 "': allowed are seed, nodes (1 to 16), steps, faults, trees (0 or 1)");
  return {};
}

}  // namespace

Result<Faults> parse_faults(std::string_view text) {
  if (text == "all") return Faults{};
  Faults faults = no_faults;
  if (text == "none" || text.empty()) return faults;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(",+"), text.size());
    const auto row = std::ranges::find(fault_table, text.substr(0, end), &FaultRow::name);
    if (row == fault_table.end())
      return wrong("'" + std::string(text.substr(0, end)) +
                   "' is no fault; allowed are crash, partition, cut, client, clock, all, none");
    faults.*(row->member) = true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return faults;
}

std::string replay_line(const RunSettings& settings) {
  std::string faults;
  for (const FaultRow& row : fault_table)
    if (settings.faults.*(row.member)) faults.append(faults.empty() ? "" : "+").append(row.name);
  return "sim:seed=" + std::to_string(settings.seed) + ",nodes=" + std::to_string(settings.nodes) +
         ",steps=" + std::to_string(settings.steps) +
         ",faults=" + (faults.empty() ? "none" : faults) +
         (settings.trees == Trees::some ? ",trees=1" : "");
}

Result<RunSettings> parse_replay_line(std::string_view line) {
  if (!line.starts_with("sim:"))
    return wrong("a replay line begins with 'sim:', such as " + replay_line({}));
  line.remove_prefix(4);
  line = line.substr(0, line.find('@'));
  RunSettings settings;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(','), line.size());
    const std::string_view pair = line.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (auto done = read_key(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())),
                             settings);
        !done)
      return done.error();
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return settings;
}

}  // namespace holdfast::sim
