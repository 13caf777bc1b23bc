// SPDX-License-Identifier: Apache-2.0
#include "cli/watcher.hpp"

#include "cli/acquire.hpp"
#include "cli/exit_code.hpp"
#include "cli/guard_plan.hpp"
#include "cli/process_tree.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <optional>
#include <poll.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

class Watcher {
 public:
  Watcher(const RunRequest& request, Channel& channel, WrapperFacts& wrapper)
      : request_(request), channel_(channel), wrapper_(wrapper) {}

  int run();

 private:
  [[nodiscard]] std::optional<int> acquire();
  [[nodiscard]] std::optional<int> start_guard();
  [[noreturn]] void become_guard(Tether tether, SeenDeadline deadline, ProcessName watcher);
  int watch();
  // The exit code, once the guard has ended.
  [[nodiscard]] std::optional<int> look_after_guard();
  void read_signals();
  [[nodiscard]] Instant end_of_patience();
  [[nodiscard]] int end_command(std::string_view why);

  const RunRequest& request_;
  Channel& channel_;
  WrapperFacts& wrapper_;
  std::optional<Client> client_;  // from the fork on the guard's: we only look at the deadline
  Lock lock_;
  Fd noose_;
  std::optional<SeenDeadline> deadline_;
  StrayGroups stray_groups_;
  Fd signals_;
  Fd timer_;
  pid_t guard_ = 0;
};

int Watcher::run() {
  become_subreaper();
  ::prctl(PR_SET_NAME, "holdfast-watch", 0, 0, 0);
  if (const auto code = acquire()) return *code;
  if (const auto code = start_guard()) return *code;
  return watch();
}

// While it waits for the lock, this process simply dies with the wrapper.
std::optional<int> Watcher::acquire() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != wrapper_.pid) return exit_failed;
  LockOptions options = request_.options;
  // If it is taken away by force, nobody else may have it before the command has ended: then our session closes.
  options.confirm_loss = ConfirmLoss::by_program;
  auto got = cli::acquire({.common = request_.common,
                           .lockspace = request_.lockspace,
                           .name = request_.name,
                           .mode = request_.mode,
                           .options = options,
                           .connect = {.label = request_.label, .life = SessionLife::socket}});
  if (!got.client) return got.exit_code;
  client_ = std::move(got.client);
  lock_ = std::move(got.lock);
  channel_.send({.kind = NewsKind::granted}, client_->fd());
  ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
  if (::getppid() == wrapper_.pid) return std::nullopt;
  return exit_failed;
}

std::optional<int> Watcher::start_guard() {
  signals_ = open_signalfd({SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT});
  timer_ = open_timer();
  auto tether = Tether::make();
  if (!tether) return failed(tether.error());
  auto deadline = SeenDeadline::make();
  if (!deadline) return failed(deadline.error());
  const ProcessName self = own_process();
  guard_ = ::fork();
  if (guard_ < 0) {
    complain(fmt::format("cannot start a process: {}", std::strerror(errno)));
    return exit_failed;
  }
  if (guard_ == 0) become_guard(*std::move(tether), *std::move(deadline), self);
  noose_ = std::move(tether->noose);
  deadline_ = *std::move(deadline);
  return std::nullopt;
}

void Watcher::become_guard(Tether tether, SeenDeadline deadline, ProcessName watcher) {
  // A group of its own: what kills ours must not take the guard along.
  ::setpgid(0, 0);
  ::_exit(guard({.request = request_,
                 .wrapper = std::move(wrapper_),
                 .channel = std::move(channel_),
                 .client = *std::move(client_),
                 .lock = std::move(lock_),
                 .tether = std::move(tether),
                 .deadline = std::move(deadline),
                 .watcher = watcher}));
}

int Watcher::watch() {
  while (true) {
    read_signals();
    if (const auto code = look_after_guard()) return *code;
    const Instant now = boottime();
    if (now >= end_of_patience())
      return end_command("the guard had not done it when the lease was about to run out");
    stray_groups_.look(noose_, guard_);
    arm(timer_, std::min(end_of_patience(), now + client_->lease() / 4));
    std::array<pollfd, 2> polled{{{.fd = signals_.number(), .events = POLLIN, .revents = 0},
                                  {.fd = timer_.number(), .events = POLLIN, .revents = 0}}};
    ::poll(polled.data(), polled.size(), -1);
  }
}

void Watcher::read_signals() {
  for (std::uint64_t expirations = 0;
       ::read(timer_.number(), &expirations, sizeof expirations) > 0;) {
  }
  while (const auto signal = next_signal(signals_))
    if (*signal != SIGCHLD) ::kill(guard_, *signal);
}

std::optional<int> Watcher::look_after_guard() {
  int status = 0;
  while (::waitpid(guard_, &status, WNOHANG | WUNTRACED) == guard_) {
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (WIFSIGNALED(status)) return end_command("the guard of the lock was ended from outside");
    // Whoever stops it does not stop the lease.
    ::kill(guard_, SIGCONT);
  }
  return std::nullopt;
}

Instant Watcher::end_of_patience() {
  const Instant stamped(client_->valid_until().time_since_epoch());
  return last_point(deadline_->see(stamped), client_->lease());
}

int Watcher::end_command(std::string_view why) {
  // With a valid lease the lock is kept as long as it takes; without one, waiting would help
  // nobody.
  const bool valid = boottime() < end_of_patience();
  const Instant until = valid ? Instant::never() : boottime() + client_->lease();
  if (kill_descendants(until) == TreeEnd::some_left) complain_of_survivors();
  complain(
      fmt::format("'{}': the command was ended by the watcher: {}", escaped(request_.name), why));
  return exit_lost;
}

}  // namespace

void watch_over(const RunRequest& request, Channel channel, WrapperFacts wrapper) {
  Watcher watcher(request, channel, wrapper);
  // No destructor runs: the session is the guard's to say farewell to, and ours is a copy of its
  // socket.
  ::_exit(watcher.run());
}

}  // namespace holdfast::cli
