// SPDX-License-Identifier: Apache-2.0
// A holdfastd that a test started, in a directory of its own, ended at the end of the test by its pidfd.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace holdfast::test {

inline constexpr int patience_ms = 20'000;

class TemporaryDir {
 public:
  TemporaryDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "holdfastd-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDir() { std::filesystem::remove_all(path_); }
  TemporaryDir(const TemporaryDir&) = delete;
  TemporaryDir& operator=(const TemporaryDir&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class DaemonProcess {
 public:
  // Starts with --socket, --state-dir and --ready-fd below `home`, and these flags; output goes to home/log.
  DaemonProcess(std::string home, std::vector<std::string> flags) : home_(std::move(home)) {
    std::filesystem::create_directories(home_);
    int ready[2];
    EXPECT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    const char* bin = std::getenv("HOLDFAST_BIN");
    std::vector<std::string> words{std::string(bin == nullptr ? "build/release/bin" : bin) + "/holdfastd",
                                   "--socket", socket(), "--state-dir", home_ + "/state", "--ready-fd",
                                   std::to_string(ready[1])};
    words.insert(words.end(), flags.begin(), flags.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      const int log = ::open((home_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
      ::dup2(log, 1);
      ::dup2(log, 2);
      ::fcntl(ready[1], F_SETFD, 0);
      ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
    ::close(ready[1]);
    pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    read_ready(ready[0]);
    ::close(ready[0]);
  }
  ~DaemonProcess() {
    kill(SIGKILL);
    ::close(pidfd_);
  }
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  [[nodiscard]] std::string socket() const { return home_ + "/s"; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // Empty if it ended before it served.
  [[nodiscard]] const std::string& ready() const { return ready_; }
  // The text or number behind "name": in the ready line.
  [[nodiscard]] std::string ready(const std::string& name) const {
    std::size_t from = ready_.find("\"" + name + "\":");
    EXPECT_NE(from, std::string::npos) << name << " in " << ready_ << log();
    if (from == std::string::npos) return {};
    from += name.size() + 3;
    if (ready_[from] == '"') ++from;
    return ready_.substr(from, ready_.find_first_of("\",}", from) - from);
  }
  [[nodiscard]] std::string log() const {
    std::ifstream file(home_ + "/log");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // The exit code, or 128 + the signal.
  int kill(int signal) {
    if (pid_ > 0 && !ended_) ::syscall(SYS_pidfd_send_signal, pidfd_, signal, nullptr, 0);
    return wait();
  }
  int wait() {
    if (ended_) return code_;
    pollfd end{.fd = pidfd_, .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&end, 1, patience_ms), 1) << "holdfastd does not end:\n" << log();
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return -1;
    ended_ = true;
    return code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  void read_ready(int fd) {
    pollfd line{.fd = fd, .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&line, 1, patience_ms), 1) << "holdfastd does not get ready:\n" << log();
    std::array<char, 1024> text{};
    const ssize_t count = ::read(fd, text.data(), text.size());
    if (count > 0) ready_.assign(text.data(), static_cast<std::size_t>(count));
  }

  std::string home_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::string ready_;
  bool ended_ = false;
  int code_ = -1;
};

}  // namespace holdfast::test
