// SPDX-License-Identifier: Apache-2.0
#include "daemon/options.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace holdfast::daemon {
namespace {

Result<Options> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "holdfastd");
  return parse_options(static_cast<int>(words.size()), words.data());
}

std::string refusal(std::vector<const char*> words) {
  const auto options = parse(std::move(words));
  return options ? "accepted" : options.error().text();
}

TEST(Options, flags_reach_the_configuration) {
  const auto options = parse({"--node", "7", "--socket", "/tmp/s", "--state-dir", "/tmp/d", "--cluster", "blue",
                              "--key-file", "/k", "--lease", "500", "--membership", "manual", "--peer-listen",
                              "10.0.0.7:0", "--log-level", "error"});
  ASSERT_TRUE(options) << options.error().text();
  const io::Config& config = options->config;
  EXPECT_EQ(config.node, NodeId{7});
  EXPECT_EQ(config.socket, "/tmp/s");
  EXPECT_EQ(config.state_dir, "/tmp/d");
  EXPECT_EQ(config.cluster, "blue");
  EXPECT_EQ(config.key_file, "/k");
  EXPECT_EQ(config.lease, std::chrono::milliseconds(500));
  EXPECT_EQ(config.membership, io::Membership::manual);
  EXPECT_EQ(config.peer_listen, "10.0.0.7:0");
  EXPECT_EQ(config.log_level, io::LogLevel::error);
  EXPECT_EQ(options->task, Task::serve);
}

TEST(Options, a_flag_wins_over_the_file) {
  const auto path = std::filesystem::temp_directory_path() / "holdfast-options-test.toml";
  std::ofstream(path) << "[node]\nid = 3\n[lease]\nlease_ms = 700\n";
  const auto options = parse({"--config", path.c_str(), "--node", "4", "--socket", "/s", "--state-dir", "/d"});
  std::filesystem::remove(path);
  ASSERT_TRUE(options) << options.error().text();
  EXPECT_EQ(options->config.node, NodeId{4});
  EXPECT_EQ(options->config.lease, std::chrono::milliseconds(700));
}

TEST(Options, relative_paths_are_those_of_the_caller) {
  const auto options = parse({"--socket", "s", "--state-dir", "./d"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->config.socket, std::filesystem::current_path() / "s");
  EXPECT_EQ(options->config.state_dir, std::filesystem::current_path() / "d");
}

TEST(Options, each_mistake_says_what_is_allowed) {
  EXPECT_NE(refusal({"--noed", "3"}).find("holdfastd --help"), std::string::npos);
  EXPECT_NE(refusal({"--node", "0"}).find("--node"), std::string::npos);
  EXPECT_NE(refusal({"--lease", "99"}).find("100 to 600000"), std::string::npos) << refusal({"--lease", "99"});
  EXPECT_NE(refusal({"--moves-per-second", "-1"}).find("--moves-per-second"), std::string::npos);
  EXPECT_NE(refusal({"--membership", "etcd"}).find("single,manual,corosync"), std::string::npos);
  EXPECT_NE(refusal({"--log-level", "loud"}).find("warning"), std::string::npos);
  EXPECT_NE(refusal({"--cluster", ""}).find("1 to 64 bytes"), std::string::npos);
  EXPECT_NE(refusal({"--peer-listen", "127.0.0.1:0"}).find("--membership corosync"), std::string::npos);
  EXPECT_NE(refusal({"--membership", "manual", "--peer-listen", "0.0.0.0:0"}).find("--key-file"), std::string::npos);
  EXPECT_NE(refusal({"--config", "/nowhere.toml"}).find("/nowhere.toml"), std::string::npos);
  EXPECT_NE(refusal({"--ready-fd", "900"}).find("no such open descriptor"), std::string::npos);
}

TEST(Options, help_has_examples) {
  const auto options = parse({"--help"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->task, Task::show_text);
  for (const char* part : {"Examples:", "--ready-fd", "--check-config", "Exit code"})
    EXPECT_NE(options->text.find(part), std::string::npos) << part;
}

// The file that packages install shows every key, and each with its default.
TEST(Options, the_packaged_configuration_is_sound) {
  const auto options = parse({"--config", "packaging/holdfastd.toml", "--check-config"});
  ASSERT_TRUE(options) << options.error().text();
  EXPECT_EQ(options->task, Task::check_config);
  const io::Config defaults;
  const io::Config& config = options->config;
  EXPECT_EQ(config.node, defaults.node);
  EXPECT_EQ(config.cluster, defaults.cluster);
  EXPECT_EQ(config.socket_mode, defaults.socket_mode);
  EXPECT_EQ(config.lease, defaults.lease);
  EXPECT_EQ(config.membership, defaults.membership);
  EXPECT_EQ(config.idle_keep, defaults.idle_keep);
  EXPECT_EQ(config.session_backlog_bytes_max, defaults.session_backlog_bytes_max);
  EXPECT_EQ(config.migration.uses, defaults.migration.uses);
  EXPECT_EQ(config.migration.times, defaults.migration.times);
  EXPECT_EQ(config.migration.period, defaults.migration.period);
  EXPECT_EQ(config.migration.stay, defaults.migration.stay);
  EXPECT_EQ(config.migration.moves_per_second, defaults.migration.moves_per_second);
  EXPECT_EQ(config.log_level, defaults.log_level);
  ASSERT_EQ(config.lockspaces.size(), 1U);
  EXPECT_EQ(config.lockspaces[0].value_bytes_max, limits::value_bytes_default);
}

}  // namespace
}  // namespace holdfast::daemon
