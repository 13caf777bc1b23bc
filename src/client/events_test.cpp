// SPDX-License-Identifier: Apache-2.0
// Answers that come later: callbacks, polled events, and what a blocking call keeps for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/fake_daemon_test.hpp"
#include "client/fifo.hpp"
#include "holdfast/client.hpp"
#include "model/name.hpp"

namespace holdfast::client {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

Client connected(const FakeDaemon& daemon) {
  auto client = Client::connect({.socket = daemon.path()});
  EXPECT_TRUE(client.has_value());
  return std::move(*client);
}

// Polls until `condition`; the script's end or a hang-up would otherwise leave us here.
template <class Condition>
void poll_until(Client& client, Condition condition) {
  const auto until = BootClock::now() + seconds(10);
  bool met = condition();
  for (; !met && BootClock::now() < until; met = condition()) (void)client.poll(seconds(1));
  EXPECT_TRUE(met);
}

template <class E>
E next(Client& client) {
  std::optional<Event> event;
  poll_until(client, [&] { return event.has_value() || (event = client.next_event()).has_value(); });
  E* wanted = event ? std::get_if<E>(&*event) : nullptr;
  EXPECT_NE(wanted, nullptr) << "another event came: " << (event ? event->index() : 99);
  if (wanted == nullptr) std::abort();
  return std::move(*wanted);
}

TEST(Events, callbacks_run_in_dispatch_in_order_of_arrival) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    const auto first = peer.next<wire::Lock>();
    const auto second = peer.next<wire::Lock>();
    peer.say(wire::Waiting{.request = first.request, .lock = lock_a});
    peer.say(Peer::granted(second.request, lock_b));
    peer.say(Peer::granted(first.request, lock_a));
    peer.say(wire::NoticeEvent{.lock = lock_b, .wanted = Mode::PR});
    const auto convert = peer.next<wire::Convert>();
    peer.say(wire::Refused{.request = convert.request, .lock = lock_a, .status = Errc::blocked});
    const auto unlock = peer.next<wire::Unlock>();
    peer.say(wire::Done{.request = unlock.request});
    peer.unlock();
  });
  Client client = connected(daemon);
  std::vector<std::string> log;
  Lock a;
  Lock b;
  (void)client.lock_async("a", Mode::EX,
                          {.on_waiting = [&](const std::vector<Blocker>&) { log.push_back("a waits"); }},
                          [&](Result<Lock, Refusal> lock) {
                            log.push_back("a");
                            a = std::move(*lock);
                          });
  (void)client.lock_async("b", Mode::EX, {.on_notice = [&](Mode) { log.push_back("notice b"); }},
                          [&](Result<Lock, Refusal> lock) {
                            log.push_back("b");
                            b = std::move(*lock);
                          });
  poll_until(client, [&] { return log.size() == 4; });
  EXPECT_THAT(log, ElementsAre("a waits", "b", "a", "notice b"));
  (void)a.convert_async(Mode::PR, {}, [&](Result<Grant, Refusal> grant) { log.push_back(grant.error().text()); });
  (void)a.release_async({}, [&](Result<void> done) { log.push_back(done ? "released" : "not released"); });
  poll_until(client, [&] { return log.size() == 6; });
  EXPECT_EQ(log[4], "blocked: somebody else holds or waits for it");
  EXPECT_EQ(log[5], "released");
}

