// SPDX-License-Identifier: Apache-2.0
#include "io/config.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace holdfast::io {
namespace {

TEST(Config, nothing_said_gives_a_single_node) {
  const auto config = parse_config("", "f");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->node, NodeId{1});
  EXPECT_EQ(config->membership, Membership::single);
  EXPECT_EQ(config->lease, limits::lease_default);
  EXPECT_TRUE(check_config(*config));
}

TEST(Config, every_key_reaches_its_place) {
  const auto config = parse_config(R"(
    [node]
    id = 7
    state_dir = "/var/tmp/hf"
    weight = 3
    [cluster]
    name = "blue"
    key_file = "/etc/holdfast/key"
    [peer]
    listen = "10.0.0.7:7001"
    [client]
    socket = "/run/hf.sock"
    socket_mode = 0o600
    operator_uid = 1000
    [lease]
    lease_ms = 500
    [membership]
    provider = "manual"
    [limits]
    idle_keep_ms = 0
    session_backlog_bytes = 65536
    [migration]
    uses = 10
    times = 2
    period_ms = 500
    stay_ms = 0
    moves_per_second = 0
    [deadlock]
    search = "off"
    delay_ms = 50
    policy = "fewest_locks"
    seed = 17
    [log]
    level = "debug"
    [[lockspace]]
    name = "*"
    mastering = "home"
    [[lockspace]]
    name = "orders"
    mastering = "pinned"
    pinned = [{node = 1, weight = 2}, {node = 3}]
    value_bytes_max = 1024
    uid = 1000
    mode = "0660"
  )", "f");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->node, NodeId{7});
  EXPECT_EQ(config->state_dir, "/var/tmp/hf");
  EXPECT_EQ(config->weight, 3U);
  EXPECT_EQ(config->cluster, "blue");
  EXPECT_EQ(config->key_file, "/etc/holdfast/key");
  EXPECT_EQ(config->peer_listen, "10.0.0.7:7001");
  EXPECT_EQ(config->socket, "/run/hf.sock");
  EXPECT_EQ(config->socket_mode, 0600U);
  EXPECT_EQ(config->operator_uid, 1000U);
  EXPECT_EQ(config->lease, std::chrono::milliseconds(500));
  EXPECT_EQ(config->membership, Membership::manual);
  EXPECT_EQ(config->idle_keep, Duration{0});
  EXPECT_EQ(config->session_backlog_bytes_max, 65536U);
  EXPECT_EQ(config->migration.uses, 10U);
  EXPECT_EQ(config->migration.times, 2U);
  EXPECT_EQ(config->migration.period, std::chrono::milliseconds(500));
  EXPECT_EQ(config->migration.stay, Duration{0});
  EXPECT_EQ(config->migration.moves_per_second, 0U);
  EXPECT_EQ(config->deadlock.search, ConfiguredSwitch::off);
  EXPECT_EQ(config->deadlock.delay, std::chrono::milliseconds(50));
  EXPECT_EQ(victim_policy_names[static_cast<std::size_t>(config->deadlock.policy)], "fewest_locks");
  EXPECT_EQ(config->deadlock.seed, 17U);
  EXPECT_EQ(config->log_level, LogLevel::debug);
  ASSERT_EQ(config->lockspaces.size(), 2U);
  EXPECT_EQ(config->lockspaces[0].mastering, ConfiguredMastering::home);
  EXPECT_FALSE(config->lockspaces[0].access);
  EXPECT_EQ(config->lockspaces[1].name, "orders");
  ASSERT_TRUE(config->lockspaces[1].access);
  EXPECT_EQ(config->lockspaces[1].access->uid, 1000U);
  EXPECT_EQ(config->lockspaces[1].access->gid, 0U);
  EXPECT_EQ(config->lockspaces[1].access->mode, 0660U);
  ASSERT_EQ(config->lockspaces[1].pinned.size(), 2U);
  EXPECT_EQ(config->lockspaces[1].pinned[0].weight, 2U);
  EXPECT_EQ(config->lockspaces[1].pinned[1].node, NodeId{3});
  EXPECT_TRUE(check_config(*config));
}

struct Refusal {
  std::string_view text, error;
};

