// SPDX-License-Identifier: Apache-2.0
// How a session can end in the middle of things, and what its locks are worth then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/fake_daemon_test.hpp"
#include "holdfast/client.hpp"

namespace holdfast::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using namespace std::string_view_literals;

Client connected(const FakeDaemon& daemon) {
  auto client = Client::connect({.socket = daemon.path()});
  EXPECT_TRUE(client.has_value());
  return std::move(*client);
}

TEST(Endings, a_daemon_that_dies_in_mid_call) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.grant(lock_a);
    peer.next<wire::Lock>();
    peer.close();
  });
  Client client = connected(daemon);
  auto held = client.lock("a", Mode::EX);
  const auto lock = client.lock("b", Mode::EX);
  EXPECT_THAT(lock.error().text(), HasSubstr("disconnected: the connection to the daemon is gone"));
  ASSERT_NE(client.ended(), nullptr);
  EXPECT_TRUE(held->held()) << "nobody else gets it before the deadline that was stamped last";
  daemon.page().stamp(BootClock::now() - milliseconds(1));
  EXPECT_FALSE(held->held());
  EXPECT_EQ(held->release().error().code, Errc::disconnected);
}

TEST(Endings, an_idle_client_notices_when_it_asks) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.say(wire::Done{.request = peer.next<wire::Sync>().request});
    peer.say(wire::Ended{.status = Errc::slow_reader, .detail = "too much unread"});
    peer.close();
  });
  Client client = connected(daemon);
  EXPECT_TRUE(client.sync().has_value());
  // Whether sending fails first or reading does: the reason that the daemon gave is told.
  EXPECT_EQ(client.lock("a", Mode::EX).error().text(),
            "slow_reader: the daemon ended the session: too much unread");
}

TEST(Endings, garbage_in_mid_call) {
  // A length below two, a length beyond all limits, an unknown type, a grant that ends too early.
  const std::string_view garbage[] = {"\x01\0\0\0xx"sv, "\xff\xff\xff\xff"sv, "\x05\0\0\0\x63\0\0\0\0"sv,
                                      "\x04\0\0\0\x41\0zz"sv};
  for (const std::string_view bytes : garbage) {
    FakeDaemon daemon([&](Peer& peer) {
      peer.greet();
      peer.grant(lock_a);
      peer.next<wire::Lock>();
      peer.say_bytes(std::as_bytes(std::span(bytes)));
      EXPECT_TRUE(peer.hung_up());
    });
    auto client = std::make_unique<Client>(connected(daemon));
    auto held = client->lock("a", Mode::EX);
    const auto lock = client->lock("b", Mode::EX);
    EXPECT_THAT(lock.error().text(), HasSubstr("bad_message: the daemon sent what cannot be understood: "));
    EXPECT_FALSE(held->held()) << "we hang up, and the daemon lets it go";
    client.reset();
  }
}

TEST(Endings, a_message_cut_short) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    wire::Buffer bytes;
    wire::append_frame(bytes, Peer::granted(peer.next<wire::Lock>().request, lock_a));
    peer.say_bytes(bytes.bytes().first(bytes.size() - 1));
    peer.close();
  });
  Client client = connected(daemon);
  EXPECT_EQ(client.lock("a", Mode::EX).error().text(),
            "disconnected: the connection to the daemon is gone: the daemon hung up in the middle of a message");
}

TEST(Endings, a_message_in_single_bytes) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    wire::Buffer bytes;
    wire::append_frame(bytes, Peer::granted(peer.next<wire::Lock>().request, lock_a));
    for (std::size_t i = 0; i < bytes.size(); ++i) peer.say_bytes(bytes.bytes().subspan(i, 1));
    peer.unlock();
  });
  Client client = connected(daemon);
  EXPECT_TRUE(client.lock("a", Mode::EX).has_value());
}

TEST(Endings, all_that_is_open_is_answered) {
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    peer.grant(lock_a);
    peer.next<wire::Lock>();
    peer.next<wire::Convert>();
    peer.next<wire::Cancel>();
    peer.close();
  });
  Client client = connected(daemon);
  std::vector<std::string> log;
  auto held = client.lock("a", Mode::PR, {.on_lost = [&](const Error& why) { log.push_back("lost " + std::string(name_of(why.code))); }});
  (void)client.lock_async("b", Mode::EX, {}, [&](Result<Lock, Refusal> lock) {
    log.push_back("lock " + std::string(name_of(lock.error().code)));
  });
  (void)held->convert_async(Mode::EX, {}, [&](Result<Grant, Refusal> grant) {
    log.push_back("convert " + std::string(name_of(grant.error().code)));
  });
  (void)client.cancel_async(RequestId{9}, [&](Result<void> done) {
    log.push_back("cancel " + std::string(name_of(done.error().code)));
  });
  while (client.poll(seconds(10)).has_value()) {
  }
  EXPECT_THAT(log, testing::UnorderedElementsAre("lock disconnected", "convert disconnected", "cancel disconnected",
                                                 "lost disconnected"));
  EXPECT_EQ(log.back(), "lost disconnected");
  EXPECT_TRUE(std::holds_alternative<event::Ended>(client.next_event().value()));
  EXPECT_TRUE(held->held());
  EXPECT_EQ(client.status().error().code, Errc::disconnected);
  EXPECT_EQ(client.lock_async("x", Mode::NL).error().code, Errc::disconnected);
}

}  // namespace
}  // namespace holdfast::client
