// SPDX-License-Identifier: Apache-2.0
// `holdfast restart`: a rolling restart of the local cluster of `up`. Each daemon in turn is told to leave, is
// started again by its supervisor, and is back before the next one goes.
#include "cli/arguments.hpp"
#include "cli/environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/process.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "cli/up_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <poll.h>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

// A daemon takes up to 10 s to hand over what it has, and starts in less.
constexpr Duration restart_max = 60s;
constexpr Duration answer_max = 1s;
constexpr int look_again_ms = 20;

struct Options {
  std::vector<unsigned> nodes;
};

Result<UpState> running_cluster(const std::string& dir) {
  HF_TRY(const std::optional<UpState> state, read_up_state(dir));
  if (!state) return Error{Errc::bad_argument, fmt::format("there is no cluster in {}", dir)};
  if (!is_running(state->supervisor))
    return Error{Errc::bad_argument,
                 fmt::format("the cluster in {} has no supervisor that could start a daemon again; "
                             "`holdfast up --attach --dir {}` is one",
                             dir, dir)};
  return *state;
}

const UpNode* find(const UpState& state, unsigned number) {
  const auto found = std::ranges::find(state.nodes, number, &UpNode::node);
  return found == state.nodes.end() ? nullptr : &*found;
}

// Is another process of this node a member that serves?
bool is_back(const std::string& dir, unsigned number, const ProcessName& before) {
  const auto state = read_up_state(dir);
  if (!state || !*state) return false;
  const UpNode* node = find(**state, number);
  if (node == nullptr || !is_running(node->process)) return false;
  if (node->process.pid == before.pid && node->process.start_ticks == before.start_ticks) return false;
  auto client = Client::connect({.socket = socket_in(dir, number)});
  if (!client) return false;
  const auto status = client->status(answer_max);
  return status && status->phase == NodePhase::open && status->incarnation == node->incarnation;
}

Result<void> restart(const std::string& dir, unsigned number) {
  const Instant deadline = boottime() + restart_max;
  HF_TRY(const UpState state, running_cluster(dir));
  const UpNode* node = find(state, number);
  if (node == nullptr)
    return Error{Errc::no_such_node, fmt::format("the cluster in {} has no node {}", dir, number)};
  const Fd pidfd = node->process.pid != 0 ? open_pidfd(node->process) : Fd();
  if (!pidfd) return Error{Errc::no_such_node, fmt::format("node {} does not run", number)};
  if (const auto ordered = replace_file(restart_order(dir, number), ""); !ordered) return ordered;
  if (send_signal(pidfd, SIGTERM) == Sent::not_permitted)
    return Error{Errc::not_permitted, fmt::format("holdfastd of node {} is not ours", number)};
  if (!wait_for_end(pidfd, deadline))
    return Error{Errc::timed_out, fmt::format("node {} does not end", number)};
  while (!is_back(dir, number, node->process)) {
    if (boottime() >= deadline)
      return Error{Errc::timed_out, fmt::format("node {} has ended, but does not serve again; its "
                                                "log: {}/holdfastd.log",
                                                number, node_dir(dir, number))};
    ::poll(nullptr, 0, look_again_ms);
  }
  return {};
}

int restart_all(const Common& common, const Options& options) {
  const std::string dir = common.dir.empty() ? default_up_dir() : common.dir;
  const auto state = running_cluster(dir);
  if (!state) return failed(state.error());
  std::vector<unsigned> numbers = options.nodes;
  if (numbers.empty())
    for (const UpNode& node : state->nodes)
      if (is_running(node.process)) numbers.push_back(node.node);
  for (const unsigned number : numbers) {
    if (const auto done = restart(dir, number); !done) return failed(done.error());
    if (!print(fmt::format("n{} runs again\n", number))) return exit_failed;
  }
  return exit_ok;
}

}  // namespace

Run declare_restart(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("N", options->nodes, "numbers of nodes (default: all, one after another)")
      ->transform(node_number());
  return [options](const Common& common) { return restart_all(common, *options); };
}

}  // namespace holdfast::cli
