// SPDX-License-Identifier: Apache-2.0
#include "io/crash_report.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace holdfast::io {
namespace {

constexpr int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// A signal handler is given nothing: this is the one thing that it can find.
CrashReport report{.path = {}, .tell = nullptr, .about = nullptr};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
std::atomic<bool> is_set{false};    // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void tell_and_die(int number) {
  if (is_set.exchange(false)) {
    if (const int fd = ::open(report.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); fd >= 0) {
      report.tell(report.about, CrashText(fd));
      ::close(fd);
    }
  }
  // Its own handler is gone (SA_RESETHAND): this time it ends the process.
  ::raise(number);
}

// The stack may be what overflowed.
void use_other_stack() {
  alignas(16) static std::array<std::byte, 64 * 1024> stack;
  stack_t other{};
  other.ss_sp = stack.data();
  other.ss_size = stack.size();
  (void)::sigaltstack(&other, nullptr);
}

}  // namespace

void CrashText::line(std::string_view text) const {
  std::array<char, 512> whole;
  const std::size_t length = std::min(text.size(), whole.size() - 1);
  std::memcpy(whole.data(), text.data(), length);
  whole[length] = '\n';
  (void)!::write(fd_, whole.data(), length + 1);
}

void set_crash_report(CrashReport fresh) {
  no_crash_report();
  report = std::move(fresh);
  is_set = true;
  use_other_stack();
  struct sigaction action {};
  action.sa_handler = tell_and_die;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
  for (const int number : crashes) (void)::sigaction(number, &action, nullptr);
}

void no_crash_report() { is_set = false; }

}  // namespace holdfast::io
