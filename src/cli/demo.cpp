// SPDX-License-Identifier: Apache-2.0
// `holdfast demo`: three daemons, eight workers that each add 1 to a number in a plain file a
// thousand times under an EX lock, a worker and a daemon killed in the middle, and a verdict. What
// a worker does is in demo_worker.hpp, what is judged in demo_verdict.hpp; here is the story. Its
// turns are taken when the number reaches a value or a worker stands in its section, never by time.
#include "base/prng.hpp"
#include "cli/arguments.hpp"
#include "cli/demo_cluster.hpp"
#include "cli/demo_verdict.hpp"
#include "cli/environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"

#include <fmt/format.h>

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

constexpr unsigned nodes = 3;
constexpr Duration patience = 60s;  // for any turn of the story

struct Options {
  unsigned rounds = 1000;
  unsigned lease_ms = 1500;
  std::uint64_t seed = 1;
  bool no_lock = false;
  bool keep = false;
};

unsigned node_of(unsigned worker) { return worker % nodes + 1; }

struct Pipe {
  Fd reading;
  Fd writing;
};

Pipe make_pipe() {
  int ends[2] = {-1, -1};
  HF_ASSERT(::pipe2(ends, O_CLOEXEC) == 0);
  return {.reading = Fd(ends[0]), .writing = Fd(ends[1])};
}

class Demo {
 public:
  Demo(const Options& options, std::string dir)
      : options_(options),
        dir_(std::move(dir)),
        board_(make_board()),
        tell_(make_pipe()),
        leave_(make_pipe()) {}
  int play();

 private:
  [[nodiscard]] Result<void> play_with_locks();
  [[nodiscard]] Result<void> start_cluster();
  void start_workers();
  void start_worker(unsigned index);
  [[nodiscard]] Result<void> wait_for_number(unsigned number);
  [[nodiscard]] Result<unsigned> wait_for_word();
  void give_leave();
  [[nodiscard]] Result<void> look(std::vector<ResourceInfo>& found);
  [[nodiscard]] Result<void> choose_victims();
  [[nodiscard]] Result<void> kill_worker();
  [[nodiscard]] Result<void> kill_daemon();
  void wait_for_workers();
  void say_masters() const;
  int say_verdict();

  const Options& options_;
  std::string dir_;
  DemoBoard& board_;
  Pipe tell_;
  Pipe leave_;
  std::optional<DemoCluster> cluster_;
  struct Child {
    pid_t pid = 0;
    Fd pidfd;
  };
  std::vector<Child> workers_;
  std::vector<ResourceInfo> before_;
  std::vector<ResourceInfo> after_;
  DemoKills kills_;
};

int Demo::play() {
  if (const auto made = replace_file(demo_number_file(dir_), "0000000000\n"); !made)
    return failed(made.error());
  if (options_.no_lock) {
    print(fmt::format("{} workers add 1 to a number {} times each, without locks\n", demo_workers,
                      options_.rounds));
    start_workers();
    wait_for_workers();
    return say_verdict();
  }
  if (const auto played = play_with_locks(); !played) {
    complain("demo: " + played.error().text());
    for (const Child& worker : workers_) send_signal(worker.pidfd, SIGKILL);
    return exit_failed;
  }
  say_masters();
  return say_verdict();
}

Result<void> Demo::play_with_locks() {
  if (const auto started = start_cluster(); !started) return started;
  print(fmt::format(
      "{} workers, spread over them, add 1 to a number {} times each under an EX lock\n",
      demo_workers, options_.rounds));
  const unsigned total = demo_workers * options_.rounds;
  board_.report_at = total * 2 / 10;
  start_workers();
  if (const auto reached = wait_for_number(total * 2 / 10); !reached) return reached;
  if (const auto chosen = choose_victims(); !chosen) return chosen;
  give_leave();
  if (const auto killed = kill_worker(); !killed) return killed;
  if (const auto killed = kill_daemon(); !killed) return killed;
  board_.report_at = total * 4 / 10;
  if (const auto reached = wait_for_number(total * 4 / 10); !reached) return reached;
  if (const auto looked = look(after_); !looked) return looked;
  give_leave();
  wait_for_workers();
  return {};
}

