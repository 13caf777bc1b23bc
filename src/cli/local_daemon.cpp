// SPDX-License-Identifier: Apache-2.0
#include "cli/local_daemon.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace holdfast::cli {
namespace {

// What has no flag goes through a configuration file.
Result<std::string> write_config(const DaemonOptions& options) {
  const std::string path = options.dir + "/holdfast.toml";
  std::string text = "# Written by `holdfast up` at each start.\n";
  if (!options.mastering.empty())
    text += fmt::format("[[lockspace]]\nname = \"*\"\nmastering = \"{}\"\n", options.mastering);
  if (options.fence_hook_timeout_ms != 0)
    text += fmt::format("[membership]\nfence_hook_timeout_ms = {}\n", options.fence_hook_timeout_ms);
  if (const auto written = replace_file(path, text); !written) return written.error();
  return path;
}

std::vector<std::string> words_of(const DaemonOptions& options, const std::string& config,
                                  int ready_fd) {
  std::vector<std::string> words{options.program,
                                 "--config",
                                 config,
                                 "--node",
                                 fmt::format("{}", options.node),
                                 "--socket",
                                 options.dir + "/holdfast.sock",
                                 "--peer-listen",
                                 "127.0.0.1:0",
                                 "--state-dir",
                                 options.dir + "/state",
                                 "--membership",
                                 "manual",
                                 "--ready-fd",
                                 fmt::format("{}", ready_fd)};
  if (options.lease_ms != 0) {
    words.emplace_back("--lease");
    words.push_back(fmt::format("{}", options.lease_ms));
  }
  if (options.moves_per_second) {
    words.emplace_back("--moves-per-second");
    words.push_back(fmt::format("{}", *options.moves_per_second));
  }
  if (!options.fence_hook.empty()) {
    words.emplace_back("--fence-hook");
    words.push_back(options.fence_hook);
  }
  return words;
}

// In the child. Only calls that are safe beside the supervisor's threads.
[[noreturn]] void become_daemon(char* const* words, const char* log, int ready_fd) {
  ::setsid();
  const int null = ::open("/dev/null", O_RDONLY);
  const int out = ::open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(null, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::close(null);
  ::close(out);
  ::fcntl(ready_fd, F_SETFD, 0);
  ::signal(SIGPIPE, SIG_DFL);
  reset_signals();
  ::execv(words[0], words);
  ::_exit(127);
}

std::string end_of(const std::string& log) {
  const std::string text = read_file(log).value_or("");
  constexpr std::size_t length = 1000;
  return text.size() <= length ? text : "..." + text.substr(text.size() - length);
}

}  // namespace

Result<LocalDaemon> LocalDaemon::start(const DaemonOptions& options) {
  HF_TRY(const std::string config, write_config(options));
  std::array<int, 2> ends{};
  HF_ASSERT(::pipe2(ends.data(), O_CLOEXEC) == 0);
  LocalDaemon daemon;
  daemon.ready_ = Fd(ends[0]);
  const Fd writing(ends[1]);
  daemon.log_ = options.dir + "/holdfastd.log";
  std::vector<std::string> words = words_of(options, config, writing.number());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) become_daemon(pointers.data(), daemon.log_.c_str(), writing.number());
  if (pid < 0) return last_error(Errc::cannot_start, options.program);
  const auto facts = read_process(pid);
  daemon.process_ = {.pid = pid, .start_ticks = facts ? facts->start_ticks : 0};
  daemon.pidfd_ = open_child_pidfd(pid);
  return daemon;
}

Result<LocalDaemon> LocalDaemon::adopt(const ProcessName& process) {
  LocalDaemon daemon;
  daemon.process_ = process;
  daemon.pidfd_ = open_pidfd(process);
  if (!daemon.pidfd_)
    return Error{Errc::no_such_node, fmt::format("process {} does not run", process.pid)};
  return daemon;
}

Result<DaemonReady> LocalDaemon::wait_ready(Instant deadline) {
  std::string line;
  while (!line.ends_with('\n') && wait_readable({ready_.number()}, deadline)) {
    std::array<char, 1024> part{};
    const ssize_t length = ::read(ready_.number(), part.data(), part.size());
    if (length <= 0) break;
    line.append(part.data(), static_cast<std::size_t>(length));
  }
  ready_.close();
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object())
    return Error{Errc::cannot_start,
                 fmt::format("holdfastd did not become ready; {}:\n{}", log_, end_of(log_))};
  return DaemonReady{.incarnation = Incarnation{json.value("incarnation", std::uint64_t{0})},
                     .peer_address = json.value("peer_address", std::string())};
}

std::string LocalDaemon::reap() const {
  int status = 0;
  if (::waitpid(process_.pid, &status, 0) != process_.pid) return "has ended";
  if (WIFSIGNALED(status)) return fmt::format("was killed by signal {}", WTERMSIG(status));
  // Only one that was told to end does so.
  if (WEXITSTATUS(status) == 0) return "has left";
  return fmt::format("ended with exit code {}", WEXITSTATUS(status));
}

}  // namespace holdfast::cli
