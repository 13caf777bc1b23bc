// SPDX-License-Identifier: Apache-2.0
// `holdfast up`: a local cluster of real daemons, in the foreground or detached.
#include "base/assert.hpp"
#include "base/limits.hpp"
#include "cli/arguments.hpp"
#include "cli/environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/supervisor.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

struct Options {
  unsigned nodes = 3;
  unsigned lease_ms = 0;
  std::string mastering;
  std::optional<unsigned> moves_per_second;
  std::string fence_hook;
  unsigned fence_hook_timeout_ms = 0;
  bool detach = false;
  bool restart = false;
  bool attach = false;
};

// Calls `ready` with the summary once everything serves.
template <class Ready>
int supervise(const SupervisorOptions& options, Ready ready) {
  const Fd signals = open_signalfd({SIGINT, SIGTERM, SIGHUP});
  Supervisor supervisor(options, signals);
  if (const auto started = supervisor.start(); !started) return failed(started.error());
  ready(supervisor.summary());
  supervisor.watch();
  return exit_ok;
}

// In the background process: everything but the summary goes to the log from now on.
int supervise_detached(const SupervisorOptions& options, int tell_fd) {
  ::setsid();
  const auto go_silent = [&](const std::string& summary) {
    const std::string log = options.dir + "/up.log";
    const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const Fd out(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    ::dup2(null.number(), STDIN_FILENO);
    ::dup2(out.number(), STDOUT_FILENO);
    ::dup2(out.number(), STDERR_FILENO);
    [[maybe_unused]] const ssize_t told = ::write(tell_fd, summary.data(), summary.size());
    ::close(tell_fd);
  };
  return supervise(options, go_silent);
}

// The child tells its summary and goes on, or ends, having said why.
int detach(const SupervisorOptions& options) {
  std::array<int, 2> ends{};
  HF_ASSERT(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return failed(last_error(Errc::cannot_start, "holdfast up"));
  if (pid == 0) ::_exit(supervise_detached(options, writing.number()));
  writing.close();
  std::string summary;
  std::array<char, 4096> part{};
  for (ssize_t length = 0; (length = ::read(reading.number(), part.data(), part.size())) > 0;)
    summary.append(part.data(), static_cast<std::size_t>(length));
  if (!summary.empty())
    return print(summary + "  holdfast down --dir " + options.dir + "\n") ? exit_ok : exit_failed;
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : exit_failed;
}

std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal();
}

int up(const Common& common, const Options& options) {
  const std::string dir = common.dir.empty() ? default_up_dir() : common.dir;
  // What we print is used from other directories, and daemons get the hook as it was meant here.
  const SupervisorOptions wanted{
      .dir = absolute(dir),
      .nodes = options.nodes,
      .lease_ms = options.lease_ms,
      .mastering = options.mastering,
      .moves_per_second = options.moves_per_second,
      .fence_hook = options.fence_hook.empty() ? "" : absolute(options.fence_hook),
      .fence_hook_timeout_ms = options.fence_hook_timeout_ms,
      .when_dead = options.restart ? WhenDead::restart : WhenDead::leave_out,
      .begin = options.attach ? Begin::attach : Begin::start_daemons};
  if (options.detach) return detach(wanted);
  return supervise(
      wanted, [](const std::string& summary) { print(summary + "\nCtrl-C ends the cluster.\n"); });
}

}  // namespace

Run declare_up(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("--nodes", options->nodes, "how many daemons (default: 3)")
      ->type_name("N")
      ->check(CLI::Range(1U, limits::nodes_max));
  app.add_option("--lease", options->lease_ms, "lease in milliseconds (default: that of holdfastd)")
      ->type_name("MS")
      ->check(CLI::Range(limits::lease_min.count(), limits::lease_max.count()));
  app.add_option("--mastering", options->mastering,
                 "who masters a name: the first who asks, or its home")
      ->type_name("POLICY")
      ->check(CLI::IsMember({"first", "home"}));
  app.add_option("--moves-per-second", options->moves_per_second,
                 "so many names at most go by themselves to nodes that use them more, of each node "
                 "(default: that of holdfastd; 0: none)")
      ->type_name("N")
      ->check(CLI::Range(0U, 1'000'000U));
  app.add_option("--fence-hook", options->fence_hook,
                 "program of the daemons that makes sure that a lost node is dead: called with its "
                 "number and incarnation, 0 = surely dead")
      ->type_name("PROGRAM");
  app.add_option("--fence-hook-timeout", options->fence_hook_timeout_ms,
                 "milliseconds after which it is killed and the lease is waited for (default: that "
                 "of holdfastd)")
      ->type_name("MS")
      ->check(CLI::Range(1U, 3'600'000U));
  app.add_flag("--detach", options->detach, "go to the background once everything serves");
  app.add_flag("--restart", options->restart, "start a daemon again when it dies");
  app.add_flag("--attach", options->attach,
               "take over the daemons that a dead `up` left in the directory");
  return [options](const Common& common) { return up(common, *options); };
}

}  // namespace holdfast::cli