TEST(Events, without_a_callback_they_are_polled) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    const auto asked = peer.next<wire::Lock>();
    peer.say(wire::Waiting{.request = asked.request, .lock = lock_a, .blockers = {{.node = NodeId{2}}}});
    peer.say(Peer::granted(asked.request, lock_a, Mode::PR));
    peer.say(Peer::granted(peer.next<wire::Convert>().request, lock_a, Mode::EX));
    peer.say(wire::Refused{.request = peer.next<wire::Lock>().request, .status = Errc::cancelled});
    peer.say(wire::Done{.request = peer.next<wire::Cancel>().request});
    peer.say(wire::LostEvent{.lock = lock_a, .status = Errc::lost});
    peer.say(wire::Ended{.status = Errc::shutting_down});
  });
  Client client = connected(daemon);
  const RequestId request = client.lock_async("r", Mode::PR).value();
  EXPECT_EQ(next<event::Waiting>(client).blockers.size(), 1U);
  auto granted = next<event::Granted>(client);
  EXPECT_EQ(granted.request, request);
  const RequestId convert = granted.lock.convert_async(Mode::EX).value();
  const auto converted = next<event::Converted>(client);
  EXPECT_EQ(converted.request, convert);
  EXPECT_EQ(converted.lock, lock_a);
  EXPECT_EQ(granted.lock.mode(), Mode::EX);
  const RequestId other = client.lock_async("s", Mode::PR).value();
  EXPECT_EQ(next<event::Refused>(client).why.code, Errc::cancelled);
  const RequestId cancel = client.cancel_async(other).value();
  EXPECT_EQ(next<event::Done>(client).request, cancel);
  const auto lost = next<event::Lost>(client);
  EXPECT_EQ(lost.lock, lock_a);
  EXPECT_EQ(lost.why.code, Errc::lost);
  EXPECT_FALSE(granted.lock.held());
  EXPECT_EQ(next<event::Ended>(client).why.code, Errc::shutting_down);
  EXPECT_EQ(client.ended()->code, Errc::shutting_down);
  EXPECT_EQ(client.dispatch().error().code, Errc::shutting_down);
  EXPECT_EQ(client.lock("r", Mode::NL).error().code, Errc::shutting_down);
}

TEST(Events, a_blocking_call_loses_none) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    const auto later = peer.next<wire::Lock>();
    const auto now = peer.next<wire::Lock>();
    peer.say(Peer::granted(later.request, lock_a));
    peer.say(wire::NoticeEvent{.lock = lock_a, .wanted = Mode::PR});
    peer.say(Peer::granted(now.request, lock_b));
    peer.unlock();
    peer.unlock();
  });
  Client client = connected(daemon);
  Lock a;
  int notices = 0;
  (void)client.lock_async("a", Mode::EX, {.on_notice = [&](Mode) { ++notices; }},
                          [&](Result<Lock, Refusal> lock) { a = std::move(*lock); });
  auto b = client.lock("b", Mode::EX);
  EXPECT_TRUE(b.has_value());
  EXPECT_FALSE(static_cast<bool>(a)) << "callbacks run in dispatch() alone";
  EXPECT_TRUE(client.dispatch().has_value());
  EXPECT_TRUE(static_cast<bool>(a));
  EXPECT_EQ(notices, 1);
}

TEST(Events, a_callback_may_block_and_dispatch) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    const auto first = peer.grant(lock_a);
    (void)first;
    peer.grant(lock_b);
    peer.say(wire::NoticeEvent{.lock = lock_a, .wanted = Mode::EX});
    peer.say(wire::Done{.request = peer.next<wire::Sync>().request});
    peer.unlock();
    peer.unlock();
  });
  Client client = connected(daemon);
  Lock a;
  Lock b;
  bool released = false;
  (void)client.lock_async("a", Mode::EX, {.on_notice = [&](Mode wanted) {
                            EXPECT_EQ(wanted, Mode::EX);
                            EXPECT_TRUE(a.release().has_value());
                            released = true;
                          }},
                          [&](Result<Lock, Refusal> lock) {
                            a = std::move(*lock);
                            b = std::move(*client.lock("b", Mode::EX));
                            EXPECT_TRUE(client.sync().has_value());
                            EXPECT_FALSE(released);
                            EXPECT_TRUE(client.dispatch().has_value());
                            EXPECT_TRUE(released);
                          });
  poll_until(client, [&] { return released; });
  EXPECT_FALSE(static_cast<bool>(a));
  EXPECT_TRUE(b.held());
}

