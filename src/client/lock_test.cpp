// SPDX-License-Identifier: Apache-2.0
// Blocking calls on locks: what is sent, what comes back, and what a Lock object does by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/fake_daemon_test.hpp"
#include "holdfast/client.hpp"

namespace holdfast::client {
namespace {

using namespace std::chrono_literals;

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

Client connected(const FakeDaemon& daemon) {
  auto client = Client::connect({.socket = daemon.path()});
  EXPECT_TRUE(client.has_value());
  return std::move(*client);
}

TEST(Lock, a_request_that_does_not_say_how_long_it_waits_takes_what_the_session_says) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    EXPECT_EQ(peer.grant(lock_a).wait_max, 2s);
    EXPECT_EQ(peer.unlock().lock, lock_a);
    EXPECT_EQ(peer.grant(lock_a).wait_max, wire::wait_for_ever);
    EXPECT_EQ(peer.unlock().lock, lock_a);
    EXPECT_EQ(peer.grant(lock_a).wait_max, 5ms);
    EXPECT_EQ(peer.unlock().lock, lock_a);
  });
  auto client = Client::connect({.socket = daemon.path(), .wait_max = 2s});
  ASSERT_TRUE(client.has_value());
  EXPECT_TRUE(client->lock("orders/17", Mode::EX).has_value());
  EXPECT_TRUE(client->lock("orders/17", Mode::EX, {.wait_max = for_ever}).has_value());
  EXPECT_TRUE(client->lock("orders/17", Mode::EX, {.wait_max = 5ms}).has_value());
}

TEST(Lock, is_unlocked_with_an_answer_when_it_goes) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    const auto asked = peer.grant(lock_a);
    EXPECT_EQ(asked.resource, "orders/17");
    EXPECT_EQ(asked.mode, Mode::EX);
    EXPECT_EQ(asked.wait_max, wire::wait_by_default);
    EXPECT_EQ(asked.notices, wire::Notices::unwanted);
    EXPECT_TRUE(asked.flags.empty());
    EXPECT_EQ(peer.unlock().lock, lock_a);
    EXPECT_TRUE(peer.hung_up());
  });
  Client client = connected(daemon);
  {
    auto lock = client.lock("orders/17", Mode::EX);
    ASSERT_TRUE(lock.has_value());
    EXPECT_TRUE(static_cast<bool>(*lock));
    EXPECT_EQ(lock->id(), lock_a);
    EXPECT_EQ(lock->mode(), Mode::EX);
    EXPECT_EQ(to_text(lock->token()), "00000000000000010000000000000005");
    EXPECT_TRUE(lock->held());
  }
}

TEST(Lock, options_become_flags) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    const auto asked = peer.next<wire::Lock>();
    EXPECT_EQ(asked.flags, (FlagSet{Flag::noqueue, Flag::valblk, Flag::headque}));
    EXPECT_EQ(asked.wait_max, milliseconds(250));
    EXPECT_EQ(asked.notices, wire::Notices::wanted);
    EXPECT_EQ(asked.lockspace, wire::LockspaceHandle{3});
    auto granted = Peer::granted(asked.request, lock_a, Mode::PW);
    granted.notes.set(wire::GrantNote::value);
    granted.value_state = ValueState::valid;
    granted.value = "hello";
    peer.say(granted);
    const auto converted = peer.next<wire::Convert>();
    EXPECT_EQ(converted.mode, Mode::NL);
    EXPECT_EQ(converted.value, "bye");
    EXPECT_EQ(converted.flags, (FlagSet{Flag::valblk}));
    EXPECT_EQ(converted.reply, wire::Reply::at_once);
    peer.say(Peer::granted(converted.request, lock_a, Mode::NL));
    const auto unlocked = peer.next<wire::Unlock>();
    EXPECT_EQ(unlocked.flags, (FlagSet{Flag::ivvalblk}));
    peer.say(wire::Done{.request = unlocked.request});
  });
  Client client = connected(daemon);
  auto lock = client.lock("r", Mode::PW,
                          {.when_blocked = WhenBlocked::fail,
                           .wait_max = milliseconds(250),
                           .lockspace = {.handle = 3},
                           .read_value = ReadValue::read,
                           .flags = {Flag::headque},
                           .on_notice = [](Mode) {}});
  ASSERT_TRUE(lock.has_value());
  EXPECT_EQ(lock->value(), "hello");
  EXPECT_EQ(lock->value_state(), ValueState::valid);
  EXPECT_TRUE(lock->convert(Mode::NL, {.write_value = "bye", .applied = Applied::at_once}).has_value());
  EXPECT_EQ(lock->mode(), Mode::NL);
  EXPECT_TRUE(lock->release({.flags = {Flag::ivvalblk}}).has_value());
  EXPECT_FALSE(static_cast<bool>(*lock));
  EXPECT_FALSE(lock->held());
  EXPECT_EQ(lock->release().error().text(), "no_such_lock: this Lock holds nothing");
}

