// SPDX-License-Identifier: Apache-2.0
// What the kernel does for a process that stands still, with real processes. Each test waits for
// ends, not for times.
#include "cli/dead_man.hpp"

#include "cli/process.hpp"
#include "cli/time_text.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

[[noreturn]] void stay() {
  while (true) ::pause();
}

pid_t start(const std::function<void()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    body();
    ::_exit(0);
  }
  return pid;
}

int status_of(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status;
}

bool killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }

TEST(SelfDestruct, ends_a_process_that_stands_still_and_not_before_its_time) {
  const Instant at = boottime() + 50ms;
  const pid_t pid = start([&] {
    SelfDestruct fuse;
    if (!fuse.prepare()) ::_exit(1);
    fuse.set(at);
    ::raise(SIGSTOP);
  });
  EXPECT_TRUE(killed(status_of(pid)));
  EXPECT_GE(boottime(), at);
}

TEST(SelfDestruct, can_be_put_off_and_disarmed) {
  const pid_t pid = start([] {
    SelfDestruct fuse;
    if (!fuse.prepare()) ::_exit(1);
    fuse.set(boottime() + 1h);
    fuse.set(boottime() + 20ms);
    fuse.set(Instant::never());
    const Fd timer = open_timer();
    arm(timer, boottime() + 100ms);
    wait_readable({timer.number()}, Instant::never());
  });
  EXPECT_EQ(status_of(pid), 0);
}

TEST(SelfDestruct, is_not_inherited) {
  const pid_t pid = start([] {
    SelfDestruct fuse;
    if (!fuse.prepare()) ::_exit(1);
    const Instant at = boottime() + 20ms;
    fuse.set(at);
    const pid_t child = start([&] {
      const Fd timer = open_timer();
      arm(timer, at + 50ms);
      wait_readable({timer.number()}, Instant::never());
    });
    fuse.set(Instant::never());
    ::_exit(status_of(child));
  });
  EXPECT_EQ(status_of(pid), 0);
}

// A guard that holds the lifeline, and two processes of a group that know nothing of it.
struct Tied {
  pid_t guard = 0;
  pid_t leader = 0;
  pid_t member = 0;
};

Tied start_tied(Tether& tether) {
  Tied all;
  all.guard = start([&] {
    tether.noose.close();
    stay();
  });
  tether.lifeline.close();
  all.leader = start([] { stay(); });
  ::setpgid(all.leader, all.leader);
  all.member = start([] { stay(); });
  ::setpgid(all.member, all.leader);
  return all;
}

TEST(Tether, a_whole_group_ends_with_the_holder_of_the_lifeline_though_all_of_them_stand_still) {
  auto tether = Tether::make();
  ASSERT_TRUE(tether.has_value());
  const Tied all = start_tied(*tether);
  ASSERT_TRUE(tie(tether->noose.number(), all.leader).has_value());
  for (const pid_t pid : {all.guard, all.leader, all.member}) ::kill(pid, SIGSTOP);
  ::kill(all.guard, SIGKILL);
  EXPECT_TRUE(killed(status_of(all.leader)));
  EXPECT_TRUE(killed(status_of(all.member)));
  status_of(all.guard);
}

TEST(Tether, groups_that_descendants_made_are_found_and_end_too) {
  auto tether = Tether::make();
  ASSERT_TRUE(tether.has_value());
  const Tied all = start_tied(*tether);
  StrayGroups strays;
  strays.look(tether->noose, all.guard);
  ::kill(all.guard, SIGKILL);
  EXPECT_TRUE(killed(status_of(all.leader)));
  EXPECT_TRUE(killed(status_of(all.member)));
  status_of(all.guard);
}

}  // namespace
}  // namespace holdfast::cli