TEST(Events, a_callback_may_destroy_the_client) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    const auto first = peer.next<wire::Lock>();
    const auto second = peer.next<wire::Lock>();
    peer.say(Peer::granted(first.request, lock_a));
    peer.say(Peer::granted(second.request, lock_b));
    EXPECT_TRUE(peer.hung_up());
  });
  auto client = std::make_unique<Client>(connected(daemon));
  const auto end_it = [&](Result<Lock, Refusal>) { client.reset(); };
  (void)client->lock_async("a", Mode::EX, {}, end_it);
  (void)client->lock_async("b", Mode::EX, {}, end_it);
  const auto until = BootClock::now() + seconds(10);
  while (client != nullptr && BootClock::now() < until) (void)client->poll(seconds(1));
  EXPECT_EQ(client, nullptr);
}

// A slow reader hears of many notices as one, with the strongest mode.
TEST(Events, notices_are_gathered_and_die_with_their_lock) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.grant(lock_a);
    for (const Mode wanted : {Mode::CR, Mode::PR, Mode::CR, Mode::CW})
      peer.say(wire::NoticeEvent{.lock = lock_a, .wanted = wanted});
    peer.say(wire::Done{.request = peer.next<wire::Sync>().request});
    const auto sync = peer.next<wire::Sync>();
    peer.say(wire::NoticeEvent{.lock = lock_a, .wanted = Mode::EX});
    peer.say(wire::Done{.request = sync.request});
    peer.unlock();
  });
  Client client = connected(daemon);
  auto lock = client.lock("r", Mode::EX, {.notices = Notices::wanted});
  EXPECT_TRUE(client.sync().has_value());
  const auto notice = next<event::Notice>(client);
  EXPECT_EQ(notice.lock, lock_a);
  EXPECT_EQ(notice.wanted, Mode::PW) << "giving way to PR and CW both";
  EXPECT_FALSE(client.next_event().has_value());
  EXPECT_TRUE(client.sync().has_value());
  EXPECT_TRUE(lock->release().has_value());
  EXPECT_FALSE(client.next_event().has_value()) << "the lock it speaks of is released";
}

TEST(Events, on_lost_is_called_once) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.grant(lock_a);
    peer.say(wire::LostEvent{.lock = {}, .status = Errc::lease_expired});
    peer.say(wire::Ended{.status = Errc::lease_expired});
  });
  Client client = connected(daemon);
  std::vector<std::string> log;
  auto lock = client.lock("r", Mode::EX, {.on_lost = [&](const Error& why) { log.push_back(why.text()); }});
  // The two messages may come one by one.
  poll_until(client, [&] { return !log.empty() && client.ended() != nullptr; });
  EXPECT_THAT(log, ElementsAre("lease_expired: the lease of this node ran out"));
  EXPECT_FALSE(lock->held());
  EXPECT_EQ(lock->convert(Mode::PR).error().code, Errc::lease_expired);
}

TEST(Events, a_grant_that_nobody_keeps_is_unlocked) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.grant(lock_a);
    EXPECT_EQ(peer.unlock().lock, lock_a);
  });
  Client client = connected(daemon);
  (void)client.lock_async("r", Mode::EX);
  (void)next<event::Granted>(client);
}

TEST(Events, a_daemon_that_hangs_is_asked_only_so_long_and_its_late_answer_is_dropped) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    const auto first = peer.next<wire::StatusQuery>();
    const auto set = peer.next<wire::SetView>();
    const auto last = peer.next<wire::StatusQuery>();
    peer.say(wire::NodeStatus{.request = first.request, .node = NodeId{7}});
    peer.say(wire::Done{.request = set.request, .status = Errc::stale_epoch});
    peer.say(wire::NodeStatus{.request = last.request, .node = NodeId{8}});
    EXPECT_TRUE(peer.hung_up());
  });
  Client client = connected(daemon);
  EXPECT_EQ(client.status(std::chrono::milliseconds(5)).error().code, Errc::timed_out);
  EXPECT_EQ(client.set_view({}, std::chrono::milliseconds(5)).error().code, Errc::timed_out);
  EXPECT_EQ(client.ended(), nullptr);
  EXPECT_EQ(client.status().value().node, NodeId{8});
}

TEST(Events, poll_comes_back_after_its_timeout) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    EXPECT_TRUE(peer.hung_up());
  });
  Client client = connected(daemon);
  EXPECT_TRUE(client.poll(std::chrono::milliseconds(5)).has_value());
  EXPECT_TRUE(client.poll(seconds(0)).has_value());
  EXPECT_FALSE(client.next_event().has_value());
}

