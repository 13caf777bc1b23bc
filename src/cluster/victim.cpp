// SPDX-License-Identifier: Apache-2.0
#include "cluster/victim.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

#include "base/assert.hpp"
#include "base/hash.hpp"

namespace holdfast::cluster {
namespace {

constexpr bool rows_stand_at_their_number() {
  for (std::size_t i = 0; i < victim_policy_table.size(); ++i)
    if (static_cast<std::size_t>(victim_policy_table[i].policy) != i) return false;
  return true;
}
static_assert(rows_stand_at_their_number());

std::uint64_t mixed(std::uint64_t seed, const WaitId& wait) {
  constexpr std::uint64_t k0 = 0x9e3779b97f4a7c15ULL, k1 = 0xa0761d6478bd642fULL;
  const std::uint64_t place = (std::uint64_t{wait.node.value()} << 32) | wait.number;
  return mix64(mix64(seed ^ k0, place ^ k1), wait.claim.value() ^ k0);
}

// In whatever order the members are told.
std::uint64_t chance_for(std::span<const Candidate> cycle, std::uint64_t seed) {
  std::vector<WaitId> waits;
  for (const Candidate& member : cycle) waits.push_back(member.wait);
  std::ranges::sort(waits);
  for (const WaitId& wait : waits) seed = mixed(seed, wait);
  return seed;
}

}  // namespace

std::uint64_t chance_of(const Candidate& candidate, std::uint64_t chance) { return mixed(chance, candidate.wait); }

std::optional<VictimPolicy> parse_victim_policy(std::string_view name) {
  for (const VictimPolicyRow& row : victim_policy_table)
    if (row.name == name) return row.policy;
  return std::nullopt;
}

std::size_t victim_of(std::span<const Candidate> cycle, VictimPolicy policy, std::uint64_t seed) {
  HF_ASSERT(!cycle.empty());
  const std::uint64_t chance = chance_for(cycle, seed);
  const PolicyKey key = row_of(policy).key;
  const auto rank = [&](const Candidate& member) { return std::tuple(member.priority, key(member, chance), member.wait); };
  const auto victim = std::ranges::min_element(cycle, {}, rank);
  return static_cast<std::size_t>(victim - cycle.begin());
}

}  // namespace holdfast::cluster
