// SPDX-License-Identifier: Apache-2.0
// The client against a real holdfastd: what two programs on one node see of each other, what a dead program
// leaves behind, and what locks are worth when the daemon is killed. Skipped (and counted) without a daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/live_daemon_test.hpp"
#include "holdfast/client.hpp"

namespace holdfast::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class ClientLive : public testing::Test {
 protected:
  void SetUp() override {
    // A short lease, since one test waits for its end.
    if (!daemon_.start({"--lease", "500"})) GTEST_SKIP() << "no holdfastd in this build";
  }
  Client connected(const std::string& label = "test") {
    auto client = Client::connect({.socket = daemon_.socket(), .label = label});
    if (!client) std::fprintf(stderr, "%s\n", client.error().text().c_str());
    return std::move(*client);
  }
  template <class Condition>
  static void poll_until(Client& client, Condition condition) {
    const auto until = BootClock::now() + seconds(10);
    bool met = condition();
    for (; !met && BootClock::now() < until; met = condition()) (void)client.poll(seconds(1));
    EXPECT_TRUE(met);
  }
  LiveDaemon daemon_;
};

TEST_F(ClientLive, two_programs_exclude_each_other) {
  Client one = connected();
  Client two = connected();
  EXPECT_NE(one.owner(), two.owner());
  auto lock = one.lock("r", Mode::EX);
  ASSERT_TRUE(lock.has_value()) << lock.error().text();
  EXPECT_TRUE(lock->held());
  const auto refused = two.lock("r", Mode::PR, {.when_blocked = WhenBlocked::fail});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::blocked);
  ASSERT_FALSE(refused.error().blockers.empty()) << refused.error().text();
  EXPECT_EQ(refused.error().blockers[0].owner, one.owner());
  EXPECT_THAT(refused.error().text(), HasSubstr("node 1 holds EX"));
  EXPECT_EQ(two.lock("r", Mode::PR, {.wait_max = milliseconds(20)}).error().code, Errc::timed_out);
  const Token first = lock->token();
  EXPECT_TRUE(lock->release().has_value());
  const auto next = two.lock("r", Mode::EX, {.when_blocked = WhenBlocked::fail});
  ASSERT_TRUE(next.has_value()) << "an answered release leaves nothing behind";
  EXPECT_GT(next->token(), first);
}

TEST_F(ClientLive, a_notice_asks_for_the_lock) {
  Client one = connected();
  Client two = connected();
  Lock held;
  (void)one.lock_async("r", Mode::EX,
                       {.on_notice = [&](Mode wanted) {
                         EXPECT_EQ(wanted, Mode::PR);
                         EXPECT_TRUE(held.convert(Mode::PR).has_value());
                       }},
                       [&](Result<Lock, Refusal> lock) { held = std::move(*lock); });
  poll_until(one, [&] { return held.held(); });
  Lock second;
  (void)two.lock_async("r", Mode::PR, {}, [&](Result<Lock, Refusal> lock) { second = std::move(*lock); });
  poll_until(one, [&] { return held.mode() == Mode::PR; });
  poll_until(two, [&] { return second.held(); });
  EXPECT_TRUE(held.held());
}

TEST_F(ClientLive, values_are_handed_on) {
  Client client = connected();
  auto keeper = client.lock("v", Mode::NL);
  auto writer = client.lock("v", Mode::EX, {.read_value = ReadValue::read});
  ASSERT_TRUE(writer.has_value()) << writer.error().text();
  EXPECT_EQ(writer->value_state(), ValueState::never_written);
  EXPECT_TRUE(writer->convert(Mode::NL, {.write_value = "first"}).has_value());
  auto reader = client.lock("v", Mode::PR, {.read_value = ReadValue::read});
  EXPECT_EQ(reader->value(), "first");
  EXPECT_EQ(reader->value_state(), ValueState::valid);
  EXPECT_TRUE(reader->release().has_value());
  const auto back = writer->convert(Mode::EX, {.read_value = ReadValue::read});
  EXPECT_EQ(back->value, "first");
  EXPECT_EQ(writer->convert(Mode::NL, {.write_value = std::string(65, 'x')}).error().code, Errc::value_too_long);
  EXPECT_EQ(writer->mode(), Mode::EX) << "a refused conversion changes nothing";
  EXPECT_TRUE(writer->release({.flags = {Flag::ivvalblk}}).has_value());
  EXPECT_EQ(client.lock("v", Mode::PR, {.read_value = ReadValue::read})->value_state(), ValueState::doubtful);
}

