// SPDX-License-Identifier: Apache-2.0
// The examples as programs, against a real daemon of their own. Skipped (and counted as such) where the
// daemon is not part of the build.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "holdfast/client.hpp"

extern char** environ;

namespace holdfast {
namespace {

using testing::HasSubstr;

std::string program(const std::string& name) {
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

struct Output {
  std::string text;
  int code = 0;
};
Output run(const std::vector<std::string>& words) {
  Child child(words);
  Output output;
  output.text = child.read();
  output.code = child.wait();
  return output;
}

class Examples : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/holdfast-examples-XXXXXX";
    directory_ = ::mkdtemp(name);
    socket_ = directory_ + "/holdfast.sock";
    ::setenv("HOLDFAST_SOCKET", socket_.c_str(), 1);
  }
  void TearDown() override {
    daemon_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  [[nodiscard]] bool start_daemon() {
    if (!std::filesystem::exists(program("holdfastd"))) return false;
    daemon_ = std::make_unique<Child>(
        std::vector<std::string>{program("holdfastd"), "--socket", socket_, "--state-dir", directory_ + "/state",
                                 "--ready-fd", "9"},
        9);
    return daemon_->read("\n").find("socket") != std::string::npos;
  }

  std::string directory_;
  std::string socket_;
  std::unique_ptr<Child> daemon_;
};

constexpr const char* no_daemon = "no holdfastd in this build";

TEST_F(Examples, say_how_they_are_used) {
  EXPECT_EQ(run({program("example_counter")}).code, 2);
  EXPECT_EQ(run({program("example_events")}).code, 2);
}

TEST_F(Examples, say_what_is_missing) {
  const Output output = run({program("example_counter"), "visits"});
  EXPECT_EQ(output.code, 1);
  EXPECT_THAT(output.text, HasSubstr("cannot connect to the daemon at " + socket_ + ": No such file or directory"));
  EXPECT_THAT(output.text, HasSubstr("HOLDFAST_SOCKET"));
}

TEST_F(Examples, counter_counts_every_number_once) {
  if (!start_daemon()) GTEST_SKIP() << no_daemon;
  // Somebody keeps the resource (and with it the value) known while the counters come and go.
  auto client = Client::connect({.socket = socket_});
  ASSERT_TRUE(client.has_value()) << client.error().text();
  auto keeper = client->lock("visits", Mode::NL);
  ASSERT_TRUE(keeper.has_value()) << keeper.error().text();
  Child a({program("example_counter"), "visits", "50"});
  Child b({program("example_counter"), "visits", "50"});
  std::istringstream numbers(a.read() + b.read());
  EXPECT_EQ(a.wait(), 0);
  EXPECT_EQ(b.wait(), 0);
  std::multiset<std::string> seen{std::istream_iterator<std::string>(numbers), {}};
  EXPECT_EQ(seen.size(), 100U);
  for (int i = 1; i <= 100; ++i) EXPECT_EQ(seen.count(std::to_string(i)), 1U) << i;
}

TEST_F(Examples, events_hands_over) {
  if (!start_daemon()) GTEST_SKIP() << no_daemon;
  Child a({program("example_events"), "leader", "3"});
  Child b({program("example_events"), "leader", "3"});
  const std::string text = a.read() + b.read();
  EXPECT_EQ(a.wait(), 0) << text;
  EXPECT_EQ(b.wait(), 0) << text;
  EXPECT_THAT(text, HasSubstr("leads with token 0"));
  EXPECT_THAT(text, HasSubstr("hands over"));
}

TEST_F(Examples, the_page_of_the_manual_runs) {
  if (!start_daemon()) GTEST_SKIP() << no_daemon;
  const Output output = run({program("example_page")});
  EXPECT_EQ(output.code, 0) << output.text;
  EXPECT_THAT(output.text, HasSubstr("token "));
}

}  // namespace
}  // namespace holdfast