Result<void> Demo::start_cluster() {
  HF_TRY(cluster_, DemoCluster::start(dir_ + "/up", nodes, options_.lease_ms));
  HF_TRY(const UpState state, cluster_->state());
  std::string text = fmt::format("{} daemons, lease {} ms:", nodes, options_.lease_ms);
  for (const UpNode& node : state.nodes)
    text += fmt::format("  n{} (pid {})", node.node, node.process.pid);
  print(text + "\n");
  return {};
}

void Demo::start_workers() {
  for (unsigned index = 0; index < demo_workers; ++index) start_worker(index);
  // So that the end of the last worker is the end of their pipe.
  tell_.writing.close();
}

void Demo::start_worker(unsigned index) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    ::prctl(PR_SET_NAME, fmt::format("demo-worker-{}", index + 1).c_str(), 0, 0, 0);
    ::_exit(demo_work({.index = index,
                       .rounds = options_.rounds,
                       .locking = options_.no_lock ? Locking::without_locks : Locking::with_locks,
                       .socket = options_.no_lock ? "" : socket_in(cluster_->dir(), node_of(index)),
                       .dir = dir_,
                       .board = board_,
                       .tell_fd = tell_.writing.number(),
                       .leave_fd = leave_.reading.number()}));
  }
  HF_ASSERT(pid > 0);
  workers_.push_back({.pid = pid, .pidfd = open_child_pidfd(pid)});
}

// A worker that stands in its section says its index.
Result<unsigned> Demo::wait_for_word() {
  std::uint8_t index = 0;
  if (!wait_readable({tell_.reading.number()}, boottime() + patience))
    return Error{Errc::timed_out, "the workers do not get on: see the logs in " + dir_};
  if (::read(tell_.reading.number(), &index, sizeof index) != sizeof index)
    return Error{Errc::lost, "all workers ended too early: see the logs in " + dir_};
  return unsigned{index};
}

Result<void> Demo::wait_for_number(unsigned number) {
  HF_TRY(const unsigned index, wait_for_word());
  print(fmt::format("the number is {} (worker {} has the lock)\n", number, index + 1));
  return {};
}

void Demo::give_leave() {
  const char leave = 1;
  HF_ASSERT(::write(leave_.writing.number(), &leave, sizeof leave) == sizeof leave);
}

// From a daemon that is not killed.
Result<void> Demo::look(std::vector<ResourceInfo>& found) {
  const unsigned node = kills_.daemon == 1 ? 2 : 1;
  HF_TRY(Client client,
         Client::connect({.socket = socket_in(cluster_->dir(), node), .label = "holdfast demo"}));
  HF_TRY(QueryPage page, client.query_all({.name = "demo/*"}));
  found = std::move(page.resources);
  return {};
}

// The daemon that masters the number, and a worker of another one.
Result<void> Demo::choose_victims() {
  if (const auto looked = look(before_); !looked) return looked;
  for (const ResourceInfo& resource : before_)
    if (resource.name == "demo/number") kills_.daemon = resource.master.value();
  if (kills_.daemon == 0) return Error{Errc::no_such_resource, "nobody masters demo/number"};
  std::vector<unsigned> candidates;
  for (unsigned worker = 0; worker < demo_workers; ++worker)
    (node_of(worker) == kills_.daemon ? kills_.cut_off : candidates).push_back(worker);
  Prng prng(options_.seed);
  kills_.worker = candidates[prng.below(candidates.size())];
  board_.stop_point = StopPoint::after_write;
  board_.stop_one_of = 1U << kills_.worker;
  return {};
}

Result<void> Demo::kill_worker() {
  HF_TRY(const unsigned index, wait_for_word());
  // Before the kill: the next one must find whom to stop where as soon as it is in its section.
  board_.stop_point = StopPoint::before_write;
  kills_.worker_killed = boottime();
  send_signal(workers_[index].pidfd, SIGKILL);
  print(fmt::format("worker {} of n{}: SIGKILL, between writing the number and confirming it\n",
                    index + 1, node_of(index)));
  return {};
}

