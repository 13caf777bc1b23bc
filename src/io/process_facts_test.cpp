// SPDX-License-Identifier: Apache-2.0
#include "io/process_facts.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace holdfast::io {
namespace {

TEST(ProcessFacts, the_kernel_says_who_is_at_the_other_end) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  const auto process = peer_process(ours.get());
  ASSERT_TRUE(process) << process.error().text();
  const Owner& owner = process->owner;
  EXPECT_EQ(owner.pid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(owner.uid, ::getuid());
  EXPECT_EQ(owner.user, user_name(::getuid()));
  EXPECT_GT(owner.start_ticks, 0U);
  EXPECT_EQ(owner.start_ticks, start_ticks_of(owner.pid));
  EXPECT_NE(owner.command.find("io_test"), std::string::npos);
  EXPECT_TRUE(process->pidfd);
}

TEST(ProcessFacts, unknown_processes_and_users_are_no_trouble) {
  EXPECT_EQ(start_ticks_of(0), 0U);
  EXPECT_EQ(command_of(0), "");
  EXPECT_EQ(user_name(4'000'000'000U), "4000000000");
}

}  // namespace
}  // namespace holdfast::io
