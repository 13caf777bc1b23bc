// SPDX-License-Identifier: Apache-2.0
// Programs as children of a test: Child reads what one writes, LiveDaemon is a holdfastd with a socket and a
// directory of its own. Both end what they started, by its own process id.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

extern char** environ;

namespace holdfast::client {

inline std::string program(const std::string& name) {
  const char* bin = std::getenv("HOLDFAST_BIN");
  return std::string(bin == nullptr ? "." : bin) + "/" + name;
}

// A child process whose standard output and error (or, for a daemon, another descriptor) we read.
class Child {
 public:
  Child(const std::vector<std::string>& words, int our_number = -1) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    if (our_number >= 0) {
      ::posix_spawn_file_actions_adddup2(&actions, ends[1], our_number);
    } else {
      ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
      ::posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    }
    ::posix_spawn_file_actions_addclose(&actions, ends[0]);
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    EXPECT_EQ(::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0) << words[0];
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    from_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGTERM);
      (void)wait();
    }
    ::close(from_);
  }
  // What it writes until it ends, or, with `until`, until that was written.
  std::string read(const std::string& until = "") {
    std::string text;
    char chunk[4096];
    pollfd entry{.fd = from_, .events = POLLIN, .revents = 0};
    while (until.empty() || text.find(until) == std::string::npos) {
      if (::poll(&entry, 1, 30'000) <= 0) {
        ADD_FAILURE() << "nothing more came behind: " << text;
        break;
      }
      const ssize_t count = ::read(from_, chunk, sizeof chunk);
      if (count <= 0) break;
      text.append(chunk, static_cast<std::size_t>(count));
    }
    return text;
  }
  void signal(int number) { EXPECT_EQ(::kill(pid_, number), 0); }
  int wait() {
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int from_ = -1;
};

class LiveDaemon {
 public:
  LiveDaemon() {
    char name[] = "/tmp/holdfast-live-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  LiveDaemon(const LiveDaemon&) = delete;
  LiveDaemon& operator=(const LiveDaemon&) = delete;
  ~LiveDaemon() {
    child_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  // False where holdfastd is not part of the build; one that does not come up fails the test.
  [[nodiscard]] bool start(const std::vector<std::string>& more = {}) {
    if (!std::filesystem::exists(program("holdfastd"))) return false;
    // The number is arbitrary: the child gets its end of the pipe there.
    std::vector<std::string> words{program("holdfastd"), "--socket",   socket(), "--state-dir", directory_ + "/state",
                                   "--log-level",        "error",      "--ready-fd", "9"};
    words.insert(words.end(), more.begin(), more.end());
    child_ = std::make_unique<Child>(words, 9);
    EXPECT_NE(child_->read("\n").find("socket"), std::string::npos) << "holdfastd did not come up";
    return true;
  }
  [[nodiscard]] std::string socket() const { return directory_ + "/holdfast.sock"; }
  [[nodiscard]] Child& process() { return *child_; }

 private:
  std::string directory_;
  std::unique_ptr<Child> child_;
};

}  // namespace holdfast::client
