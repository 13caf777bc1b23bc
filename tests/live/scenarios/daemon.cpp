// SPDX-License-Identifier: Apache-2.0
#include "daemon.hpp"

#include "sim/scenario/words.hpp"

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace holdfast::live {
namespace {

constexpr int patience_ms = 30'000;

std::string config_text(const sim::ClusterSettings& settings) {
  const node::LockspacePolicy& policy = settings.node.default_policy;
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(settings.node.idle_keep).count();
  constexpr std::string_view masterings[] = {"first", "home", "pinned"};
  std::string text = "[deadlock]\nsearch = \"on\"\n\n[limits]\nidle_keep_ms = " + std::to_string(ms) + "\n\n[migration]\nuses = " +
                     std::to_string(settings.node.migration.uses) +
                     "\n\n[[lockspace]]\nname = \"*\"\nmastering = \"" +
                     std::string(masterings[static_cast<std::size_t>(policy.mastering)]) +
                     "\"\nvalue_bytes_max = " + std::to_string(policy.value_bytes_max) + "\n";
  if (policy.wait_max >= Duration{0})
    text += "wait_max_ms = " +
            std::to_string(
                std::chrono::duration_cast<std::chrono::milliseconds>(policy.wait_max).count()) +
            "\n";
  if (policy.pinned.empty()) return text;
  text += "pinned = [";
  for (const node::PinnedNode& pin : policy.pinned)
    text += "{node = " + std::to_string(pin.node.value()) +
            ", weight = " + std::to_string(pin.weight) + "},";
  return text + "]\n";
}

// The text or number behind "name": in a line of JSON.
std::string json_field(const std::string& line, const std::string& name) {
  std::size_t from = line.find("\"" + name + "\":");
  if (from == std::string::npos) return {};
  from += name.size() + 3;
  if (line[from] == '"') ++from;
  return line.substr(from, line.find_first_of("\",}", from) - from);
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(const std::string& bin, const std::string& home,
                                              NodeId node, const sim::ClusterSettings& settings) {
  std::unique_ptr<Daemon> fresh(new Daemon(node, home));
  std::filesystem::create_directories(home);
  std::ofstream(home + "/holdfastd.toml") << config_text(settings);
  if (auto done = fresh->spawn(bin, settings); !done) return done.error();
  return fresh;
}

Result<void> Daemon::spawn(const std::string& bin, const sim::ClusterSettings& settings) {
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) return Error{Errc::cannot_start, "no pipe"};
  const auto lease =
      std::chrono::duration_cast<std::chrono::milliseconds>(settings.node.lease).count();
  std::vector<std::string> words{bin + "/holdfastd",
                                 "--config",
                                 home_ + "/holdfastd.toml",
                                 "--node",
                                 std::to_string(node_.value()),
                                 "--socket",
                                 socket(),
                                 "--state-dir",
                                 home_ + "/state",
                                 "--membership",
                                 "manual",
                                 "--peer-listen",
                                 "127.0.0.1:0",
                                 "--lease",
                                 std::to_string(lease),
                                 "--log-level",
                                 "debug",
                                 "--ready-fd",
                                 std::to_string(ready[1])};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    const int log =
        ::open((home_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(log, 1);
    ::dup2(log, 2);
    ::fcntl(ready[1], F_SETFD, 0);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ready[1]);
  if (pid_ > 0) pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  auto done = read_ready(ready[0]);
  ::close(ready[0]);
  return done;
}

Result<void> Daemon::read_ready(int fd) {
  pollfd line{.fd = fd, .events = POLLIN, .revents = 0};
  std::array<char, 1024> text{};
  ssize_t count = 0;
  if (::poll(&line, 1, patience_ms) == 1) count = ::read(fd, text.data(), text.size());
  if (count <= 0)
    return Error{Errc::cannot_start, "holdfastd does not get ready; see " + home_ + "/log"};
  const std::string said(text.data(), static_cast<std::size_t>(count));
  address_ = json_field(said, "peer_address");
  incarnation_ = Incarnation{sim::parse_number(json_field(said, "incarnation")).value_or(0)};
  if (!incarnation_ || address_.empty())
    return Error{Errc::cannot_start, "holdfastd says: " + said};
  return {};
}

void Daemon::ask_to_end() {
  ::syscall(SYS_pidfd_send_signal, pidfd_, SIGTERM, nullptr, 0);
}

bool Daemon::has_ended() {
  pollfd end{.fd = pidfd_, .events = POLLIN, .revents = 0};
  if (pid_ > 0 && ::poll(&end, 1, 0) == 1) kill();
  return !up();
}

void Daemon::kill() {
  if (pid_ <= 0) return;
  ::syscall(SYS_pidfd_send_signal, pidfd_, SIGKILL, nullptr, 0);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ::close(pidfd_);
  pid_ = pidfd_ = -1;
}

}  // namespace holdfast::live
