// SPDX-License-Identifier: Apache-2.0
// Campaign: what kind of runs there are to be (tests/sim/campaigns/NAME.toml):
//
//   name      = "attrition"
//   about     = "nodes die and come back"
//   pending   = "..."                        why "all" leaves it out for now; by name it is played
//   nodes     = "3..5"                       of each cluster
//   network   = "random"                     or "steady": everything takes the same time
//   steps     = "200..400"                   before everything has to come to its end
//   workloads = ["random", "counter"]        each seed takes some of them
//   faults    = [ { kind = "crash", every = "200ms..2s", lasts = "1ms..3s" } ]     and some of these
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"
#include "sim/faults/fault.hpp"
#include "sim/workloads/habit.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::sim {

template <class T>
struct Range {
  T least{};
  T most{};
};

struct FaultUse {
  const FaultRow* fault = nullptr;
  Range<Duration> every, lasts;
};

// How soon do resources go by themselves to where they are used?
enum class Migration : std::uint8_t { as_shipped, eager };
inline constexpr std::string_view migration_names[] = {"as_shipped", "eager"};
[[nodiscard]] Result<Migration> parse_migration(std::string_view name);

struct Campaign {
  std::string name;
  std::string about;
  std::string pending;  // why "all" leaves it out for now; empty: it does not
  Range<std::uint64_t> nodes{3, 5};
  Range<std::uint64_t> steps{200, 400};
  Latency latency = Latency::random;
  Migration migration = Migration::as_shipped;
  std::vector<const HabitRow*> workloads;
  std::vector<FaultUse> faults;
};

// The file NAME.toml of that folder.
[[nodiscard]] Result<Campaign> read_campaign(const std::string& folder, const std::string& name);
[[nodiscard]] Result<Campaign> parse_campaign(std::string_view text);
// The names of all campaigns there, sorted.
[[nodiscard]] Result<std::vector<std::string>> list_campaigns(const std::string& folder);

}  // namespace holdfast::sim
