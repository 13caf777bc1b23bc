// SPDX-License-Identifier: Apache-2.0
#include "cli/supervisor.hpp"

#include "base/limits.hpp"
#include "cli/arguments.hpp"
#include "cli/environment.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration ready_max = 30s;
constexpr Duration polite_end_max = 5s;

Result<void> check_socket_length(const std::string& dir, unsigned nodes) {
  const std::size_t length = socket_in(dir, nodes).size();
  if (length < sizeof(sockaddr_un::sun_path)) return {};
  return Error{Errc::bad_argument,
               fmt::format("the directory's name is too long for sockets: {} would have {} "
                           "bytes, at most {} are allowed; choose another --dir",
                           socket_in(dir, nodes), length, sizeof(sockaddr_un::sun_path) - 1)};
}

}  // namespace

Supervisor::Supervisor(SupervisorOptions options, const Fd& signals)
    : options_(std::move(options)),
      signals_(signals),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Supervisor::~Supervisor() { end_daemons(); }

Result<void> Supervisor::start() {
  if (const auto taken = take_directory(); !taken) return taken;
  HF_TRY(const std::optional<UpState> before, read_up_state(options_.dir));
  if (before) view_.epoch = before->epoch;
  if (options_.begin == Begin::attach) {
    if (!before) return Error{Errc::bad_argument, options_.dir + " holds no cluster to attach to"};
    if (const auto attached = attach(*before); !attached) return attached;
  } else {
    for (const UpNode& node : before ? before->nodes : std::vector<UpNode>())
      if (is_running(node.process))
        return Error{
            Errc::bad_argument,
            fmt::format("holdfastd of node {} (pid {}) still runs in {}, without a supervisor; use "
                        "`holdfast up --attach` or `holdfast down`",
                        node.node, node.process.pid, options_.dir)};
    if (const auto started = start_daemons(); !started) return started;
  }
  publish(Epoch{static_cast<std::uint64_t>(::time(nullptr))});
  return wait_until_open();
}

// One supervisor for each directory: the lock goes with the process, however that ends.
Result<void> Supervisor::take_directory() {
  if (const auto fits = check_socket_length(options_.dir, options_.nodes); !fits) return fits;
  if (const auto made = make_up_dirs(options_.dir, options_.nodes); !made) return made;
  const std::string path = options_.dir + "/up.lock";
  directory_lock_ = Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!directory_lock_) return last_error(Errc::cannot_write, path);
  if (::flock(directory_lock_.number(), LOCK_EX | LOCK_NB) == 0) return {};
  return Error{
      Errc::bad_argument,
      fmt::format("a cluster is already up in {}; end it with `holdfast down --dir {}`, or choose "
                  "another --dir",
                  options_.dir, options_.dir)};
}

DaemonOptions Supervisor::options_of(unsigned number) const {
  return {.program = program_,
          .dir = node_dir(options_.dir, number),
          .node = number,
          .lease_ms = options_.lease_ms,
          .mastering = options_.mastering,
          .moves_per_second = options_.moves_per_second,
          .fence_hook = options_.fence_hook,
          .fence_hook_timeout_ms = options_.fence_hook_timeout_ms};
}

Result<void> Supervisor::start_daemons() {
  HF_TRY(program_, find_program("holdfastd"));
  for (unsigned number = 1; number <= options_.nodes; ++number) {
    nodes_.emplace_back().number = number;
    HF_TRY(nodes_.back().daemon, LocalDaemon::start(options_of(number)));
  }
  for (Node& node : nodes_) {
    HF_TRY(const DaemonReady ready, node.daemon->wait_ready(boottime() + ready_max));
    node.report = {
        .node = node.number, .incarnation = ready.incarnation, .address = ready.peer_address};
  }
  for (Node& node : nodes_) start_agent(node);
  return {};
}

Result<void> Supervisor::start_node(Node& node) {
  HF_TRY(node.daemon, LocalDaemon::start(options_of(node.number)));
  auto ready = node.daemon->wait_ready(boottime() + ready_max);
  if (!ready) {
    send_signal(node.daemon->pidfd(), SIGKILL);
    (void)node.daemon->reap();
    node.daemon.reset();
    return ready.error();
  }
  node.report = {
      .node = node.number, .incarnation = ready->incarnation, .address = ready->peer_address};
  start_agent(node);
  return {};
}

