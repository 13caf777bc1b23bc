// SPDX-License-Identifier: Apache-2.0
#include "sim/campaigns/campaign.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::sim {
namespace {

using ::testing::HasSubstr;

std::string complaint_about(std::string_view text) {
  const auto campaign = parse_campaign(text);
  return campaign ? "(none)" : campaign.error().detail;
}

TEST(Campaign, says_what_may_go_wrong_and_how_often) {
  const auto campaign = parse_campaign(R"(
name = "x"
about = "y"
nodes = "3..5"
steps = "100"
workloads = ["random", "ledger"]
faults = [ { kind = "crash", every = "200ms..2s", lasts = "1ms" } ]
)");
  ASSERT_TRUE(campaign.has_value());
  EXPECT_EQ(campaign->nodes.least, 3U);
  EXPECT_EQ(campaign->nodes.most, 5U);
  EXPECT_EQ(campaign->steps.most, 100U);
  ASSERT_EQ(campaign->workloads.size(), 2U);
  EXPECT_EQ(campaign->workloads[1]->name, "ledger");
  ASSERT_EQ(campaign->faults.size(), 1U);
  EXPECT_EQ(campaign->faults[0].fault->name, "crash");
  EXPECT_EQ(campaign->faults[0].every.most, Duration(std::chrono::seconds(2)));
  EXPECT_EQ(campaign->faults[0].lasts.least, Duration(std::chrono::milliseconds(1)));
}

TEST(Campaign, what_is_wrong_is_named_with_what_is_allowed) {
  EXPECT_THAT(complaint_about("name = \"x\"\n"), HasSubstr("needs workloads"));
  EXPECT_THAT(complaint_about("nodes = \"0..5\"\n"), HasSubstr("1 to 16"));
  EXPECT_THAT(complaint_about("nodes = \"5..3\"\n"), HasSubstr("ends below its beginning"));
  EXPECT_THAT(complaint_about("speed = \"fast\"\n"), HasSubstr("allowed are name, about"));
  EXPECT_THAT(complaint_about("workloads = [\"sleep\"]\n"), HasSubstr("there are random"));
  EXPECT_THAT(complaint_about("faults = [ { kind = \"flood\" } ]\n"), HasSubstr("there are crash"));
  EXPECT_THAT(complaint_about("faults = [ { kind = \"crash\" } ]\n"), HasSubstr("how often"));
  EXPECT_THAT(complaint_about("faults = [ { kind = \"crash\", every = \"soon\" } ]\n"),
              HasSubstr("'soon' is no time"));
  EXPECT_THAT(complaint_about("= 3"), HasSubstr("line 1"));
}

TEST(Campaign, every_file_of_ours_can_be_read) {
  const auto names = list_campaigns("tests/sim/campaigns");
  ASSERT_TRUE(names.has_value());
  EXPECT_GE(names->size(), 6U);
  for (const std::string& name : *names) {
    const auto campaign = read_campaign("tests/sim/campaigns", name);
    EXPECT_TRUE(campaign.has_value()) << (campaign ? "" : campaign.error().detail);
  }
}

TEST(Campaign, every_fault_and_every_workload_is_in_some_campaign) {
  std::vector<std::string_view> used;
  const auto names = list_campaigns("tests/sim/campaigns");
  ASSERT_TRUE(names.has_value());
  for (const std::string& name : *names) {
    const auto campaign = read_campaign("tests/sim/campaigns", name);
    for (const FaultUse& use : campaign->faults) used.push_back(use.fault->name);
    for (const HabitRow* row : campaign->workloads) used.push_back(row->name);
  }
  for (const FaultRow& row : fault_table()) EXPECT_THAT(used, ::testing::Contains(row.name));
  for (const HabitRow& row : habit_table()) EXPECT_THAT(used, ::testing::Contains(row.name));
}

}  // namespace
}  // namespace holdfast::sim
