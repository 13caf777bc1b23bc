// SPDX-License-Identifier: Apache-2.0
// `holdfast cluster init`: writes what a cluster of several machines with corosync is configured by. One directory
// for each node, laid out as /etc is, so that it is copied there as it is.
#include "base/limits.hpp"
#include "cli/arguments.hpp"
#include "cli/cluster_plan.hpp"
#include "cli/exit_code.hpp"
#include "cli/process.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

struct Options {
  std::string nodes;
  ClusterPlan plan;
  bool force = false;
};

// What one node gets.
struct File {
  std::string path;  // below /etc
  std::string content;
  mode_t mode;
};

struct Keys {
  std::string corosync, holdfast;
};

Result<std::string> random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t at = 0; at < count;) {
    const ssize_t got = ::getrandom(bytes.data() + at, count - at, 0);
    if (got < 0) return last_error(Errc::cannot_read, "chance from the kernel");
    at += static_cast<std::size_t>(got);
  }
  return bytes;
}

Result<Keys> make_keys() {
  constexpr std::size_t authkey_bytes = 256, key_bytes = 32;
  HF_TRY(std::string corosync, random_bytes(authkey_bytes));
  HF_TRY(const std::string raw, random_bytes(key_bytes));
  std::string hex;
  for (const char byte : raw) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return Keys{.corosync = std::move(corosync), .holdfast = hex + "\n"};
}

std::vector<File> files_of(const ClusterPlan& plan, const ClusterNode& node, const Keys& keys) {
  return {{"corosync/corosync.conf", corosync_conf(plan), 0644},
          {"corosync/authkey", keys.corosync, 0400},
          {"holdfast/holdfastd.toml", holdfastd_toml(plan, node), 0644},
          {"holdfast/key", keys.holdfast, 0600}};
}

// Never readable by others, not even for a moment.
Result<void> write_file(const std::string& path, const File& file) {
  ::unlink(path.c_str());
  const Fd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file.mode));
  if (!out) return last_error(Errc::cannot_write, path);
  const ssize_t count = ::write(out.number(), file.content.data(), file.content.size());
  if (count != static_cast<ssize_t>(file.content.size())) return last_error(Errc::cannot_write, path);
  if (::fchmod(out.number(), file.mode) != 0) return last_error(Errc::cannot_write, path);
  return {};
}

Result<void> write_all(const ClusterPlan& plan, const std::string& dir) {
  HF_TRY(const Keys keys, make_keys());
  for (const ClusterNode& node : plan.nodes) {
    for (const File& file : files_of(plan, node, keys)) {
      const std::filesystem::path path = std::filesystem::path(dir) / node.name / file.path;
      std::error_code trouble;
      std::filesystem::create_directories(path.parent_path(), trouble);
      // They become folders of /etc, whatever is secret in them has a mode of its own.
      if (!trouble) std::filesystem::permissions(path.parent_path(), std::filesystem::perms{0755}, trouble);
      if (trouble)
        return Error{Errc::cannot_write, fmt::format("{}: {}", path.parent_path().string(), trouble.message())};
      if (const auto written = write_file(path.string(), file); !written) return written;
    }
  }
  return {};
}

std::string addresses_of(const ClusterPlan& plan) {
  std::string text;
  for (const ClusterNode& node : plan.nodes) text += " " + node.address;
  return text;
}

std::string text_of(const ClusterPlan& plan, const std::string& dir) {
  std::string text = fmt::format("Cluster '{}' of {} node{}, in {}. On this machine:\n\n", plan.name, plan.nodes.size(),
                                 plan.nodes.size() == 1 ? "" : "s", dir);
  for (const ClusterNode& node : plan.nodes)
    text += fmt::format("  scp -pr {0}/{1}/corosync {0}/{1}/holdfast root@{2}:/etc/\n", dir, node.name, node.address);
  text += "\nThen on each node:\n\n"
          "  apt-get install corosync" + std::string(plan.device.empty() ? "" : " corosync-qdevice") + "\n"
          "  systemctl enable --now corosync holdfastd\n"
          "  systemctl restart corosync holdfastd        if they ran before\n"
          "  holdfast view                               until all nodes are in it\n\n";
  if (!plan.device.empty())
    text += fmt::format("On the quorum device, {}: apt-get install corosync-qnetd. On one node, which needs to reach all by "
                        "ssh:\n\n  corosync-qdevice-net-certutil -Q -n {} {}{}\n\n"
                        "and then on each node: systemctl enable --now corosync-qdevice\n"
                        "If the cluster falls into two halves, the one that the device chooses goes on.\n\n",
                        plan.device, plan.name, plan.device, addresses_of(plan));
  else if (const ClusterNode* breaker = tie_breaker_of(plan))
    text += fmt::format("'{}' is the tie-breaker: if the cluster falls into two halves, the one with '{}' goes on, and the\n"
                        "other one waits, also if '{}' is dead. See --tie-breaker.\n",
                        breaker->name, breaker->name, breaker->name);
  text += "authkey and key are secrets: whoever has them is a node. Copy them by a safe way and keep no spare.\n";
  return text;
}

