// SPDX-License-Identifier: Apache-2.0
// `holdfast run`: the wrapper. It forks the watcher (watcher.hpp), passes signals and job control
// on, and ends with the exit code that the guard tells it. If watcher or guard are killed, it does
// their last duty itself; if the watcher is stopped, it wakes it.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/foreground.hpp"
#include "cli/process_tree.hpp"
#include "cli/terminal.hpp"
#include "cli/watcher.hpp"
#include "model/name.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

class Wrapper {
 public:
  Wrapper(Channel channel, Fd signals, pid_t watcher)
      : channel_(std::move(channel)),
        signals_(std::move(signals)),
        watcher_(watcher),
        foreground_(::getpgrp()) {}

  // Until watcher and guard have ended; the result is our exit code.
  int wait();

 private:
  void read_signals();
  void look_after_watcher();
  void read_news();
  void take(const News& news);
  void stand_still();
  int all_is_over();

  Channel channel_;
  Fd signals_;
  pid_t watcher_;
  Foreground foreground_;
  Fd session_copy_;  // keeps the lock for as long as we live
  pid_t command_group_ = 0;
  std::optional<int> finished_;
  std::optional<int> given_up_;  // the signal that ended the wait for the lock
  bool news_may_come_ = true;
  enum class WatcherState { there, ended } watcher_state_ = WatcherState::there;
};

int Wrapper::wait() {
  while (watcher_state_ == WatcherState::there && news_may_come_) {
    std::array<pollfd, 2> polled{{{.fd = signals_.number(), .events = POLLIN, .revents = 0},
                                  {.fd = channel_.fd(), .events = POLLIN, .revents = 0}}};
    ::poll(polled.data(), polled.size(), -1);
    // News first: a signal means something else once the lock is granted.
    read_news();
    read_signals();
    look_after_watcher();
  }
  read_news();
  return all_is_over();
}

void Wrapper::read_news() {
  News news;
  while (news_may_come_) {
    Fd passed;
    switch (channel_.receive(news, passed)) {
      case Channel::Got::message:
        if (passed) session_copy_ = std::move(passed);
        take(news);
        break;
      case Channel::Got::nothing:
        return;
      case Channel::Got::closed:
        news_may_come_ = false;
        break;
    }
  }
}

void Wrapper::take(const News& news) {
  switch (news.kind) {
    case NewsKind::granted:
      break;
    case NewsKind::started:
      command_group_ = news.number;
      break;
    case NewsKind::stopped:
      stand_still();
      break;
    case NewsKind::finished:
      finished_ = news.number;
      break;
  }
}

void Wrapper::read_signals() {
  while (const auto signal = next_signal(signals_)) {
    if (*signal == SIGCHLD) continue;
    // From the grant on there is a command, or there will be before the guard reads this.
    if (session_copy_) {
      channel_.send(Order{.signal = *signal});
    } else if (*signal == SIGTSTP) {
      stand_still();
    } else if (*signal != SIGCONT) {
      // Still waiting for the lock: there is nothing to end but the wait.
      given_up_ = *signal;
      ::kill(watcher_, SIGKILL);
    }
  }
}

// Not reaped here, so that its number means nobody else.
void Wrapper::look_after_watcher() {
  siginfo_t info{};
  const auto id = static_cast<id_t>(watcher_);
  if (::waitid(P_PID, id, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid == watcher_)
    ::kill(watcher_, SIGCONT);
  info = {};
  if (::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == watcher_)
    watcher_state_ = WatcherState::ended;
}

// The command was stopped (Ctrl-Z): so are we, as our shell expects, until it wakes us. The guard
// goes on watching the lease meanwhile, and daemon and lock do not care.
void Wrapper::stand_still() {
  foreground_.take_back_from(command_group_);
  ::kill(::getpid(), SIGSTOP);
  if (command_group_ != 0) channel_.send(Order{.signal = SIGCONT});
}

int Wrapper::all_is_over() {
  int status = 0;
  ::waitpid(watcher_, &status, 0);
  // It tells a code of its own if there was no guard, or no more.
  if (!finished_ && WIFEXITED(status)) finished_ = WEXITSTATUS(status);
  if (command_group_ != 0) foreground_.take_back_from(command_group_);
  if (finished_ && WIFEXITED(status)) return *finished_;
  if (!given_up_ && session_copy_ && !finished_)
    complain("the watcher of the lock was ended from outside; ending the command");
  // The lock stays until the last process is gone, since session_copy_ and theirs keep the session.
  kill_descendants(Instant::never());
  if (finished_) return *finished_;
  if (given_up_) return exit_signal_base + *given_up_;
  if (session_copy_) return exit_lost;
  complain("the process that waited for the lock was ended from outside");
  return exit_failed;
}

int run_wrapped(const RunRequest& request) {
  become_subreaper();
  auto [ours, theirs] = Channel::make();
  // SIGTTOU only has to be blocked: taking the terminal back from the background raises it.
  Fd signals = open_signalfd({SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP,
                              SIGCONT, SIGTTOU, SIGWINCH});
  WrapperFacts facts{
      .pid = ::getpid(), .group = ::getpgrp(), .pidfd = open_child_pidfd(::getpid())};
  const pid_t pid = ::fork();
  if (pid < 0) {
    complain(fmt::format("cannot start a process: {}", std::strerror(errno)));
    return exit_failed;
  }
  if (pid == 0) {
    // A group of its own: what kills the wrapper's group must not take the watcher along.
    ::setpgid(0, 0);
    ours = Channel();
    watch_over(request, std::move(theirs), std::move(facts));
  }
  theirs = Channel();
  return Wrapper(std::move(ours), std::move(signals), pid).wait();
}

struct Options {
  std::string name;
  std::string lockspace;
  std::string label;
  Patience patience;
  Mode mode = Mode::EX;
};

int run(const Common& common, const Options& options) {
  if (common.command.empty())
    return refused_argument(
        "run",
        Error{Errc::bad_argument, "what shall be run? Write: holdfast run NAME -- COMMAND ..."});
  const auto name = name_argument(common, options.name);
  if (!name) return refused_argument("run", name.error());
  RunRequest request{.common = common,
                     .lockspace = options.lockspace,
                     .name = *name,
                     .mode = options.mode,
                     .label = options.label};
  if (const auto applied = apply(options.patience, request.options); !applied)
    return refused_argument("run", applied.error());
  return run_wrapped(request);
}

}  // namespace

Run declare_run(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("NAME", options->name,
                 "what to lock: any bytes, 255 at most; behind it: -- COMMAND ...")
      ->required();
  add_mode_option(app, options->mode);
  add_patience_options(app, options->patience);
  app.add_option("--lockspace", options->lockspace, "the lockspace of the name (default: default)");
  app.add_option("--label", options->label, "free text that `holdfast ls` shows");
  return [options](const Common& common) { return run(common, *options); };
}

}  // namespace holdfast::cli