TEST_F(ClientLive, a_dead_program_leaves_nothing) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto client = Client::connect({.socket = daemon_.socket()});
    auto lock = client->lock("r", Mode::EX);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  Client client = connected();
  const auto lock = client.lock("r", Mode::EX, {.wait_max = seconds(10)});
  EXPECT_TRUE(lock.has_value());
}

TEST_F(ClientLive, persistent_locks_are_adopted) {
  {
    Client client = connected();
    auto lock = client.lock("r", Mode::PW, {.flags = {Flag::persistent}});
    ASSERT_TRUE(lock.has_value()) << lock.error().text();
    lock->detach();
  }
  Client client = connected();
  // The daemon reads the hang-up of the first session when it comes to it: until then there is no orphan.
  Result<Lock, Refusal> adopted = client.adopt("r", Mode::PW);
  for (const auto until = BootClock::now() + seconds(10); !adopted && BootClock::now() < until;)
    adopted = client.adopt("r", Mode::PW);
  EXPECT_TRUE(adopted.has_value());
  EXPECT_EQ(client.adopt("r", Mode::PW).error().code, Errc::no_orphan);
}

TEST_F(ClientLive, queries_show_who_and_status_where) {
  Client client = connected("the label");
  auto lock = client.lock("orders/17", Mode::EX);
  const auto page = client.query_all({.name = "orders/*"});
  ASSERT_TRUE(page.has_value()) << page.error().text();
  ASSERT_EQ(page->resources.size(), 1U);
  EXPECT_EQ(page->resources[0].name, "orders/17");
  EXPECT_EQ(page->resources[0].lockspace, "default");
  ASSERT_EQ(page->resources[0].locks.size(), 1U);
  const LockInfo& info = page->resources[0].locks[0];
  EXPECT_EQ(info.id, lock->id());
  EXPECT_EQ(info.granted, Mode::EX);
  EXPECT_EQ(info.token, lock->token());
  EXPECT_EQ(info.owner.pid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(info.owner.label, "the label");
  const auto status = client.status();
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->node, client.node());
  EXPECT_EQ(status->phase, NodePhase::open);
  EXPECT_EQ(status->sessions, 1U);
  EXPECT_EQ(status->view.members.size(), 1U);
  EXPECT_TRUE(client.sync().has_value());
}

TEST_F(ClientLive, lockspaces_are_apart) {
  Client client = connected();
  const auto space = client.open_lockspace("db");
  ASSERT_TRUE(space.has_value()) << space.error().text();
  const auto here = client.lock("r", Mode::EX);
  const auto there = client.lock("r", Mode::EX, {.when_blocked = WhenBlocked::fail, .lockspace = *space});
  EXPECT_TRUE(there.has_value());
  EXPECT_EQ(client.lock("r", Mode::EX, {.lockspace = {.handle = 99}}).error().code, Errc::no_such_lockspace);
}

TEST_F(ClientLive, waiting_can_be_cancelled) {
  Client one = connected();
  Client two = connected();
  auto lock = one.lock("r", Mode::EX);
  const RequestId request = two.lock_async("r", Mode::EX).value();
  std::optional<Event> event;
  poll_until(two, [&] { return (event = two.next_event()).has_value(); });
  EXPECT_TRUE(std::holds_alternative<event::Waiting>(*event));
  EXPECT_TRUE(two.cancel(request).has_value());
  poll_until(two, [&] { return (event = two.next_event()).has_value(); });
  ASSERT_TRUE(std::holds_alternative<event::Refused>(*event));
  EXPECT_EQ(std::get<event::Refused>(*event).why.code, Errc::cancelled);
}

TEST_F(ClientLive, a_killed_daemon_leaves_locks_until_the_deadline) {
  Client client = connected();
  auto lock = client.lock("r", Mode::EX);
  daemon_.process().signal(SIGKILL);
  EXPECT_EQ(daemon_.process().wait(), 128 + SIGKILL);
  EXPECT_EQ(client.sync().error().code, Errc::disconnected);
  EXPECT_TRUE(lock->held());
  EXPECT_GT(client.valid_until(), BootClock::now());
  // What is waited for here is the lease itself.
  const auto left = std::chrono::ceil<milliseconds>(client.valid_until() - BootClock::now());
  (void)::poll(nullptr, 0, static_cast<int>(left.count()) + 1);
  EXPECT_FALSE(lock->held());
}

}  // namespace
}  // namespace holdfast::client
