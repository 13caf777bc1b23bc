// SPDX-License-Identifier: Apache-2.0
// Config: what a holdfastd is told by its TOML file, with the defaults of a daemon that is told nothing.
// A file is taken as a whole or refused: a key that is not known, a value out of range, a contradiction is
// an Error that names file, line, and what is allowed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "io/log_sink.hpp"
#include "model/ids.hpp"

namespace holdfast::io {

enum class Membership : std::uint8_t {
  single,  // this node alone; the daemon makes the view
  manual,  // views are set by an operator
  corosync,  // the daemons agree on views in a process group of corosync
};
inline constexpr std::string_view membership_names[] = {"single", "manual", "corosync"};
[[nodiscard]] std::optional<Membership> parse_membership(std::string_view name);

enum class ConfiguredMastering : std::uint8_t { first, home, pinned };
inline constexpr std::string_view mastering_names[] = {"first", "home", "pinned"};

struct ConfiguredPin {
  NodeId node;
  std::uint32_t weight = 1;
};

// Who may open a lockspace; as with a file.
struct ConfiguredAccess {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0600;
};

struct ConfiguredLockspace {
  std::string name;  // "*": all that have no row of their own
  ConfiguredMastering mastering = ConfiguredMastering::first;
  std::vector<ConfiguredPin> pinned;
  std::uint32_t value_bytes_max = limits::value_bytes_default;
  std::optional<ConfiguredAccess> access{};  // none: whoever joins it first says it
  Duration wait_max{-1};  // of requests that do not say how long they wait; below 0: for ever
};

enum class ConfiguredSwitch : std::uint8_t { off, on };
inline constexpr std::string_view switch_names[] = {"off", "on"};

// When a resource goes by itself to another node; what it means: node::NodeConfig::Migration.
struct ConfiguredMigration {
  std::uint32_t uses = 64;
  std::uint32_t times = 4;
  Duration period = std::chrono::seconds(1);
  Duration stay = std::chrono::seconds(5);
  std::uint32_t moves_per_second = 50;  // 0: none does
};

// How deadlocks over several resources are broken; what it means: node::NodeConfig::DeadlockSearch.
inline constexpr std::string_view victim_policy_names[] = {
    "youngest", "oldest", "fewest_locks", "most_locks", "fewest_write_locks", "most_write_locks", "random"};
enum class ConfiguredVictimPolicy : std::uint8_t { youngest };  // the others by their position
struct ConfiguredDeadlockSearch {
  ConfiguredSwitch search = ConfiguredSwitch::off;
  Duration delay = limits::deadlock_delay_default;
  ConfiguredVictimPolicy policy = ConfiguredVictimPolicy::youngest;
  std::uint64_t seed = 0;
};

struct Config {
  NodeId node{1};
  std::uint32_t weight = 1;  // of this node's share of the directory, where the daemon says it (corosync)
  std::filesystem::path state_dir;  // empty: default_state_dir()
  std::string cluster = "holdfast";
  std::string key_file;     // empty: no shared key
  std::string peer_listen;  // empty: no peer port
  std::filesystem::path socket;  // empty: default_socket()
  std::uint32_t socket_mode = 0660;
  std::optional<std::uint32_t> operator_uid;  // besides root; none: the user that the daemon runs as
  Duration lease = limits::lease_default;
  Membership membership = Membership::single;
  std::string fence_hook;  // called with NODE INCARNATION of a lost node, 0: surely dead; empty: none
  Duration fence_hook_timeout = std::chrono::seconds(60);
  Duration idle_keep = limits::idle_keep;
  ConfiguredMigration migration;
  ConfiguredDeadlockSearch deadlock;
  std::size_t session_backlog_bytes_max = limits::session_backlog_bytes_max;
  std::vector<ConfiguredLockspace> lockspaces;
  LogLevel log_level = LogLevel::info;
};

[[nodiscard]] Result<Config> parse_config(std::string_view text, std::string_view file_name);
[[nodiscard]] Result<Config> read_config(const std::filesystem::path& path);
// What one value alone cannot tell; also to be asked when flags have changed some. The text names the flags
// and keys that clash.
[[nodiscard]] Result<void> check_config(const Config& config);

// By user and environment: for root below /run and /var/lib, else below $XDG_RUNTIME_DIR and
// $XDG_STATE_HOME (or ~/.local/state). Empty if the environment does not say.
[[nodiscard]] std::filesystem::path default_socket();
[[nodiscard]] std::filesystem::path default_state_dir(NodeId node);

}  // namespace holdfast::io
