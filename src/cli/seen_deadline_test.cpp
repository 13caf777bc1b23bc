// SPDX-License-Identifier: Apache-2.0
#include "cli/seen_deadline.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

TEST(SeenDeadline, what_was_seen_counts_when_it_is_taken_back) {
  auto seen = SeenDeadline::make();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->see(Instant(5s)), Instant(5s));
  EXPECT_EQ(seen->see(Instant(7s)), Instant(7s));
  EXPECT_EQ(seen->see(Instant{}), Instant(7s));
}

TEST(SeenDeadline, what_a_child_has_seen_its_parent_remembers) {
  auto seen = SeenDeadline::make();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->see(Instant(5s)), Instant(5s));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(seen->see(Instant(9s)) == Instant(9s) ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(seen->see(Instant{}), Instant(9s));
}

}  // namespace
}  // namespace holdfast::cli
