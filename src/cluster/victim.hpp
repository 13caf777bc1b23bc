// SPDX-License-Identifier: Apache-2.0
// Who of a cycle loses: the lowest priority; among those the policy decides, and at last the smallest wait. A function
// of the cycle alone, so that two nodes that find the same cycle choose the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "cluster/wait_graph.hpp"

namespace holdfast::cluster {

enum class VictimPolicy : std::uint8_t {
  youngest,
  oldest,
  fewest_locks,
  most_locks,
  fewest_write_locks,
  most_write_locks,
  random,
};

struct Candidate {
  WaitId wait;
  std::uint32_t priority = 0;
  std::uint64_t born = 0;  // a younger party has a larger number
  std::uint64_t locks = 0;
  std::uint64_t writes = 0;  // of those, in CW, PW or EX
};

// Whoever has the smallest loses. `chance` is the same for all members of a cycle.
using PolicyKey = std::uint64_t (*)(const Candidate&, std::uint64_t chance);

struct VictimPolicyRow {
  VictimPolicy policy{};
  std::string_view name;
  std::string_view loses;
  PolicyKey key;
};
[[nodiscard]] std::uint64_t chance_of(const Candidate& candidate, std::uint64_t chance);
inline constexpr std::array victim_policy_table{
    VictimPolicyRow{VictimPolicy::youngest, "youngest", "who came last",
                    [](const Candidate& c, std::uint64_t) { return ~c.born; }},
    VictimPolicyRow{VictimPolicy::oldest, "oldest", "who came first",
                    [](const Candidate& c, std::uint64_t) { return c.born; }},
    VictimPolicyRow{VictimPolicy::fewest_locks, "fewest_locks", "who has the fewest locks",
                    [](const Candidate& c, std::uint64_t) { return c.locks; }},
    VictimPolicyRow{VictimPolicy::most_locks, "most_locks", "who has the most locks",
                    [](const Candidate& c, std::uint64_t) { return ~c.locks; }},
    VictimPolicyRow{VictimPolicy::fewest_write_locks, "fewest_write_locks", "who has the fewest locks in CW, PW or EX",
                    [](const Candidate& c, std::uint64_t) { return c.writes; }},
    VictimPolicyRow{VictimPolicy::most_write_locks, "most_write_locks", "who has the most locks in CW, PW or EX",
                    [](const Candidate& c, std::uint64_t) { return ~c.writes; }},
    VictimPolicyRow{VictimPolicy::random, "random", "chance says, by the seed and the members of the cycle", chance_of},
};
[[nodiscard]] constexpr const VictimPolicyRow& row_of(VictimPolicy policy) {
  return victim_policy_table[static_cast<std::size_t>(policy)];
}
[[nodiscard]] constexpr std::string_view name_of(VictimPolicy policy) { return row_of(policy).name; }
[[nodiscard]] std::optional<VictimPolicy> parse_victim_policy(std::string_view name);

// Index of the victim. REQUIRES: there is somebody.
[[nodiscard]] std::size_t victim_of(std::span<const Candidate> cycle, VictimPolicy policy, std::uint64_t seed);

}  // namespace holdfast::cluster
