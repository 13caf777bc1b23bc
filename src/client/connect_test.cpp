// SPDX-License-Identifier: Apache-2.0
// Finding the daemon, the greeting, and everything that can stand there instead of a daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/environment.hpp"
#include "client/fake_daemon_test.hpp"
#include "holdfast/client.hpp"

namespace holdfast::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Connect, learns_the_facts_and_sends_its_label) {
  std::string label;
  FakeDaemon daemon([&](Peer& peer) {
    label = peer.greet().label;
    EXPECT_TRUE(peer.hung_up());
  });
  {
    auto client = Client::connect({.socket = daemon.path(), .label = "nightly backup"});
    ASSERT_TRUE(client.has_value()) << client.error().text();
    EXPECT_EQ(client->node(), NodeId{1});
    EXPECT_EQ(client->incarnation(), test_life);
    EXPECT_EQ(client->owner(), OwnerId{7});
    EXPECT_EQ(client->lease(), seconds(3));
    EXPECT_EQ(client->value_bytes_max(), 64U);
    EXPECT_EQ(client->version(), "0.1");
    EXPECT_EQ(client->ended(), nullptr);
    EXPECT_GT(client->valid_until(), BootClock::now() + seconds(50));
    EXPECT_GE(client->fd(), 0);
  }
}

TEST(Connect, names_the_path_and_what_to_do) {
  const auto client = Client::connect({.socket = "/nowhere/holdfast.sock"});
  EXPECT_EQ(client.error().text(),
            "cannot_connect: cannot connect to the daemon at /nowhere/holdfast.sock: No such file or directory."
            " Start one (holdfastd, or a local cluster with `holdfast up`), or name its socket with HOLDFAST_SOCKET");
}

TEST(Connect, refuses_long_paths_and_labels) {
  EXPECT_EQ(Client::connect({.socket = std::string(200, 'p')}).error().code, Errc::bad_argument);
  FakeDaemon daemon([](Peer&) {});
  const auto client = Client::connect({.socket = daemon.path(), .label = std::string(129, 'l')});
  EXPECT_EQ(client.error().text(), "bad_argument: the label has 129 bytes, at most 128 are allowed");
}

TEST(Connect, looks_where_it_is_told) {
  EXPECT_THAT(socket_paths("/given"), ElementsAre("/given"));
  ::setenv("HOLDFAST_SOCKET", "/named", 1);
  EXPECT_THAT(socket_paths("/given"), ElementsAre("/given"));
  EXPECT_THAT(socket_paths(""), ElementsAre("/named"));
  ::unsetenv("HOLDFAST_SOCKET");
  ::setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  EXPECT_THAT(socket_paths(""),
              ElementsAre("/run/holdfast/holdfast.sock", "/run/user/7/holdfast/holdfast.sock"));
}

// What else may answer on that path.
TEST(Connect, refuses_what_is_no_daemon) {
  struct Row {
    const char* what;
    FakeDaemon::Script script;
    Errc code;
    const char* text;
  };
  const Row rows[] = {
      {"hangs up", [](Peer&) {}, Errc::cannot_connect, "it hung up before its greeting"},
      {"another byte", [](Peer& p) { p.send_page('X'); }, Errc::bad_message, "no holdfastd"},
      {"no descriptor", [](Peer& p) { p.say_bytes(std::as_bytes(std::span("D", 1))); }, Errc::bad_message,
       "no holdfastd"},
      {"a short page",
       [](Peer& p) {
         const Fd empty(::memfd_create("empty", MFD_CLOEXEC));
         p.send_descriptor('D', empty.get());
       },
       Errc::bad_message, "too short"},
      {"no page",
       [](Peer& p) {
         p.page().page().magic = 1;
         p.send_page();
       },
       Errc::bad_message, "no deadline page"},
      {"a page of the future",
       [](Peer& p) {
         p.page().page().version = 2;
         p.send_page();
       },
       Errc::wrong_version, "has version 2, this program knows 1"},
      {"garbage",
       [](Peer& p) {
         p.send_page();
         p.say_bytes(std::as_bytes(std::span("HTTP/1.1 400 Bad Request\r\n")));
       },
       Errc::bad_message, "cannot be understood"},
      {"another protocol",
       [](Peer& p) {
         p.send_page();
         p.say(wire::Welcome{.protocol = 9});
       },
       Errc::wrong_version, "the daemon speaks protocol 9"},
      {"full",
       [](Peer& p) {
         p.send_page();
         p.next<wire::ClientHello>();
         p.say(wire::Ended{.status = Errc::too_many_sessions});
       },
       Errc::too_many_sessions, "the node has no room for another session"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    FakeDaemon daemon(row.script);
    const auto client = Client::connect({.socket = daemon.path()});
    ASSERT_FALSE(client.has_value());
    EXPECT_EQ(client.error().code, row.code) << client.error().text();
    EXPECT_THAT(client.error().text(), HasSubstr(row.text));
    EXPECT_THAT(client.error().text(), HasSubstr(daemon.path()));
  }
}

TEST(Connect, waits_no_longer_than_told) {
  const auto silent = [](Peer& peer) { EXPECT_TRUE(peer.hung_up()); };
  const auto mute_after_page = [](Peer& peer) {
    peer.send_page();
    peer.next<wire::ClientHello>();
    EXPECT_TRUE(peer.hung_up());
  };
  for (const FakeDaemon::Script& script : {FakeDaemon::Script(silent), FakeDaemon::Script(mute_after_page)}) {
    FakeDaemon daemon(script);
    const auto client = Client::connect({.socket = daemon.path(), .connect_max = milliseconds(30)});
    EXPECT_THAT(client.error().text(), HasSubstr("it does not greet us"));
  }
}

}  // namespace
}  // namespace holdfast::client