TEST(Lock, a_refusal_names_who_stands_in_the_way) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.say(wire::Refused{.request = peer.next<wire::Lock>().request,
                           .status = Errc::blocked,
                           .blockers = {{.node = NodeId{2}, .claim = lock_b, .mode = Mode::EX},
                                        {.node = NodeId{3}, .mode = Mode::PR, .ahead = 1}}});
    peer.say(wire::Refused{
        .request = peer.next<wire::Lock>().request, .status = Errc::no_such_lockspace, .detail = "no lockspace 9"});
  });
  Client client = connected(daemon);
  const auto lock = client.lock("r", Mode::EX, {.when_blocked = WhenBlocked::fail});
  ASSERT_FALSE(lock.has_value());
  EXPECT_EQ(lock.error().text(),
            "blocked: somebody else holds or waits for it: node 2 holds EX, node 3 waits ahead for PR");
  ASSERT_EQ(lock.error().blockers.size(), 2U);
  EXPECT_EQ(lock.error().blockers[0].lock, lock_b);
  EXPECT_TRUE(lock.error().blockers[1].ahead);
  EXPECT_EQ(client.lock("r", Mode::EX, {.lockspace = {.handle = 9}}).error().text(),
            "no_such_lockspace: no lockspace 9");
}

TEST(Lock, what_makes_no_sense_is_refused_here) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    EXPECT_TRUE(peer.hung_up());
  });
  Client client = connected(daemon);
  EXPECT_EQ(client.lock(std::string(256, 'x'), Mode::EX).error().text(),
            "name_too_long: the name has 256 bytes, at most 255 are allowed");
  EXPECT_EQ(client.lock("r", static_cast<Mode>(77)).error().code, Errc::bad_mode);
  EXPECT_EQ(client.open_lockspace(std::string(65, 'x')).error().code, Errc::name_too_long);
}

TEST(Lock, tells_while_it_waits_whom_it_waits_for) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    const auto asked = peer.next<wire::Lock>();
    peer.say(wire::Waiting{
        .request = asked.request, .lock = lock_a, .blockers = {{.node = NodeId{2}, .mode = Mode::EX}}});
    // The grant comes only after the program has heard of it and asked for something else meanwhile.
    peer.say(wire::Done{.request = peer.next<wire::Sync>().request});
    peer.say(Peer::granted(asked.request, lock_a));
    peer.unlock();
  });
  Client client = connected(daemon);
  std::vector<Blocker> told;
  const auto lock = client.lock("r", Mode::EX, {.on_waiting = [&](const std::vector<Blocker>& blockers) {
                                  told = blockers;
                                  EXPECT_TRUE(client.sync().has_value());
                                }});
  EXPECT_TRUE(lock.has_value());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].node, NodeId{2});
}

TEST(Lock, a_refused_conversion_keeps_the_mode) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.grant(lock_a, Mode::PR);
    peer.say(wire::Refused{
        .request = peer.next<wire::Convert>().request, .lock = lock_a, .status = Errc::deadlock});
    peer.unlock();
  });
  Client client = connected(daemon);
  auto lock = client.lock("r", Mode::PR);
  EXPECT_EQ(lock->convert(Mode::EX).error().code, Errc::deadlock);
  EXPECT_EQ(lock->mode(), Mode::PR);
  EXPECT_TRUE(lock->held());
}

TEST(Lock, holds_until_the_deadline_of_this_life_of_the_node) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.grant(lock_a);
    peer.unlock();
  });
  Client client = connected(daemon);
  auto lock = client.lock("r", Mode::EX);
  EXPECT_TRUE(lock->held());
  daemon.page().stamp(BootClock::now() - milliseconds(1));
  EXPECT_FALSE(lock->held());
  daemon.page().stamp(BootClock::now() + seconds(60));
  EXPECT_TRUE(lock->held());
  // The same process goes on as another life of the node: what it stamps says nothing about our lock.
  wire::announce(daemon.page().page(), Incarnation{43});
  EXPECT_FALSE(lock->held());
  daemon.page().stamp(BootClock::now() + seconds(60));
  EXPECT_FALSE(lock->held());
  EXPECT_EQ(client.valid_until(), BootClock::time_point{});
}

TEST(Lock, any_order_of_destruction_is_safe) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.grant(lock_a);
    EXPECT_TRUE(peer.hung_up());
  });
  Lock lock;
  EXPECT_FALSE(lock.held());
  EXPECT_EQ(lock.convert(Mode::PR).error().code, Errc::no_such_lock);
  {
    Client first = connected(daemon);
    Client client = std::move(first);
    lock = std::move(*client.lock("r", Mode::EX));
    EXPECT_TRUE(lock.held());
    Client last = std::move(client);
    EXPECT_TRUE(lock.held()) << "its client has moved, not gone";
  }
  EXPECT_FALSE(lock.held());
  EXPECT_EQ(lock.mode(), Mode::EX);
  EXPECT_EQ(lock.release().error().text(),
            "session_ended: the Client of this Lock is gone, and its locks with it");
}