TEST(Events, operators_and_queries) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    const auto open = peer.next<wire::OpenLockspace>();
    EXPECT_EQ(open.lockspace, "db");
    peer.say(wire::LockspaceOpened{.request = open.request, .lockspace = wire::LockspaceHandle{4}});
    peer.say(wire::Done{
        .request = peer.next<wire::OpenLockspace>().request, .status = Errc::not_permitted, .detail = "not yours"});
    for (const std::string name : {"a", "b"}) {
      const auto query = peer.next<wire::Query>();
      EXPECT_EQ(query.after_key.empty(), name == "a");
      wire::ResourceRow row{.request = query.request};
      row.resource.key = make_key({.lockspace = "db", .name = name});
      peer.say(row);
      peer.say(wire::LockRow{.request = query.request, .lock = {.node = NodeId{2}}, .owner = {.pid = 77}});
      peer.say(wire::QueryEnd{.request = query.request,
                              .status = name == "a" ? Errc::ok : Errc::recovering,
                              .next_after_key = name == "a" ? std::string_view(row.resource.key) : ""});
    }
    wire::NodeStatus status{.request = peer.next<wire::StatusQuery>().request, .node = NodeId{1}};
    status.view.members.push_back({.node = NodeId{1}, .incarnation = test_life});
    status.phase = NodePhase::collecting;
    peer.say(status);
    const auto set = peer.next<wire::SetView>();
    EXPECT_EQ(set.view.members.size(), 1U);
    peer.say(wire::Done{.request = set.request, .status = Errc::stale_epoch, .detail = "epoch 3 is in force"});
    const auto fence = peer.next<wire::FenceAck>();
    EXPECT_EQ(fence.node, NodeId{3});
    peer.say(wire::Done{.request = fence.request});
    const auto purge = peer.next<wire::Purge>();
    EXPECT_EQ(purge.pid, 12U);
    peer.say(wire::Done{.request = purge.request});
    const auto move = peer.next<wire::Move>();
    EXPECT_EQ(move.lockspace, wire::LockspaceHandle{4});
    EXPECT_EQ(move.to, NodeId{2});
    EXPECT_EQ(move.resource, "a");
    peer.say(wire::Done{.request = move.request, .status = Errc::no_such_resource});
  });
  Client client = connected(daemon);
  EXPECT_EQ(client.open_lockspace("db").value(), Lockspace{.handle = 4});
  EXPECT_EQ(client.open_lockspace("other").error().text(), "not_permitted: not yours");
  const QueryPage page = client.query_all({.name = "*"}).value();
  ASSERT_EQ(page.resources.size(), 2U);
  EXPECT_FALSE(page.complete);
  EXPECT_EQ(page.resources[1].lockspace, "db");
  EXPECT_EQ(page.resources[1].name, "b");
  ASSERT_EQ(page.resources[1].locks.size(), 1U);
  EXPECT_EQ(page.resources[1].locks[0].owner.pid, 77U);
  const NodeInfo info = client.status().value();
  EXPECT_EQ(info.phase, NodePhase::collecting);
  EXPECT_EQ(client.set_view(info.view).error().text(), "stale_epoch: epoch 3 is in force");
  EXPECT_TRUE(client.fence_ack(NodeId{3}).has_value());
  EXPECT_TRUE(client.purge({.pid = 12}).has_value());
  EXPECT_EQ(client.move("a", NodeId{2}, {.handle = 4}).error().code, Errc::no_such_resource);
}

TEST(Fifo, keeps_order_and_memory) {
  Fifo<int> fifo;
  int in = 0;
  int out = 0;
  for (int round = 0; round < 1000; ++round) {
    for (int i = 0; i < round % 7; ++i) fifo.push(in++);
    for (int i = 0; i < round % 5 && !fifo.empty(); ++i) ASSERT_EQ(fifo.pop(), out++);
  }
  while (!fifo.empty()) ASSERT_EQ(fifo.pop(), out++);
  EXPECT_EQ(in, out);
}

}  // namespace
}  // namespace holdfast::client
