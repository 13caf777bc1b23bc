// SPDX-License-Identifier: Apache-2.0
#include "cli/guard.hpp"

#include "base/assert.hpp"
#include "cli/exit_code.hpp"
#include "cli/foreground.hpp"
#include "cli/guard_plan.hpp"
#include "cli/process_tree.hpp"
#include "cli/start_command.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

Instant to_instant(BootClock::time_point at) { return Instant(at.time_since_epoch()); }

// A daemon that went away, killed or told to end, keeps the lock from everybody until the deadline
// that we saw last. Everything else is the daemon's word that the lock is not ours any more.
SessionState state_after(Errc loss) {
  return loss == Errc::disconnected || loss == Errc::shutting_down ? SessionState::cut_off
                                                                   : SessionState::lost;
}

class Guard {
 public:
  explicit Guard(Post& post)
      : post_(post), client_(&post.client), foreground_(post.wrapper.group) {}

  int run();

 private:
  [[nodiscard]] std::optional<int> start();
  int watch();
  void read_session();
  void hear_of_eviction(const Eviction& what);
  void read_channel();
  void read_signals();
  void look_after_watcher();
  void reap();
  void on_main_changed(int status);
  void on_stopped(int signal);
  void pass_on(int signal);
  // The exit code, if it was the end.
  [[nodiscard]] std::optional<int> carry_out(const GuardPlan& plan);
  [[nodiscard]] int end_command();
  [[nodiscard]] std::string why_ended() const;
  void let_go();
  [[nodiscard]] GuardFacts facts();
  void wait_for_something() const;

  Post& post_;
  Client* client_;
  Foreground foreground_;
  SelfDestruct self_destruct_;
  Fd watcher_;
  Fd signals_;
  Fd timer_;
  std::vector<Frozen> frozen_;
  pid_t main_ = 0;
  std::optional<int> main_status_;  // of waitpid, once it has ended
  bool tree_is_empty_ = false;
  std::string loss_;  // why the session is not open
  Instant taken_at_;  // when the lock will be taken away, if it is called in
  SessionState session_ = SessionState::open;
  Company company_ = Company::complete;
  CommandState command_ = CommandState::running;
};

int Guard::run() {
  become_subreaper();
  ::prctl(PR_SET_NAME, "holdfast-guard", 0, 0, 0);
  // Empty if it has ended already; then the first round finds it gone.
  watcher_ = open_pidfd(post_.watcher);
  if (const auto prepared = self_destruct_.prepare(); !prepared) {
    complain(prepared.error().text());
    let_go();
    return exit_failed;
  }
  self_destruct_.set(last_point(facts().deadline, client_->lease()));
  if (const auto code = start()) return *code;
  return watch();
}

std::optional<int> Guard::start() {
  signals_ = open_signalfd({SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU});
  timer_ = open_timer();
  const StartedCommand started =
      start_command({.words = post_.request.common.command,
                     .environment = {{"HOLDFAST_TOKEN", to_text(post_.lock.token())},
                                     {"HOLDFAST_NAME", escaped(post_.request.name)},
                                     {"HOLDFAST_MODE", std::string(name_of(post_.lock.mode()))}},
                     .session_fd = client_->fd(),
                     .noose_fd = post_.tether.noose.number(),
                     .foreground = &foreground_});
  if (started.exit_code != exit_ok) {
    let_go();
    return started.exit_code;
  }
  main_ = started.pid;
  post_.channel.send({.kind = NewsKind::started, .number = main_});
  return std::nullopt;
}

int Guard::watch() {
  while (true) {
    read_session();
    read_channel();
    read_signals();
    look_after_watcher();
    reap();
    if (tree_is_empty_) {
      // Nothing is left to end; giving the lock back may take its time.
      self_destruct_.set(Instant::never());
      let_go();
      return session_ == SessionState::open ? exit_code_of(*main_status_)
                                            : (complain(why_ended()), exit_lost);
    }
    const GuardFacts now = facts();
    self_destruct_.set(last_point(now.deadline, now.lease));
    const GuardPlan next = plan(now);
    if (const auto code = carry_out(next)) return *code;
    arm(timer_, next.look_again);
    wait_for_something();
  }
}

GuardFacts Guard::facts() {
  return {.now = boottime(),
          .deadline = post_.deadline.see(to_instant(client_->valid_until())),
          .lease = client_->lease(),
          .session = session_,
          .company = company_,
          .command = command_};
}

void Guard::read_session() {
  if (is_over(session_)) return;
  if (const auto read = client_->dispatch(); !read) {
    loss_ = read.error().text();
    session_ = state_after(read.error().code);
  }
  while (const auto event = client_->next_event()) {
    if (const auto* evicting = std::get_if<event::Evicting>(&*event)) hear_of_eviction(evicting->what);
    const auto* lost = std::get_if<event::Lost>(&*event);
    if (lost == nullptr || session_ == SessionState::lost) continue;
    loss_ = lost->why.text();
    session_ = state_after(lost->why.code);
  }
}

void Guard::hear_of_eviction(const Eviction& what) {
  if (session_ != SessionState::open) return;
  session_ = SessionState::called_in;
  taken_at_ = to_instant(what.at);
  loss_ = fmt::format("the lock will be taken away by pid {} ({}) of user {} on node {}: {}", what.by.pid,
                      escaped(what.by.command), escaped(what.by.user), what.by.node.value(), escaped(what.reason));
}

void Guard::read_channel() {
  Order order;
  while (company_ != Company::wrapper_gone) {
    switch (post_.channel.receive(order)) {
      case Channel::Got::message:
        pass_on(order.signal);
        break;
      case Channel::Got::nothing:
        return;
      case Channel::Got::closed:
        company_ = Company::wrapper_gone;
        break;
    }
  }
}

