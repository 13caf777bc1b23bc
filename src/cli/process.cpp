// SPDX-License-Identifier: Apache-2.0
#include "cli/process.hpp"

#include "base/assert.hpp"
#include "cli/time_text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <vector>

namespace holdfast::cli {
namespace {

// The words behind "PID (NAME) ": the name may hold anything, blanks and brackets included.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

template <class Number>
Number number_of(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

void Fd::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

std::optional<ProcessFacts> read_process(pid_t pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!stat) return std::nullopt;
  const std::size_t open = stat->find('(');
  const std::size_t close = stat->rfind(')');
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  const auto words = words_of(std::string_view(*stat).substr(close + 1));
  // Fields 9, 20 and 22 of the line, see proc(5); "PID (NAME)" are two.
  constexpr std::size_t flags = 6;
  constexpr std::size_t threads = 17;
  constexpr std::size_t start_time = 19;
  constexpr unsigned flag_exiting = 0x4;  // PF_EXITING
  if (words.size() <= start_time) return std::nullopt;
  return ProcessFacts{.pid = pid,
                      .parent = number_of<pid_t>(words[1]),
                      .group = number_of<pid_t>(words[2]),
                      .state = words[0].front(),
                      .start_ticks = number_of<std::uint64_t>(words[start_time]),
                      .name = stat->substr(open + 1, close - open - 1),
                      .threads = number_of<unsigned>(words[threads]),
                      .exiting = (number_of<unsigned>(words[flags]) & flag_exiting) != 0};
}

ProcessName own_process() {
  const pid_t pid = ::getpid();
  const auto facts = read_process(pid);
  return {.pid = pid, .start_ticks = facts ? facts->start_ticks : 0};
}

bool is_running(const ProcessName& process) {
  const auto facts = read_process(process.pid);
  return facts && facts->start_ticks == process.start_ticks && !facts->ended();
}

Fd open_pidfd(const ProcessName& process) {
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  // Checked behind the open: from here on the number cannot come to mean another process.
  if (pidfd && !is_running(process)) pidfd.close();
  return pidfd;
}

Fd open_child_pidfd(pid_t child) {
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  HF_ASSERT(pidfd);
  return pidfd;
}

Sent send_signal(const Fd& pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.number(), signal, nullptr, 0) == 0) return Sent::yes;
  return errno == EPERM ? Sent::not_permitted : Sent::ended;
}

bool wait_for_end(const Fd& pidfd, Instant deadline) {
  return wait_readable({pidfd.number()}, deadline);
}

Fd open_signalfd(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  HF_ASSERT(::sigprocmask(SIG_BLOCK, &set, nullptr) == 0);
  return Fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

std::optional<int> next_signal(const Fd& signalfd) {
  signalfd_siginfo info{};
  if (::read(signalfd.number(), &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) {
    // SIGKILL and SIGSTOP refuse, and so do the library's own: all of them are as they should be.
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
      ::signal(signal, SIG_DFL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

Fd open_timer() { return Fd(::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)); }

itimerspec expiry(Instant at) {
  itimerspec when{};
  if (at == Instant::never()) return when;
  // Zero would disarm it.
  const auto since_boot = std::max(at.since_boot(), Duration{1});
  when.it_value.tv_sec = static_cast<time_t>(since_boot / std::chrono::seconds(1));
  when.it_value.tv_nsec = static_cast<long>((since_boot % std::chrono::seconds(1)).count());
  return when;
}

void arm(const Fd& timer, Instant at) {
  const itimerspec when = expiry(at);
  HF_ASSERT(::timerfd_settime(timer.number(), TFD_TIMER_ABSTIME, &when, nullptr) == 0);
}

int poll_timeout(Instant deadline) {
  if (deadline == Instant::never()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - boottime()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

bool wait_readable(std::initializer_list<int> fds, Instant deadline) {
  std::vector<pollfd> polled;
  for (const int fd : fds) polled.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  while (true) {
    const int ready = ::poll(polled.data(), polled.size(), poll_timeout(deadline));
    if (ready > 0) return true;
    if (ready == 0 && boottime() >= deadline) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::optional<std::string> read_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string content;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t length = ::read(file.number(), part.data(), part.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return std::nullopt;
    if (length == 0) return content;
    content.append(part.data(), static_cast<std::size_t>(length));
  }
}

Result<void> replace_file(const std::string& path, std::string_view content) {
  const std::string fresh = path + ".new";
  Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return last_error(Errc::cannot_write, fresh);
  if (::write(file.number(), content.data(), content.size()) !=
          static_cast<ssize_t>(content.size()) ||
      ::fsync(file.number()) != 0)
    return last_error(Errc::cannot_write, fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return last_error(Errc::cannot_write, path);
  return {};
}

Error last_error(Errc code, std::string_view what) {
  return Error{code, std::string(what) + ": " + std::strerror(errno)};
}

}  // namespace holdfast::cli
