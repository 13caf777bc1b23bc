// SPDX-License-Identifier: Apache-2.0
#include "cluster/victim.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace holdfast::cluster {
namespace {

Candidate party(std::uint64_t claim, std::uint32_t priority, std::uint64_t born, std::uint64_t locks,
                std::uint64_t writes) {
  return {.wait = {.node = NodeId{1}, .claim = ClaimId{claim}, .number = 1}, .priority = priority, .born = born,
          .locks = locks, .writes = writes};
}

//                                        claim prio born locks writes
const std::vector<Candidate> four{party(1, 100, 30, 5, 2), party(2, 100, 10, 9, 1), party(3, 100, 20, 2, 3),
                                  party(4, 100, 40, 7, 7)};

struct Row {
  VictimPolicy policy;
  std::uint64_t loses;
};

TEST(Victim, each_policy_by_its_table) {
  for (const Row& row : {Row{VictimPolicy::youngest, 4}, Row{VictimPolicy::oldest, 2}, Row{VictimPolicy::fewest_locks, 3},
                         Row{VictimPolicy::most_locks, 2}, Row{VictimPolicy::fewest_write_locks, 2},
                         Row{VictimPolicy::most_write_locks, 4}})
    EXPECT_EQ(four[victim_of(four, row.policy, 0)].wait.claim, ClaimId{row.loses}) << name_of(row.policy);
}

TEST(Victim, the_lowest_priority_loses_whatever_the_policy) {
  std::vector<Candidate> cycle = four;
  cycle[0].priority = 99;
  for (const VictimPolicyRow& row : victim_policy_table) EXPECT_EQ(victim_of(cycle, row.policy, 7), 0U) << row.name;
  cycle[2].priority = 99;
  EXPECT_EQ(victim_of(cycle, VictimPolicy::most_locks, 0), 0U);
  EXPECT_EQ(victim_of(cycle, VictimPolicy::fewest_locks, 0), 2U);
}

TEST(Victim, at_a_tie_the_smallest_wait_loses) {
  std::vector<Candidate> cycle{party(7, 100, 1, 1, 1), party(5, 100, 1, 1, 1), party(6, 100, 1, 1, 1)};
  for (const VictimPolicyRow& row : victim_policy_table) {
    if (row.policy == VictimPolicy::random) continue;
    EXPECT_EQ(victim_of(cycle, row.policy, 0), 1U) << row.name;
  }
}

TEST(Victim, the_order_in_which_the_members_are_told_does_not_matter) {
  std::vector<Candidate> cycle = four;
  for (const VictimPolicyRow& row : victim_policy_table) {
    const WaitId first = four[victim_of(four, row.policy, 12)].wait;
    std::ranges::rotate(cycle, cycle.begin() + 1);
    std::swap(cycle[0], cycle[2]);
    EXPECT_EQ(cycle[victim_of(cycle, row.policy, 12)].wait, first) << row.name;
  }
}

TEST(Victim, chance_depends_on_the_seed_and_reaches_everybody) {
  std::set<std::size_t> victims;
  for (std::uint64_t seed = 0; seed < 64; ++seed) victims.insert(victim_of(four, VictimPolicy::random, seed));
  EXPECT_EQ(victims.size(), four.size());
}

TEST(Victim, names_are_understood) {
  for (const VictimPolicyRow& row : victim_policy_table) EXPECT_EQ(parse_victim_policy(row.name), row.policy);
  EXPECT_EQ(parse_victim_policy("eldest"), std::nullopt);
}

}  // namespace
}  // namespace holdfast::cluster
