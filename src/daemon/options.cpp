// SPDX-License-Identifier: Apache-2.0
// CLI11 reports wrong usage by throwing, so it is caught here.
#include "daemon/options.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>

#include "base/limits.hpp"

#ifndef HOLDFAST_VERSION
#define HOLDFAST_VERSION "unknown"
#endif

namespace holdfast::daemon {
namespace {

constexpr const char* summary = "holdfastd: one node of a holdfast lock cluster. Without any flag: a node of its own.";
constexpr const char* examples =
    "Examples:\n"
    "  holdfastd                                    one node, no configuration\n"
    "  holdfastd --socket /tmp/hf.sock --state-dir /tmp/hf\n"
    "                                               the same as an ordinary user, somewhere else\n"
    "  holdfastd --node 2 --membership manual --peer-listen 10.0.0.2:7001 --key-file /etc/holdfast/key\n"
    "                                               a node of a cluster; `holdfast view` tells who belongs to it\n"
    "  holdfastd --node 2 --membership corosync --peer-listen 10.0.0.2:7001 --key-file /etc/holdfast/key\n"
    "                                               the same with corosync, which says who belongs to it; `holdfast\n"
    "                                               cluster init` writes the configuration of both\n"
    "  holdfastd --config /etc/holdfast/holdfastd.toml --check-config\n"
    "\n"
    "Exit code: 0 ended as it was asked to (SIGTERM, SIGINT), 2 wrong usage or configuration, 1 anything else.\n";

// What was said on the command line; nothing else changes what the file says.
struct Flags {
  std::string config;
  std::optional<std::uint32_t> node, lease_ms, moves_per_second;
  std::optional<std::string> socket, peer_listen, state_dir, cluster, key_file, membership, fence_hook, log_level;
  int ready_fd = -1;
  bool check_config = false;
};

void declare(CLI::App& app, Flags& flags) {
  app.footer(examples);
  app.set_version_flag("--version", version());
  app.add_option("--config", flags.config, "TOML file; flags win over it")->type_name("FILE");
  app.add_option("--node", flags.node, "number of this node (default: 1)")->type_name("N")->check(CLI::Range(1U, UINT32_MAX));
  app.add_option("--socket", flags.socket, "Unix socket for programs")->type_name("PATH");
  app.add_option("--peer-listen", flags.peer_listen, "where other nodes connect; port 0: any free one")
      ->type_name("ADDR:PORT");
  app.add_option("--state-dir", flags.state_dir, "directory for what must outlive the daemon")->type_name("DIR");
  app.add_option("--cluster", flags.cluster, "name of the cluster (default: holdfast)")->type_name("NAME");
  app.add_option("--key-file", flags.key_file, "shared key of the cluster: peers need it")->type_name("FILE");
  app.add_option("--lease", flags.lease_ms, "lease in milliseconds, the same on all nodes (default: 3000)")
      ->type_name("MS")
      ->check(CLI::Range(limits::lease_min.count(), limits::lease_max.count()));
  app.add_option("--membership", flags.membership, "who says which nodes belong: single (default), manual or corosync")
      ->type_name("PROVIDER")
      ->check(CLI::IsMember({"single", "manual", "corosync"}));
  app.add_option("--moves-per-second", flags.moves_per_second,
                 "so many resources at most go by themselves to nodes that use them more (default: 50; 0: none)")
      ->type_name("N")
      ->check(CLI::Range(0U, 1'000'000U));
  app.add_option("--fence-hook", flags.fence_hook,
                 "program that makes sure that a lost node is dead: called with its id and incarnation, 0 = surely dead")
      ->type_name("PROGRAM");
  app.add_option("--log-level", flags.log_level, "debug, info (default), warning or error")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  app.add_option("--ready-fd", flags.ready_fd, "descriptor that gets one line of JSON when the node serves")
      ->type_name("N")
      ->check(CLI::Range(0, 1 << 20));
  app.add_flag("--check-config", flags.check_config, "only look whether flags and file make sense");
}

// Relative paths are those of whoever typed them.
std::filesystem::path absolute(const std::string& path) { return std::filesystem::absolute(path).lexically_normal(); }

void apply(const Flags& flags, io::Config& config) {
  if (flags.node) config.node = NodeId{*flags.node};
  if (flags.socket) config.socket = absolute(*flags.socket);
  if (flags.peer_listen) config.peer_listen = *flags.peer_listen;
  if (flags.state_dir) config.state_dir = absolute(*flags.state_dir);
  if (flags.cluster) config.cluster = *flags.cluster;
  if (flags.key_file) config.key_file = *flags.key_file;
  if (flags.lease_ms) config.lease = std::chrono::milliseconds(*flags.lease_ms);
  if (flags.moves_per_second) config.migration.moves_per_second = *flags.moves_per_second;
  if (flags.fence_hook) config.fence_hook = *flags.fence_hook;
  if (flags.membership) config.membership = *io::parse_membership(*flags.membership);
  if (flags.log_level) config.log_level = *io::parse_log_level(*flags.log_level);
}

// The places that depend on the user who runs this.
Result<void> fill_in(io::Config& config) {
  if (config.socket.empty()) config.socket = io::default_socket();
  if (config.socket.empty())
    return Error{Errc::bad_config, "no place for the socket: $XDG_RUNTIME_DIR is not set; say --socket PATH"};
  if (config.state_dir.empty()) config.state_dir = io::default_state_dir(config.node);
  if (config.state_dir.empty())
    return Error{Errc::bad_config, "no place for the state: $XDG_STATE_HOME and $HOME are not set; say --state-dir DIR"};
  return {};
}

Result<Options> evaluate(const Flags& flags) {
  Options options;
  if (!flags.config.empty()) {
    HF_TRY(options.config, io::read_config(flags.config));
  }
  apply(flags, options.config);
  if (options.config.cluster.empty() || options.config.cluster.size() > limits::lockspace_name_bytes_max)
    return Error{Errc::bad_config, fmt::format("--cluster: a name of 1 to {} bytes is allowed",
                                               limits::lockspace_name_bytes_max)};
  if (const Result<void> sound = io::check_config(options.config); !sound) return sound.error();
  if (const Result<void> filled = fill_in(options.config); !filled) return filled.error();
  if (flags.ready_fd >= 0 && ::fcntl(flags.ready_fd, F_GETFD) < 0)
    return Error{Errc::bad_config, fmt::format("--ready-fd {}: there is no such open descriptor", flags.ready_fd)};
  options.config_file = flags.config;
  options.ready_fd = flags.ready_fd;
  options.task = flags.check_config ? Task::check_config : Task::serve;
  return options;
}

}  // namespace

std::string version() { return "holdfastd " HOLDFAST_VERSION; }

Result<Options> parse_options(int argc, const char* const* argv) {
  CLI::App app(summary, "holdfastd");
  Flags flags;
  declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Options{.task = Task::show_text, .text = app.help(), .config_file = {}, .config = {}};
  } catch (const CLI::CallForVersion&) {
    return Options{.task = Task::show_text, .text = version() + "\n", .config_file = {}, .config = {}};
  } catch (const CLI::Error& wrong) {
    return Error{Errc::bad_argument, fmt::format("{}; holdfastd --help tells what is allowed", wrong.what())};
  }
  return evaluate(flags);
}

}  // namespace holdfast::daemon
