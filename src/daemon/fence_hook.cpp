// SPDX-License-Identifier: Apache-2.0
#include "daemon/fence_hook.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/result.hpp"
#include "io/clock.hpp"

extern char** environ;

namespace holdfast::daemon {
namespace {

// The loop takes signals by descriptor and blocks them: a program that we start must not inherit that. It leads
// a process group of its own, so that all of it can be killed.
Result<pid_t> spawn(const std::string& program, const std::string& node, const std::string& incarnation) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  // What it prints belongs to the log, and standard output is not ours to give away.
  posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  char* const arguments[] = {const_cast<char*>(program.c_str()), const_cast<char*>(node.c_str()),
                             const_cast<char*>(incarnation.c_str()), nullptr};
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, program.c_str(), &files, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) return Error{Errc::cannot_start, program + ": " + std::strerror(failed)};
  return pid;
}

}  // namespace

struct FenceHook::Run {
  NodeId node;
  Incarnation incarnation;
  pid_t pid = -1;
  io::Fd pidfd;
  io::Watch watch;
  io::Timer timer;
  bool overdue = false;
};

FenceHook::FenceHook(io::EventLoop& loop, io::Log& log, std::string program, Duration timeout, Confirmed confirmed)
    : loop_(loop), log_(log), program_(std::move(program)), timeout_(timeout), confirmed_(std::move(confirmed)) {}

FenceHook::~FenceHook() {
  for (const auto& run : runs_) {
    ::kill(-run->pid, SIGKILL);
    ::waitpid(run->pid, nullptr, 0);
  }
}

void FenceHook::call(NodeId node, Incarnation incarnation) {
  if (program_.empty()) return;
  const Result<pid_t> pid = spawn(program_, std::to_string(node.value()), std::to_string(incarnation.value()));
  if (!pid) {
    log_.write(io::LogLevel::warning, "the fencing hook cannot be started", {{"peer", node.value()}, {"text", pid.error().detail}});
    return;
  }
  log_.write(io::LogLevel::info, "the fencing hook is called", {{"peer", node.value()}, {"incarnation", incarnation.value()}, {"pid", *pid}});
  Run& run = *runs_.emplace_back(std::make_unique<Run>());
  run.node = node;
  run.incarnation = incarnation;
  run.pid = *pid;
  run.pidfd = io::Fd(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
  run.watch = loop_.watch(run.pidfd.get(), {.readable = [this, &run] { ended(run); }, .writable = {}, .hung_up = {}});
  run.timer = loop_.timer([this, &run] { overdue(run); });
  run.timer.arm(io::boot_now() + timeout_);
}

void FenceHook::overdue(Run& run) {
  run.overdue = true;
  ::kill(-run.pid, SIGKILL);
}

void FenceHook::ended(Run& run) {
  int status = 0;
  ::waitpid(run.pid, &status, 0);
  const bool sure = WIFEXITED(status) && WEXITSTATUS(status) == 0 && !run.overdue;
  const NodeId node = run.node;
  const Incarnation incarnation = run.incarnation;
  log_.write(sure ? io::LogLevel::info : io::LogLevel::warning,
             sure         ? "the fencing hook says that the node is dead"
             : run.overdue ? "the fencing hook did not answer in time: the lease is waited for"
                           : "the fencing hook could not make sure that the node is dead: its lease is waited for",
             {{"peer", node.value()}, {"status", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)}});
  std::erase_if(runs_, [&run](const auto& one) { return one.get() == &run; });
  if (sure) confirmed_(node, incarnation);
}

}  // namespace holdfast::daemon
