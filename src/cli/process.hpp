// SPDX-License-Identifier: Apache-2.0
// Processes and the files that watch them. A pid alone is never trusted: it is reused. A process is
// named by pid and start time, and signalled through a pidfd that was opened first and checked
// afterwards.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"

#include <csignal>
#include <cstdint>
#include <ctime>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace holdfast::cli {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd() { close(); }
  [[nodiscard]] int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void close();

 private:
  int number_ = -1;
};

// One line of /proc/PID/stat, as far as we need it.
struct ProcessFacts {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  char state = '?';  // R S D T Z ..., see proc(5)
  std::uint64_t start_ticks = 0;
  std::string name;
  unsigned threads = 1;
  bool exiting = false;  // its first thread will never again leave the kernel
  // None of its threads runs any more. On the way out a process closes its files, and so gives its
  // locks back, a moment before it becomes a zombie; a zombie's other threads may live on.
  [[nodiscard]] bool ended() const {
    return threads <= 1 && (exiting || state == 'Z' || state == 'X');
  }
};
[[nodiscard]] std::optional<ProcessFacts> read_process(pid_t pid);
// By a signal or by a debugger.
[[nodiscard]] inline bool is_stopped(const ProcessFacts& process) {
  return process.state == 'T' || process.state == 't';
}

// A process that may have ended meanwhile.
struct ProcessName {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  friend bool operator==(const ProcessName&, const ProcessName&) = default;
};
[[nodiscard]] ProcessName own_process();
[[nodiscard]] bool is_running(const ProcessName& process);
// Empty if the process has ended. Readable (poll) as soon as it ends.
[[nodiscard]] Fd open_pidfd(const ProcessName& process);
// Of a child that was not reaped yet: its number means nobody else, and it may have ended already.
[[nodiscard]] Fd open_child_pidfd(pid_t child);
enum class Sent { yes, ended, not_permitted };
Sent send_signal(const Fd& pidfd, int signal);
// Has it ended before `deadline`?
[[nodiscard]] bool wait_for_end(const Fd& pidfd, Instant deadline);

// Signals as readable events: blocks `signals` in this process.
[[nodiscard]] Fd open_signalfd(std::initializer_list<int> signals);
// The next pending signal; nothing if there is none.
[[nodiscard]] std::optional<int> next_signal(const Fd& signalfd);
// Default actions and an empty mask again, as a program expects that is about to be executed.
void reset_signals();

// A timer on CLOCK_BOOTTIME.
[[nodiscard]] Fd open_timer();
void arm(const Fd& timer, Instant at);
// When a timer that is set to this instant expires; Instant::never() disarms it.
[[nodiscard]] itimerspec expiry(Instant at);

// poll() until one of them is readable or closed, or `deadline`. True if there is something to do.
bool wait_readable(std::initializer_list<int> fds, Instant deadline);
[[nodiscard]] int poll_timeout(Instant deadline);

// The whole file; nothing if it cannot be read.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path);
// Durable and all at once: a reader sees the old or the new content.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view content);
[[nodiscard]] Error last_error(Errc code, std::string_view what);

}  // namespace holdfast::cli