TEST(Lock, moves_do_not_unlock_and_assignment_does) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.grant(lock_a);
    peer.grant(lock_b);
    EXPECT_EQ(peer.unlock().lock, lock_a);
    EXPECT_EQ(peer.next<wire::Release>().lock, lock_b);
    EXPECT_TRUE(peer.hung_up());
  });
  Client client = connected(daemon);
  Lock lock = std::move(*client.lock("a", Mode::EX));
  lock = std::move(*client.lock("b", Mode::EX));
  EXPECT_EQ(lock.id(), lock_b);
  EXPECT_TRUE(lock.release_unanswered().has_value());
  EXPECT_FALSE(lock.held());
}

TEST(Lock, can_be_let_go_without_unlocking) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.grant(lock_a);
    EXPECT_TRUE(peer.hung_up());
  });
  Client client = connected(daemon);
  EXPECT_EQ(client.lock("r", Mode::EX, {.flags = {Flag::persistent}})->detach(), lock_a);
}

TEST(Lock, a_lost_answer_to_the_destructor_does_not_hang_it) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.grant(lock_a);
    peer.next<wire::Unlock>();
    EXPECT_TRUE(peer.hung_up());
  });
  Client client = connected(daemon);
  const auto before = BootClock::now();
  { auto lock = client.lock("r", Mode::EX); }
  EXPECT_LT(BootClock::now() - before, seconds(5));
}

TEST(Lock, a_hung_daemon_does_not_outlast_wait_max_for_long) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    const auto asked = peer.next<wire::Lock>();
    EXPECT_EQ(peer.next<wire::Cancel>().target, asked.request);
    // It was granted all the same: the client gives it back by itself.
    peer.say(Peer::granted(asked.request, lock_a));
    EXPECT_EQ(peer.next<wire::Release>().lock, lock_a);
  });
  Client client = connected(daemon);
  EXPECT_EQ(client.lock("r", Mode::EX, {.wait_max = milliseconds(1)}).error().text(),
            "timed_out: the daemon did not answer in time");
  EXPECT_TRUE(client.poll(seconds(10)).has_value());
  EXPECT_FALSE(client.next_event().has_value());
}

TEST(Lock, orphans_are_adopted) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    EXPECT_EQ(peer.grant(lock_a).flags, (FlagSet{Flag::orphan}));
    peer.unlock();
    peer.say(wire::Refused{.request = peer.next<wire::Lock>().request, .status = Errc::no_orphan});
  });
  Client client = connected(daemon);
  EXPECT_TRUE(client.adopt("r", Mode::EX).has_value());
  EXPECT_EQ(client.adopt("r", Mode::EX).error().text(), "no_orphan: there is no orphan of this name");
}

TEST(Lock, many_requests_in_one_write) {
  constexpr int count = 1000;
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    for (int i = 0; i < count; ++i) peer.grant(ClaimId{(1ULL << 32) + static_cast<unsigned>(i)});
    for (int i = 0; i < count; ++i) peer.next<wire::Release>();
  });
  Client client = connected(daemon);
  client.cork();
  std::vector<Lock> locks;
  for (int i = 0; i < count; ++i)
    ASSERT_TRUE(client.lock_async("r" + std::to_string(i), Mode::EX, {}, [&](Result<Lock, Refusal> lock) {
                        locks.push_back(std::move(*lock));
                      }).has_value());
  while (locks.size() < count) ASSERT_TRUE(client.poll(seconds(10)).has_value());
  for (Lock& lock : locks) EXPECT_TRUE(lock.release_unanswered().has_value());
  EXPECT_TRUE(client.uncork().has_value());
}

// Both sides write more than the sockets take before either reads in earnest.
TEST(Lock, two_full_sockets_do_not_block_each_other) {
  constexpr int count = 20'000;
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.grant(lock_a);
    for (int i = 0; i < count; ++i) peer.say(wire::NoticeEvent{.lock = lock_a, .wanted = Mode::PR});
    for (int i = 0; i < count; ++i) peer.next<wire::Cancel>();
    EXPECT_TRUE(peer.hung_up());
  });
  Client client = connected(daemon);
  auto lock = client.lock("r", Mode::EX, {.notices = Notices::wanted});
  for (int i = 0; i < count; ++i)
    ASSERT_TRUE(client.cancel_async(RequestId{1}, [](Result<void>) {}).has_value());
  lock->detach();
}

}  // namespace
}  // namespace holdfast::client