Result<void> Demo::kill_daemon() {
  const unsigned total = demo_workers * options_.rounds;
  board_.report_at = total * 3 / 10;
  if (const auto reached = wait_for_number(total * 3 / 10); !reached) return reached;
  std::uint32_t chosen = 0;
  for (const unsigned worker : kills_.cut_off) chosen |= 1U << worker;
  board_.stop_one_of = chosen;
  give_leave();
  HF_TRY(const unsigned index, wait_for_word());
  HF_TRY(const UpState state, cluster_->state());
  const Fd daemon = open_pidfd(state.nodes[kills_.daemon - 1].process);
  if (!daemon)
    return Error{Errc::no_such_node,
                 fmt::format("the daemon of n{} has ended by itself", kills_.daemon)};
  kills_.daemon_killed = boottime();
  send_signal(daemon, SIGKILL);
  print(fmt::format("daemon n{}, master of the number: SIGKILL, while its worker {} has the lock\n",
                    kills_.daemon, index + 1));
  return {};
}

void Demo::wait_for_workers() {
  for (const Child& worker : workers_) {
    if (!wait_for_end(worker.pidfd, boottime() + patience)) {
      complain(fmt::format("demo: worker with pid {} does not end", worker.pid));
      send_signal(worker.pidfd, SIGKILL);
    }
    ::waitpid(worker.pid, nullptr, 0);
  }
}

std::string master_in(const std::vector<ResourceInfo>& resources, const std::string& name) {
  for (const ResourceInfo& resource : resources)
    if (resource.name == name) return node_text(resource.master);
  return "-";
}

void Demo::say_masters() const {
  Table table({"NAME", "MASTER BEFORE", "AFTER", "WHAT HAPPENED"});
  const auto add = [&](const std::string& name, const std::string& what) {
    table.add({{name}, {master_in(before_, name)}, {master_in(after_, name)}, {what}});
  };
  add("demo/number", fmt::format("its master n{} was killed", kills_.daemon));
  for (unsigned worker = 0; worker < demo_workers; ++worker) {
    const std::string name = fmt::format("demo/worker-{}", worker + 1);
    const bool cut_off = node_of(worker) == kills_.daemon;
    add(name, worker == kills_.worker ? "its holder was killed"
              : cut_off               ? "its holder lost its daemon"
                                      : "");
  }
  print("\n" + table.text());
}

int Demo::say_verdict() {
  const Verdict verdict =
      judge({.dir = dir_,
             .board = board_,
             .locking = options_.no_lock ? Locking::without_locks : Locking::with_locks,
             .rounds = options_.rounds,
             .lease = std::chrono::milliseconds(options_.lease_ms),
             .kills = kills_});
  print("\n" + verdict.text);
  if (!verdict.right) {
    print(options_.no_lock
              ? "\nWithout locks it goes wrong, as it should.\n"
              : fmt::format("\nThis is wrong. What the workers left is in {}\n", dir_));
    return exit_failed;
  }
  print(options_.no_lock ? "\nNo overlap without locks: the witness is blind.\n"
                         : "\nNothing was lost.\n");
  return options_.no_lock ? exit_failed : exit_ok;
}

int demo(const Common&, const Options& options) {
  std::string dir = temporary_dir() + "/holdfast-demo-XXXXXX";
  if (::mkdtemp(dir.data()) == nullptr) return failed(last_error(Errc::cannot_write, dir));
  const Instant begun = boottime();
  int code = exit_failed;
  {
    Demo demo(options, dir);
    code = demo.play();
  }
  print(fmt::format("({})\n", time_text(boottime() - begun)));
  std::error_code ignored;
  const bool evidence_matters = options.keep || (code != exit_ok && !options.no_lock);
  if (!evidence_matters) std::filesystem::remove_all(dir, ignored);
  return code;
}

}  // namespace

Run declare_demo(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_flag("--no-lock", options->no_lock,
               "without locks, to see that overlaps are found: exit code 1");
  app.add_option("--rounds", options->rounds, "additions of each worker (default: 1000)")
      ->check(CLI::Range(50, 1'000'000));
  app.add_option("--lease", options->lease_ms,
                 "lease of the daemons in milliseconds (default: 1500)")
      ->check(CLI::Range(300, 60'000));
  app.add_option("--seed", options->seed, "chooses the worker that is killed");
  app.add_flag("--keep", options->keep, "keep the directory with the workers' logs");
  return [options](const Common& common) { return demo(common, *options); };
}

}  // namespace holdfast::cli