// What an operator can get wrong, and what is said about it.
TEST(Config, each_mistake_names_line_key_and_what_is_allowed) {
  constexpr Refusal table[] = {
      {"\n[lese]\nlease_ms = 1\n",
       "f:2: unknown section [lese]; did you mean 'lease'? allowed are: node, cluster, peer, client, lease, membership, "
       "limits, migration, deadlock, log, lockspace"},
      {"[lease]\nlese_ms = 1", "f:2: unknown key 'lese_ms' in [lease]; did you mean 'lease_ms'? allowed are: lease_ms"},
      {"\n[$log]", "f:2: Error while parsing key: expected bare key starting character or string delimiter, saw '$'"},
      {"[peer]\nxyzzy = 1", "f:2: unknown key 'xyzzy' in [peer]; allowed are: listen"},
      {"[lease]\nlease_ms = 50", "f:2: [lease] lease_ms = 50: allowed is a number from 100 to 600000"},
      {"[lease]\nlease_ms = \"3s\"", "f:2: [lease] lease_ms = \"3s\": allowed is a number from 100 to 600000"},
      {"[node]\nid = 0", "f:2: [node] id = 0: allowed is a number from 1 to 4294967295"},
      {"[node]\nid = 4294967296", "f:2: [node] id = 4294967296: allowed is a number from 1 to 4294967295"},
      {"[node]\nstate_dir = \"here\"", "f:2: [node] state_dir = \"here\": allowed is an absolute path"},
      {"node = 3", "f:1: [node] is a section: write [node]"},
      {"lockspace = 3", "f:1: [lockspace] must be written [[lockspace]]: there can be many"},
      {"[lockspace]\nname = \"a\"", "f:1: [lockspace] must be written [[lockspace]]: there can be many"},
      {"[membership]\nprovider = \"etcd\"",
       "f:2: [membership] provider = \"etcd\": allowed is one of \"single\", \"manual\", \"corosync\""},
      {"[deadlock]\npolicy = \"eldest\"",
       "f:2: [deadlock] policy = \"eldest\": allowed is one of \"youngest\", \"oldest\", \"fewest_locks\", "
       "\"most_locks\", \"fewest_write_locks\", \"most_write_locks\", \"random\""},
      {"[deadlock]\ndelay_ms = 0", "f:2: [deadlock] delay_ms = 0: allowed is a number from 1 to 60000"},
      {"[log]\nlevel = 3", "f:2: [log] level = 3: allowed is one of \"debug\", \"info\", \"warning\", \"error\""},
      {"[peer]\nlisten = \"here:1\"",
       "f:2: [peer] listen bad_argument: 'here:1' is no address; allowed are such as 127.0.0.1:7001 and [::1]:7001"},
      {"[client]\nsocket_mode = 660",
       "f:2: [client] socket_mode = 660: allowed is a file mode such as \"0660\", at most \"0777\""},
      {"[client]\nsocket_mode = \"0o66\"",
       "f:2: [client] socket_mode = \"0o66\": allowed is a file mode such as \"0660\", at most \"0777\""},
      {"[[lockspace]]\nmastering = \"home\"",
       "f:1: [[lockspace]] has no name; '*' means all that have no row of their own"},
      {"[[lockspace]]\nname = \"a\"\n[[lockspace]]\nname = \"a\"", "f:3: [[lockspace]] 'a' stands here twice"},
      {"[[lockspace]]\nname = \"a\"\nvalue_bytes_max = 1025",
       "f:3: [[lockspace]] value_bytes_max = 1025: allowed is a number from 0 to 1024"},
      {"[[lockspace]]\nname = \"a\"\nuid = -1",
       "f:3: [[lockspace]] uid = -1: allowed is a number from 0 to 4294967294"},
      {"[[lockspace]]\nname = \"a\"\nmode = 660",
       "f:3: [[lockspace]] mode = 660: allowed is a file mode such as \"0660\", at most \"0777\""},
      {"[[lockspace]]\nname = \"default\"\nuid = 3",
       "f:1: [[lockspace]] 'default' is open to whoever may connect ([client] socket_mode): uid, gid and mode are for "
       "others"},
      {"[[lockspace]]\nname = \"a\"\nmastering = \"pinned\"",
       "f:1: [[lockspace]] mastering = \"pinned\" needs pinned = [{node = 1, weight = 1}, ...]"},
      {"[[lockspace]]\nname = \"a\"\npinned = [{node = 1}]",
       "f:1: [[lockspace]] pinned = [...] has a meaning only with mastering = \"pinned\""},
      {"[[lockspace]]\nname = \"a\"\nmastering = \"pinned\"\npinned = [{nod = 1}]",
       "f:4: unknown key 'nod' in [[lockspace]] pinned; did you mean 'node'? allowed are: node, weight"},
      {"[[lockspace]]\nname = \"a\"\nmastering = \"pinned\"\npinned = [{node = 1, weight = 1001}]",
       "f:4: [[lockspace]] pinned weight = 1001: allowed is a number from 1 to 1000"},
  };
  for (const Refusal& row : table) {
    const auto config = parse_config(row.text, "f");
    ASSERT_FALSE(config) << row.text;
    EXPECT_EQ(config.error().code, Errc::bad_config);
    EXPECT_EQ(config.error().detail, row.error);
  }
}

TEST(Config, what_is_no_toml_is_refused_with_its_line) {
  const auto config = parse_config("[node]\nid = = 3\n", "f");
  ASSERT_FALSE(config);
  EXPECT_TRUE(config.error().detail.starts_with("f:2: ")) << config.error().detail;
}

TEST(Config, a_port_that_others_reach_needs_a_key) {
  Config config;
  config.membership = Membership::manual;
  config.peer_listen = "10.0.0.7:7001";
  ASSERT_FALSE(check_config(config));
  EXPECT_NE(check_config(config).error().detail.find("--key-file"), std::string::npos);
  config.key_file = "/etc/holdfast/key";
  EXPECT_TRUE(check_config(config));
  config.key_file.clear();
  config.peer_listen = "127.0.0.1:7001";
  EXPECT_TRUE(check_config(config));
}

TEST(Config, a_single_node_has_no_peer_port) {
  Config config;
  config.peer_listen = "127.0.0.1:0";
  ASSERT_FALSE(check_config(config));
}

TEST(Config, a_file_that_is_not_there_is_named) {
  const auto config = read_config("/nowhere/holdfastd.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().detail, "/nowhere/holdfastd.toml: No such file or directory");
}

}  // namespace
}  // namespace holdfast::io