nlohmann::json json_of(const ClusterPlan& plan, const std::string& dir) {
  nlohmann::json nodes = nlohmann::json::array();
  for (const ClusterNode& node : plan.nodes)
    nodes.push_back({{"name", node.name},
                     {"node", node.number},
                     {"address", node.address},
                     {"copy_from", fmt::format("{}/{}", dir, node.name)},
                     {"copy_to", "/etc"}});
  const ClusterNode* breaker = tie_breaker_of(plan);
  return {{"cluster", plan.name},
          {"dir", dir},
          {"tie_breaker", breaker == nullptr ? nlohmann::json() : nlohmann::json(breaker->name)},
          {"device", plan.device.empty() ? nlohmann::json() : nlohmann::json(plan.device)},
          {"nodes", nodes}};
}

int init(const Common& common, const Options& options) {
  ClusterPlan plan = options.plan;
  auto nodes = parse_nodes(options.nodes);
  if (!nodes) return refused_argument("cluster", nodes.error());
  plan.nodes = *std::move(nodes);
  if (const auto sound = check_plan(plan); !sound) return refused_argument("cluster", sound.error());
  const std::string dir = common.dir.empty() ? "holdfast-" + plan.name : common.dir;
  std::error_code trouble;
  if (std::filesystem::exists(dir, trouble) && !std::filesystem::is_directory(dir, trouble))
    return refused_argument("cluster", Error{Errc::bad_argument, fmt::format("{} is no directory", dir)});
  if (!options.force && std::filesystem::exists(dir, trouble) && !std::filesystem::is_empty(dir, trouble))
    return refused_argument(
        "cluster", Error{Errc::bad_argument, fmt::format("{} is not empty: --dir DIR names another directory, --force "
                                                         "replaces what is there, also the keys",
                                                         dir)});
  if (const auto written = write_all(plan, dir); !written) return failed(written.error());
  return print(common.json ? json_of(plan, dir).dump(2) + "\n" : text_of(plan, dir)) ? exit_ok : exit_failed;
}

}  // namespace

Run declare_cluster(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* init_verb = app.add_subcommand(
      "init", "write corosync.conf, its key, and the configuration of holdfastd for each node (--dir DIR: where to)");
  init_verb->fallthrough();
  ClusterPlan& plan = options->plan;
  init_verb->add_option("--nodes", options->nodes, "all nodes, with the addresses by which they reach each other")
      ->type_name("NAME=ADDRESS,...")
      ->required();
  init_verb->add_option("--name", plan.name, "name of the cluster (default: holdfast)")->type_name("NAME");
  init_verb->add_option("--tie-breaker", plan.tie_breaker, "of an even number of nodes: whose half goes on (default: the first)")
      ->type_name("NAME");
  init_verb
      ->add_option("--device", plan.device,
                   "a machine with corosync-qnetd: of an even number of nodes, the half that it chooses goes on")
      ->type_name("ADDRESS")
      ->check([](const std::string& address) { return std::string(address.empty() ? "an empty one is no address" : ""); });
  init_verb->add_option("--lease", plan.lease_ms, "lease in milliseconds (default: 3000)")
      ->type_name("MS")
      ->check(CLI::Range(limits::lease_min.count(), limits::lease_max.count()));
  init_verb->add_option("--token", plan.token_ms, "corosync's token timeout in milliseconds (default: 1000)")
      ->type_name("MS")
      ->check(CLI::Range(100, 60'000));
  init_verb->add_option("--port", plan.peer_port, "TCP port of the daemons (default: 7001)")
      ->type_name("PORT")
      ->check(CLI::Range(1, 65'535));
  init_verb->add_flag("--force", options->force, "replace what is in the directory, also the keys");
  app.require_subcommand(1, 1);
  return [options](const Common& common) { return init(common, *options); };
}

}  // namespace holdfast::cli
