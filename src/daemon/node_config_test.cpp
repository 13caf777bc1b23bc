// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_config.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "daemon/ready.hpp"
#include "daemon/trace_log.hpp"

namespace holdfast::daemon {
namespace {

const Life life{.incarnation = Incarnation{99}, .saved_epoch = Epoch{17}, .peer_address = "127.0.0.1:7001"};

TEST(NodeConfig, the_star_is_for_all_other_lockspaces) {
  io::Config config;
  config.lockspaces = {{.name = "*", .mastering = io::ConfiguredMastering::home, .pinned = {}},
                       {.name = "orders",
                        .mastering = io::ConfiguredMastering::pinned,
                        .pinned = {{.node = NodeId{3}, .weight = 2}},
                        .value_bytes_max = 128,
                        .access = io::ConfiguredAccess{.uid = 7, .gid = 8, .mode = 0640}}};
  const node::NodeConfig told = node_config(config, life);
  EXPECT_EQ(told.incarnation, life.incarnation);
  EXPECT_EQ(told.saved_epoch, life.saved_epoch);
  EXPECT_EQ(told.peer_address, life.peer_address);
  EXPECT_EQ(told.default_policy.mastering, node::Mastering::home);
  ASSERT_EQ(told.policies.size(), 1U);
  EXPECT_EQ(told.policies[0].lockspace, "orders");
  EXPECT_EQ(told.policies[0].mastering, node::Mastering::pinned);
  ASSERT_EQ(told.policies[0].pinned.size(), 1U);
  EXPECT_EQ(told.policies[0].pinned[0].weight, 2U);
  EXPECT_EQ(told.policies[0].value_bytes_max, 128U);
  EXPECT_FALSE(told.default_policy.access);
  ASSERT_TRUE(told.policies[0].access);
  EXPECT_EQ(told.policies[0].access->uid, 7U);
  EXPECT_EQ(told.policies[0].access->gid, 8U);
  EXPECT_EQ(told.policies[0].access->mode, 0640U);
}

TEST(NodeConfig, a_node_moves_by_itself_what_its_file_says) {
  const node::NodeConfig::Migration defaults = node_config(io::Config{}, life).migration, built_in = node::NodeConfig{}.migration;
  EXPECT_EQ(defaults.uses, built_in.uses);
  EXPECT_EQ(defaults.times, built_in.times);
  EXPECT_EQ(defaults.period, built_in.period);
  EXPECT_EQ(defaults.stay, built_in.stay);
  EXPECT_EQ(defaults.per_second, built_in.per_second);
  io::Config config;
  config.migration = {.uses = 1, .times = 2, .period = Duration{3}, .stay = Duration{4}, .moves_per_second = 5};
  const node::NodeConfig::Migration told = node_config(config, life).migration;
  EXPECT_EQ(told.uses, 1U);
  EXPECT_EQ(told.times, 2U);
  EXPECT_EQ(told.period, Duration{3});
  EXPECT_EQ(told.stay, Duration{4});
  EXPECT_EQ(told.per_second, 5U);
}

TEST(NodeConfig, a_lone_view_is_newer_than_anything_before) {
  const View first = lone_view(io::Config{}, life);
  EXPECT_GT(first.epoch, life.saved_epoch);
  EXPECT_TRUE(first.has(NodeId{1}, life.incarnation));
  EXPECT_EQ(first.configured_votes, 1U);
  // Also if the clock has gone back since.
  const Life later{.incarnation = Incarnation{100}, .saved_epoch = Epoch{std::uint64_t{1} << 60}, .peer_address = {}};
  EXPECT_EQ(lone_view(io::Config{}, later).epoch.value(), (std::uint64_t{1} << 60) + 1);
}

TEST(Ready, is_one_line_of_json) {
  io::Config config;
  config.socket = "/tmp/a \"b\"\n";
  const std::string line = ready_line(config, life);
  EXPECT_TRUE(line.starts_with(R"({"node":1,"incarnation":99,"peer_address":"127.0.0.1:7001","socket":"/tmp/a \"b\"\n","pid":)"))
      << line;
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(TraceLog, numbers_get_the_names_of_their_kind) {
  std::ostringstream lines;
  io::Log log(io::LogLevel::info, lines);
  print(log, {.kind = node::TraceKind::view_taken, .peer = {}, .a = 7, .b = 3, .text = {}});
  print(log, {.kind = node::TraceKind::peer_refused, .peer = NodeId{2}, .text = "wrong key"});
  print(log, {.kind = node::TraceKind::reached, .peer = {}, .text = "below the level"});
  EXPECT_NE(lines.str().find("info msg=\"view taken\" epoch=7 members=3\n"), std::string::npos);
  EXPECT_NE(lines.str().find("warning msg=\"peer refused\" peer=2 text=\"wrong key\"\n"), std::string::npos);
  EXPECT_EQ(lines.str().find("below"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::daemon