// A signal that was sent to the guard itself is meant for the command: queries show the guard's
// pid.
void Guard::read_signals() {
  for (std::uint64_t expirations = 0;
       ::read(timer_.number(), &expirations, sizeof expirations) > 0;) {
  }
  while (const auto signal = next_signal(signals_))
    if (*signal == SIGTERM || *signal == SIGINT || *signal == SIGHUP || *signal == SIGQUIT)
      pass_on(*signal);
}

// It looks after us, so we look after it: one of the two has to be awake. It is woken by the
// wrapper, too, if that one is.
void Guard::look_after_watcher() {
  if (company_ != Company::complete) return;
  const auto watcher = read_process(post_.watcher.pid);
  if (!watcher_ || !watcher || watcher->start_ticks != post_.watcher.start_ticks ||
      watcher->ended())
    company_ = Company::watcher_gone;
  else if (is_stopped(*watcher))
    send_signal(watcher_, SIGCONT);
}

void Guard::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0)
    if (pid == main_ && !main_status_) on_main_changed(status);
  tree_is_empty_ = pid < 0 && errno == ECHILD;
}

void Guard::on_main_changed(int status) {
  if (WIFSTOPPED(status)) {
    on_stopped(WSTOPSIG(status));
  } else if (WIFCONTINUED(status)) {
    // Somebody woke the command itself: the wrapper stands still for no reason then.
    send_signal(post_.wrapper.pidfd, SIGCONT);
  } else {
    main_status_ = status;
  }
}

void Guard::on_stopped(int signal) {
  if (command_ == CommandState::frozen) return;
  if ((signal == SIGTTIN || signal == SIGTTOU) && foreground_.hand_to(main_)) {
    ::kill(-main_, SIGCONT);
    return;
  }
  post_.channel.send({.kind = NewsKind::stopped, .number = signal});
}

void Guard::pass_on(int signal) {
  // As long as its first process was not reaped, the number of its group cannot mean another one.
  if (main_status_) {
    signal_descendants(signal);
    return;
  }
  if (signal == SIGCONT && foreground_.command_has_terminal_to_itself()) foreground_.hand_to(main_);
  if (::kill(-main_, signal) != 0) ::kill(main_, signal);
}

std::optional<int> Guard::carry_out(const GuardPlan& plan) {
  switch (plan.move) {
    case GuardMove::none:
      return std::nullopt;
    case GuardMove::freeze:
      frozen_ = freeze_descendants();
      command_ = CommandState::frozen;
      return std::nullopt;
    case GuardMove::thaw:
      thaw(frozen_);
      command_ = CommandState::running;
      return std::nullopt;
    case GuardMove::ask_to_end:
      complain(fmt::format("{}; the command has {} to end", loss_,
                           time_text((session_ == SessionState::called_in
                                          ? taken_at_
                                          : facts().deadline - client_->lease() / 3) -
                                     boottime())));
      signal_descendants(SIGTERM);
      signal_descendants(SIGCONT);
      command_ = CommandState::asked_to_end;
      return std::nullopt;
    case GuardMove::kill:
      return end_command();
  }
  HF_ASSERT(!"unknown move");
}

int Guard::end_command() {
  const std::string why = why_ended();
  // With a valid lease we keep the lock as long as it takes; without one, waiting would help
  // nobody.
  const bool lease_runs_out = company_ == Company::complete;
  const Instant until = lease_runs_out ? boottime() + client_->lease() : Instant::never();
  if (kill_descendants(until) == TreeEnd::some_left) complain_of_survivors();
  complain(why);
  let_go();
  return exit_lost;
}

std::string Guard::why_ended() const {
  const std::string name = escaped(post_.request.name);
  if (company_ == Company::wrapper_gone)
    return fmt::format("'{}': the command was ended, since the process that waited for it is gone",
                       name);
  if (company_ == Company::watcher_gone)
    return fmt::format("'{}': the command was ended, since its watcher was ended from outside",
                       name);
  if (session_ == SessionState::open)
    return fmt::format(
        "'{}': the command was ended, since the lease of node {} was not renewed in time", name,
        client_->node().value());
  if (session_ == SessionState::called_in)
    return fmt::format("'{}': the command has ended before its lock was taken away ({})", name, loss_);
  return fmt::format("'{}': the lock was lost and the command has ended ({})", name, loss_);
}

// When this returns, whoever asks the daemon finds the lock free. A daemon that let its lease run
// out is not waited for: it frees the lock when it sees the session closed, and the lease is over
// for the others.
void Guard::let_go() {
  const bool valid = client_->valid_until() > BootClock::now() + client_->lease() / 3;
  if (!is_over(session_) && valid) const Lock ending = std::move(post_.lock);
  post_.lock.detach();
}

void Guard::wait_for_something() const {
  std::array<pollfd, 5> polled{{{.fd = signals_.number(), .events = POLLIN, .revents = 0},
                                {.fd = timer_.number(), .events = POLLIN, .revents = 0},
                                {.fd = watcher_.number(), .events = POLLIN, .revents = 0},
                                {.fd = post_.channel.fd(), .events = POLLIN, .revents = 0},
                                {.fd = client_->fd(), .events = POLLIN, .revents = 0}}};
  // poll() skips negative numbers.
  if (is_over(session_)) polled[4].fd = -1;
  ::poll(polled.data(), polled.size(), -1);
}

}  // namespace

void complain_of_survivors() {
  for (const ProcessFacts& left : living_descendants())
    complain(
        fmt::format("process {} ({}) cannot be ended by us and still runs", left.pid, left.name));
}

int guard(Post post) {
  const int code = Guard(post).run();
  post.channel.send(News{.kind = NewsKind::finished, .number = code});
  return code;
}

}  // namespace holdfast::cli
