// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_cluster.hpp"

#include "base/assert.hpp"
#include "cli/environment.hpp"
#include "cli/time_text.hpp"

#include <fmt/format.h>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

[[noreturn]] void become_up(const std::string& dir, unsigned nodes, unsigned lease_ms, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  // Ctrl-C is for the demo; this process hears of it by the demo's end.
  ::setpgid(0, 0);
  ::dup2(output, STDOUT_FILENO);
  const std::string program = own_program();
  const std::string node_count = fmt::format("{}", nodes);
  const std::string lease = fmt::format("{}", lease_ms);
  ::execl(program.c_str(), "holdfast", "up", "--dir", dir.c_str(), "--nodes", node_count.c_str(),
          "--lease", lease.c_str(), nullptr);
  ::_exit(127);
}

}  // namespace

Result<DemoCluster> DemoCluster::start(const std::string& dir, unsigned nodes, unsigned lease_ms) {
  std::array<int, 2> ends{};
  HF_ASSERT(::pipe2(ends.data(), O_CLOEXEC) == 0);
  DemoCluster cluster;
  cluster.dir_ = dir;
  cluster.output_ = Fd(ends[0]);
  Fd writing(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) become_up(dir, nodes, lease_ms, writing.number());
  if (pid < 0) return last_error(Errc::cannot_start, "holdfast up");
  writing.close();
  cluster.pid_ = pid;
  cluster.pidfd_ = open_child_pidfd(pid);
  std::string text;
  while (text.find("Ctrl-C") == std::string::npos) {
    std::array<char, 1024> part{};
    if (!wait_readable({cluster.output_.number()}, boottime() + 60s))
      return Error{Errc::cannot_start, "holdfast up did not become ready within a minute"};
    const ssize_t length = ::read(cluster.output_.number(), part.data(), part.size());
    if (length <= 0) return Error{Errc::cannot_start, "holdfast up ended"};
    text.append(part.data(), static_cast<std::size_t>(length));
  }
  return cluster;
}

DemoCluster::~DemoCluster() {
  if (!pidfd_) return;
  send_signal(pidfd_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

Result<UpState> DemoCluster::state() const {
  HF_TRY(std::optional<UpState> state, read_up_state(dir_));
  if (!state) return Error{Errc::cannot_read, dir_ + "/up.json is gone"};
  return *std::move(state);
}

}  // namespace holdfast::cli
