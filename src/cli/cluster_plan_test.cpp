// SPDX-License-Identifier: Apache-2.0
#include "cli/cluster_plan.hpp"

#include <gtest/gtest.h>

namespace holdfast::cli {
namespace {

ClusterPlan plan_of(std::string_view nodes) {
  ClusterPlan plan;
  plan.nodes = *parse_nodes(nodes);
  return plan;
}

TEST(ClusterPlan, nodes_are_numbered_as_they_are_written) {
  const auto nodes = parse_nodes("b=10.0.0.2,a=10.0.0.1");
  ASSERT_TRUE(nodes);
  ASSERT_EQ(nodes->size(), 2U);
  EXPECT_EQ((*nodes)[0].name, "b");
  EXPECT_EQ((*nodes)[0].number, 1U);
  EXPECT_EQ((*nodes)[1].address, "10.0.0.1");
}

TEST(ClusterPlan, nodes_that_make_no_cluster_are_refused_with_what_is_allowed) {
  const struct {
    const char* text;
    const char* says;
  } rows[] = {
      {"", "write NAME=ADDRESS"},
      {"a", "write NAME=ADDRESS"},
      {"a=10.0.0.1,", "write NAME=ADDRESS"},
      {"=10.0.0.1", "no name for a node"},
      {"a b=10.0.0.1", "no name for a node"},
      {"-a=10.0.0.1", "no name for a node"},
      {"a}=10.0.0.1", "no name for a node"},
      {"../a=10.0.0.1", "no name for a node"},
      {"a=host.example", "no host names"},
      {"a=10.0.0.1:7001", "no host names"},
      {"a=10.0.0.256", "no host names"},
      {"a=127.0.0.1", "cannot be reached"},
      {"a=::1", "cannot be reached"},
      {"a=0.0.0.0", "cannot be reached"},
      {"a=10.0.0.1,a=10.0.0.2", "name of two nodes"},
      {"a=10.0.0.1,b=10.0.0.1", "address of two nodes"},
      {"a=10.0.0.1,b=fd00::2", "use one kind"},
  };
  for (const auto& row : rows) {
    const auto nodes = parse_nodes(row.text);
    ASSERT_FALSE(nodes) << row.text;
    EXPECT_NE(nodes.error().detail.find(row.says), std::string::npos) << row.text << ": " << nodes.error().detail;
  }
  std::string many;
  for (int i = 0; i < 129; ++i)
    many += (i == 0 ? "" : ",") + ("n" + std::to_string(i)) + "=10.0." + std::to_string(i) + ".1";
  ASSERT_FALSE(parse_nodes(many));
  EXPECT_NE(parse_nodes(many).error().detail.find("at most 128"), std::string::npos);
}

TEST(ClusterPlan, an_even_number_of_nodes_has_a_tie_breaker_and_an_odd_one_none) {
  EXPECT_EQ(tie_breaker_of(plan_of("a=10.0.0.1,b=10.0.0.2,c=10.0.0.3")), nullptr);
  ClusterPlan two = plan_of("a=10.0.0.1,b=10.0.0.2");
  ASSERT_NE(tie_breaker_of(two), nullptr);
  EXPECT_EQ(tie_breaker_of(two)->name, "a");
  two.tie_breaker = "b";
  EXPECT_TRUE(check_plan(two));
  EXPECT_NE(corosync_conf(two).find("auto_tie_breaker_node: 2\n"), std::string::npos);
  EXPECT_EQ(corosync_conf(two).find("two_node:"), std::string::npos) << "both sides would have quorum";
}

TEST(ClusterPlan, a_tie_breaker_that_breaks_nothing_is_refused) {
  ClusterPlan two = plan_of("a=10.0.0.1,b=10.0.0.2");
  two.tie_breaker = "c";
  ASSERT_FALSE(check_plan(two));
  EXPECT_NE(check_plan(two).error().detail.find("none of the nodes"), std::string::npos);
  ClusterPlan three = plan_of("a=10.0.0.1,b=10.0.0.2,c=10.0.0.3");
  three.tie_breaker = "a";
  ASSERT_FALSE(check_plan(three));
}

TEST(ClusterPlan, a_quorum_device_chooses_instead_of_the_tie_breaker) {
  ClusterPlan two = plan_of("a=10.0.0.1,b=10.0.0.2");
  two.device = "10.0.0.9";
  two.tie_breaker = "b";
  EXPECT_TRUE(check_plan(two));
  const std::string text = corosync_conf(two);
  for (const char* line : {"host: 10.0.0.9\n", "algorithm: ffsplit\n", "tie_breaker: 2\n", "tls: required\n", "votes: 1\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  EXPECT_EQ(text.find("auto_tie_breaker"), std::string::npos) << "corosync takes one or the other";
}

TEST(ClusterPlan, a_quorum_device_that_is_none_is_refused_with_what_is_allowed) {
  const struct {
    const char* nodes;
    const char* device;
    const char* says;
  } rows[] = {{"a=10.0.0.1,b=10.0.0.2", "arbiter.example", "numbers are allowed"},
              {"a=10.0.0.1,b=10.0.0.2", "10.0.0.2", "is one of the nodes"},
              {"a=10.0.0.1,b=10.0.0.2,c=10.0.0.3", "10.0.0.9", "no quorum device is needed"}};
  for (const auto& row : rows) {
    ClusterPlan plan = plan_of(row.nodes);
    plan.device = row.device;
    ASSERT_FALSE(check_plan(plan)) << row.device;
    EXPECT_NE(check_plan(plan).error().detail.find(row.says), std::string::npos) << check_plan(plan).error().detail;
  }
}

TEST(ClusterPlan, a_name_that_would_be_more_than_a_name_is_refused) {
  for (const char* name : {"", "a b", "a\nb", "a}", "\"", "-x"}) {
    ClusterPlan plan = plan_of("a=10.0.0.1");
    plan.name = name;
    EXPECT_FALSE(check_plan(plan)) << name;
  }
}

TEST(ClusterPlan, addresses_of_six_have_brackets_where_a_port_follows) {
  const ClusterPlan plan = plan_of("a=fd00::1");
  EXPECT_NE(holdfastd_toml(plan, plan.nodes[0]).find("listen = \"[fd00::1]:7001\""), std::string::npos);
  EXPECT_NE(corosync_conf(plan).find("ring0_addr: fd00::1\n"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::cli
