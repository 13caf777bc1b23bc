// SPDX-License-Identifier: Apache-2.0
#include "sim/campaigns/play.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::sim {
namespace {

using ::testing::HasSubstr;

Campaign attrition() { return *read_campaign("tests/sim/campaigns", "attrition"); }

Plan plan_in(std::string_view line) { return *plan_of(*parse_replay_line(line), attrition()); }

TEST(Plan, one_line_says_all_of_a_run) {
  const Plan plan = make_plan(attrition(), 8123);
  EXPECT_EQ(replay_line(plan), "sim:campaign=attrition,seed=8123");
  const Outcome once = play(plan, {});
  EXPECT_EQ(once.failure, "");
  EXPECT_GT(once.events, 0U);
  EXPECT_EQ(play(plan_in(replay_line(plan) + "@0123abc"), {}).hash, once.hash);
}

TEST(Plan, what_is_named_behind_the_seed_replaces_what_the_seed_had_chosen) {
  const std::string line =
      "sim:campaign=attrition,seed=7,nodes=4,steps=20,faults=crash+cut,workloads=counter";
  const Plan plan = plan_in(line);
  EXPECT_EQ(plan.nodes, 4U);
  EXPECT_EQ(plan.faults.size(), 2U);
  EXPECT_EQ(plan.lease, make_plan(attrition(), 7).lease);
  EXPECT_EQ(replay_line(plan), line);
  EXPECT_TRUE(plan_in("sim:campaign=attrition,seed=7,faults=none").faults.empty());
}

TEST(Plan, another_salt_of_the_hash_maps_changes_nothing) {
  for (const std::uint64_t seed : {11U, 12U, 13U}) {
    Plan plan = make_plan(attrition(), seed);
    const std::uint64_t hash = play(plan, {}).hash;
    plan.hash_salt = 0x5a17;
    EXPECT_EQ(play(plan, {}).hash, hash) << replay_line(plan);
  }
}

TEST(Plan, a_wrong_line_is_refused_with_a_reason) {
  EXPECT_THAT(parse_replay_line("seed=3").error().detail, HasSubstr("begins with 'sim:'"));
  EXPECT_THAT(parse_replay_line("sim:seed=3").error().detail, HasSubstr("names its campaign"));
  EXPECT_THAT(parse_replay_line("sim:campaign=a,seed=x").error().detail, HasSubstr("no number"));
  const auto wrong = [](std::string_view line) {
    return plan_of(*parse_replay_line(line), attrition()).error().detail;
  };
  EXPECT_THAT(wrong("sim:campaign=attrition,seed=1,nodes=99"), HasSubstr("1 to 16"));
  EXPECT_THAT(wrong("sim:campaign=attrition,seed=1,faults=flood"), HasSubstr("has no 'flood'"));
  EXPECT_THAT(wrong("sim:campaign=attrition,seed=1,bug=moth"), HasSubstr("there are"));
}

}  // namespace
}  // namespace holdfast::sim