Result<void> Supervisor::attach(const UpState& state) {
  // Only needed to start one again.
  if (auto program = find_program("holdfastd")) program_ = *program;
  for (const UpNode& old : state.nodes) {
    Node& node = nodes_.emplace_back();
    node.number = old.node;
    if (auto daemon = LocalDaemon::adopt(old.process)) node.daemon = *std::move(daemon);
    node.report = {.node = old.node, .incarnation = old.incarnation, .address = old.address};
    node.left_out = old.left_out;
  }
  if (std::ranges::none_of(nodes_, [](const Node& node) { return node.daemon.has_value(); }))
    return Error{Errc::bad_argument, "none of the daemons in " + options_.dir + " runs any more"};
  for (Node& node : nodes_)
    if (node.daemon) start_agent(node);
  return {};
}

void Supervisor::start_agent(Node& node) {
  const auto report = [this](AgentReport fresh) {
    const std::lock_guard guard(mutex_);
    reports_.push_back(std::move(fresh));
    ::eventfd_write(wake_.number(), 1);
  };
  // Of a cluster that another supervisor started we learn the lease when its daemons answer.
  const Duration lease =
      options_.lease_ms != 0 ? std::chrono::milliseconds(options_.lease_ms) : limits::lease_default;
  node.agent = std::make_unique<NodeAgent>(node.report, socket_in(options_.dir, node.number), lease,
                                           report);
}

Result<void> Supervisor::wait_until_open() {
  const Instant deadline = boottime() + ready_max;
  const auto waits = [](const Node& node) { return node.answers() && !node.report.open; };
  while (std::ranges::any_of(nodes_, waits)) {
    if (boottime() >= deadline) {
      const Node& first = *std::ranges::find_if(nodes_, waits);
      return Error{
          Errc::cannot_start,
          fmt::format(
              "node {} did not open in view {}: {}", first.number, view_.epoch.value(),
              first.report.trouble.empty() ? "it still waits for others" : first.report.trouble)};
    }
    wait_for_something(deadline);
    if (const auto signal = next_signal(signals_))
      return Error{Errc::cancelled, fmt::format("ended by signal {}", *signal)};
    see_deaths();
    read_reports();
  }
  return {};
}

void Supervisor::watch() {
  while (!next_signal(signals_)) {
    see_deaths();
    read_reports();
    wait_for_something(Instant::never());
  }
  end_daemons();
}

void Supervisor::wait_for_something(Instant deadline) const {
  std::vector<pollfd> polled{{.fd = signals_.number(), .events = POLLIN, .revents = 0},
                             {.fd = wake_.number(), .events = POLLIN, .revents = 0}};
  for (const Node& node : nodes_)
    if (node.daemon)
      polled.push_back({.fd = node.daemon->pidfd().number(), .events = POLLIN, .revents = 0});
  ::poll(polled.data(), polled.size(), poll_timeout(deadline));
}

void Supervisor::see_deaths() {
  for (Node& node : nodes_)
    if (node.daemon && wait_for_end(node.daemon->pidfd(), Instant())) on_death(node);
}

// The others are told first: every moment counts for them. Starting it again comes after.
void Supervisor::on_death(Node& node) {
  const ProcessName process = node.daemon->process();
  const std::string how = node.daemon->reap();
  node.daemon.reset();
  node.report.open = false;
  publish(Epoch{});
  print(fmt::format("n{} (pid {}) {}; view {} goes on without it\n", node.number, process.pid, how,
                    view_.epoch.value()));
  node.agent.reset();
  const bool is_ordered = ::unlink(restart_order(options_.dir, node.number).c_str()) == 0;
  if (options_.when_dead != WhenDead::restart && !is_ordered) return;
  if (const auto started = start_node(node); !started) {
    complain(started.error().text());
    return;
  }
  publish(Epoch{});
  print(fmt::format("n{} runs again (pid {}) in view {}\n", node.number, node.daemon->process().pid,
                    view_.epoch.value()));
}

void Supervisor::read_reports() {
  eventfd_t ignored = 0;
  ::eventfd_read(wake_.number(), &ignored);
  std::vector<AgentReport> fresh;
  {
    const std::lock_guard guard(mutex_);
    fresh.swap(reports_);
  }
  for (const AgentReport& report : fresh) on_report(report);
}

