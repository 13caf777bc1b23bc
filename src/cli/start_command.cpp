// SPDX-License-Identifier: Apache-2.0
#include "cli/start_command.hpp"

#include "base/assert.hpp"
#include "cli/dead_man.hpp"
#include "cli/exit_code.hpp"
#include "cli/process.hpp"
#include "cli/terminal.hpp"
#include "model/name.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

// In the child, up to the point of no return. Gives errno to the parent if the program cannot be
// executed.
[[noreturn]] void become_command(const CommandLine& command, pid_t parent, int report_fd) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != parent) ::_exit(exit_failed);
  if (command.foreground->command_has_terminal_to_itself()) command.foreground->hand_to(::getpid());
  for (const auto& [name, value] : command.environment) ::setenv(name.c_str(), value.c_str(), 1);
  if (const auto tied = tie(command.noose_fd, ::getpid()); !tied) {
    complain(tied.error().text());
    ::_exit(exit_failed);
  }
  for (const int inherited : {command.session_fd, command.noose_fd}) ::fcntl(inherited, F_SETFD, 0);
  std::vector<char*> words;
  for (const std::string& word : command.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  reset_signals();
  ::execvp(words.front(), words.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(report_fd, &error, sizeof error);
  ::_exit(exit_not_found);
}

}  // namespace

StartedCommand start_command(const CommandLine& command) {
  std::array<int, 2> ends{};
  HF_ASSERT(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become_command(command, parent, writing.number());
  if (pid < 0) {
    complain(fmt::format("cannot start a process: {}", std::strerror(errno)));
    return {.exit_code = exit_failed};
  }
  // Both sides set the group: whichever comes first, it stands before anybody needs it.
  ::setpgid(pid, pid);
  writing.close();
  int error = 0;
  // Closed without a word by a successful exec.
  if (::read(reading.number(), &error, sizeof error) != sizeof error)
    return {.pid = pid, .exit_code = exit_ok};
  ::waitpid(pid, nullptr, 0);
  command.foreground->take_back_from(pid);
  complain(
      fmt::format("cannot run '{}': {}", escaped(command.words.front()), std::strerror(error)));
  return {.exit_code = error == ENOENT ? exit_not_found : exit_cannot_run};
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? exit_signal_base + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace holdfast::cli
