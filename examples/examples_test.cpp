// SPDX-License-Identifier: Apache-2.0
// The examples as programs, against a real daemon of their own. Skipped (and counted as such) where the
// daemon is not part of the build.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "client/live_daemon_test.hpp"
#include "holdfast/client.hpp"

namespace holdfast {
namespace {

using client::Child;
using client::program;
using testing::HasSubstr;

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
  void SetUp() override { ::setenv("HOLDFAST_SOCKET", daemon_.socket().c_str(), 1); }
  client::LiveDaemon daemon_;
};

constexpr const char* no_daemon = "no holdfastd in this build";

TEST_F(Examples, say_how_they_are_used) {
  EXPECT_EQ(run({program("example_counter")}).code, 2);
  EXPECT_EQ(run({program("example_events")}).code, 2);
}

TEST_F(Examples, say_what_is_missing) {
  const Output output = run({program("example_counter"), "visits"});
  EXPECT_EQ(output.code, 1);
  EXPECT_THAT(output.text, HasSubstr("cannot connect to the daemon at " + daemon_.socket() + ": No such file or directory"));
  EXPECT_THAT(output.text, HasSubstr("HOLDFAST_SOCKET"));
}

TEST_F(Examples, counter_counts_every_number_once) {
  if (!daemon_.start()) GTEST_SKIP() << no_daemon;
  // Somebody keeps the resource (and with it the value) known while the counters come and go.
  auto client = Client::connect({.socket = daemon_.socket()});
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
  if (!daemon_.start()) GTEST_SKIP() << no_daemon;
  Child a({program("example_events"), "leader", "3"});
  Child b({program("example_events"), "leader", "3"});
  const std::string text = a.read() + b.read();
  EXPECT_EQ(a.wait(), 0) << text;
  EXPECT_EQ(b.wait(), 0) << text;
  EXPECT_THAT(text, HasSubstr("leads with token 0"));
  EXPECT_THAT(text, HasSubstr("hands over"));
}

TEST_F(Examples, the_page_of_the_manual_runs) {
  if (!daemon_.start()) GTEST_SKIP() << no_daemon;
  const Output output = run({program("example_page")});
  EXPECT_EQ(output.code, 0) << output.text;
  EXPECT_THAT(output.text, HasSubstr("token "));
}

}  // namespace
}  // namespace holdfast