void Supervisor::on_report(const AgentReport& report) {
  Node& node = *std::ranges::find(nodes_, report.node, &Node::number);
  if (!node.daemon) return;
  const AgentReport before = std::exchange(node.report, report);
  const bool new_trouble = report.trouble != before.trouble && !report.trouble.empty();
  if (report.silent != before.silent && report.silent) return on_silence(node);
  if (report.incarnation != before.incarnation) {
    publish(Epoch{});
    print(fmt::format("n{} began another life (incarnation {}); view {} has it\n", node.number,
                      report.incarnation.value(), view_.epoch.value()));
  } else if (report.silent != before.silent) {
    print(fmt::format("n{} answers again{}\n", node.number,
                      report.incarnation == node.left_out ? "; it is to begin another life" : ""));
  } else if (report.refused == view_.epoch) {
    publish(report.seen);
  } else if (new_trouble) {
    complain(fmt::format("n{}: {}", node.number, report.trouble));
  }
}

// Its locks wait for its lease, as those of a dead one. If nobody answers, there is nobody to go on.
void Supervisor::on_silence(const Node& node) {
  const int pid = node.daemon->process().pid;
  if (std::ranges::none_of(nodes_, &Node::answers))
    return void(print(fmt::format("n{} (pid {}) does not answer\n", node.number, pid)));
  publish(Epoch{});
  print(fmt::format("n{} (pid {}) does not answer; view {} goes on without it\n", node.number, pid,
                    view_.epoch.value()));
}

void Supervisor::publish(Epoch at_least) {
  // If nobody is left to be told, the epoch must not be used again all the same.
  view_ = next_view(at_least);
  for (Node& node : nodes_)
    if (node.daemon && !view_.has(NodeId{node.number})) node.left_out = node.report.incarnation;
  // Saved before anybody sees it: an epoch is never used for a second view, also not by our
  // successor.
  if (const auto saved = write_up_state(options_.dir, state()); !saved)
    complain(saved.error().text());
  for (Node& node : nodes_)
    if (node.daemon && node.agent) node.agent->publish(view_);
}

View Supervisor::next_view(Epoch at_least) const {
  View next{.epoch = Epoch{std::max(view_.epoch.value(), at_least.value()) + 1}};
  const bool somebody_answers = std::ranges::any_of(nodes_, &Node::answers);
  for (const Node& node : nodes_) {
    if (!node.daemon || node.report.incarnation == node.left_out) continue;
    if (somebody_answers && !node.answers()) continue;
    next.members.push_back({.node = NodeId{node.number},
                            .incarnation = node.report.incarnation,
                            .address = node.report.address});
    ++next.configured_votes;
  }
  return next;
}

UpState Supervisor::state() const {
  UpState state{.supervisor = own_process(), .epoch = view_.epoch};
  for (const Node& node : nodes_)
    state.nodes.push_back({.node = node.number,
                           .process = node.daemon ? node.daemon->process() : ProcessName{},
                           .incarnation = node.report.incarnation,
                           .address = node.report.address,
                           .left_out = node.left_out});
  return state;
}

std::string Supervisor::summary() const {
  std::string text =
      fmt::format("{} daemons are up in {} (view {})\n",
                  std::ranges::count_if(nodes_, [](const Node& n) { return n.daemon.has_value(); }),
                  options_.dir, view_.epoch.value());
  for (const Node& node : nodes_)
    if (node.daemon)
      text += fmt::format("  n{}  pid {:<8} {:<16} {}\n", node.number, node.daemon->process().pid,
                          node.report.address, socket_in(options_.dir, node.number));
  return text + fmt::format("\n  export HOLDFAST_SOCKET={}\n",
                            socket_in(options_.dir, nodes_.front().number));
}

void Supervisor::end_daemons() {
  const Instant deadline = boottime() + polite_end_max;
  for (Node& node : nodes_)
    if (node.daemon) send_signal(node.daemon->pidfd(), SIGTERM);
  for (Node& node : nodes_) {
    if (!node.daemon) continue;
    if (!wait_for_end(node.daemon->pidfd(), deadline)) {
      complain(fmt::format("n{} did not end when asked; killing it", node.number));
      send_signal(node.daemon->pidfd(), SIGKILL);
      (void)wait_for_end(node.daemon->pidfd(), Instant::never());
    }
    (void)node.daemon->reap();
    node.daemon.reset();
    node.agent.reset();
  }
  if (nodes_.empty()) return;
  UpState ended = state();
  ended.supervisor = {};
  if (const auto saved = write_up_state(options_.dir, ended); !saved)
    complain(saved.error().text());
}

}  // namespace holdfast::cli
