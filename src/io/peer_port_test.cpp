// SPDX-License-Identifier: Apache-2.0
// Two ports in one loop, over loopback; and bare sockets against one port.
#include "io/peer_port.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <string>

#include "io/address.hpp"
#include "io/fd.hpp"
#include "io/temporary_dir_test.hpp"

namespace holdfast::io {
namespace {

constexpr SharedKey key_a{1, 2, 3};
constexpr SharedKey key_b{3, 2, 1};

std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string frame(std::string_view body) {
  const auto length = static_cast<std::uint32_t>(2 + body.size());
  return std::string(reinterpret_cast<const char*>(&length), 4).append("\1\0", 2).append(body);
}

// A node without a node: it keeps what the port told it.
struct Side {
  Side(EventLoop& loop, PeerPortConfig config)
      : port(loop, log, std::move(config),
             {.connected =
                  [this](Conn conn, NodeId dialed) {
                    last = conn;
                    told += dialed ? "called\n" : "was called\n";
                  },
              .frame =
                  [this](Conn, const wire::Frame& f) {
                    bytes_got += f.body.size();
                    told += f.body.size() > 100
                                ? "long frame\n"
                                : "frame " + std::string(reinterpret_cast<const char*>(f.body.data()), f.body.size()) + "\n";
                  },
              .garbage = [this](Conn, Errc why) { told += "garbage " + std::string(name_of(why)) + "\n"; },
              .closed = [this](Conn) { told += "closed\n"; }}) {}

  [[nodiscard]] bool heard(std::string_view what) const { return told.find(what) != std::string::npos; }
  [[nodiscard]] bool logged(std::string_view what) const { return lines.str().find(what) != std::string::npos; }

  std::ostringstream lines;
  Log log{LogLevel::info, lines};
  std::string told;
  std::size_t bytes_got = 0;
  Conn last;
  PeerPort port;
};

PeerPortConfig with_key(std::optional<SharedKey> key, std::string cluster = "blue") {
  return {.cluster = std::move(cluster), .key = key};
}

void connect(EventLoop& loop, Side& caller, Side& called) {
  const auto address = called.port.listen("127.0.0.1:0");
  ASSERT_TRUE(address) << address.error().text();
  caller.port.dial(NodeId{2}, *address);
  run_until(loop, [&] { return caller.heard("called") && called.heard("was called"); });
}

class BothKinds : public testing::TestWithParam<bool> {
 protected:
  [[nodiscard]] static PeerPortConfig config() { return with_key(GetParam() ? std::optional(key_a) : std::nullopt); }
};
INSTANTIATE_TEST_SUITE_P(PeerPort, BothKinds, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "tls" : "plain"; });

TEST_P(BothKinds, frames_go_both_ways_and_the_end_is_told) {
  EventLoop loop;
  Side a(loop, config());
  Side b(loop, config());
  connect(loop, a, b);
  a.port.send(a.last, as_bytes(frame("hello") + frame("b")));
  run_until(loop, [&] { return b.heard("frame b\n"); });
  b.port.send(b.last, as_bytes(frame("welcome")));
  run_until(loop, [&] { return a.heard("frame welcome"); });
  a.port.stop_dialing(NodeId{2});
  b.port.send(b.last, as_bytes(frame("bye")));
  b.port.close(b.last);
  run_until(loop, [&] { return a.heard("closed") && b.heard("closed"); });
  EXPECT_EQ(a.told, "called\nframe welcome\nframe bye\nclosed\n");
  EXPECT_EQ(b.told, "was called\nframe hello\nframe b\nclosed\n");
}

TEST_P(BothKinds, more_than_a_socket_takes_arrives_all_the_same) {
  EventLoop loop;
  Side a(loop, config());
  Side b(loop, config());
  connect(loop, a, b);
  const std::string body(limits::peer_frame_bytes_max - 2, 'x');
  constexpr int frames = 64;
  for (int i = 0; i < frames; ++i) a.port.send(a.last, as_bytes(frame(body)));
  run_until(loop, [&] { return b.bytes_got == frames * body.size(); });
}

// With TLS most of it waits in the session and not in the socket, which therefore does not tell of it.
TEST_P(BothKinds, read_a_little_at_a_time_all_of_it_arrives) {
  EventLoop loop;
  Side a(loop, config());
  Side b(loop, config());
  connect(loop, a, b);
  b.port.set_reading(PeerPort::Reading::little);
  const std::string body(3000, 'x');
  constexpr std::size_t frames = 20;
  for (std::size_t i = 0; i < frames; ++i) a.port.send(a.last, as_bytes(frame(body)));
  std::size_t turns = 0;
  std::size_t most = 0;
  run_until(loop, [&] {
    const std::size_t before = b.bytes_got;
    if (++turns % 5 == 0)
      b.port.wait_until(boot_now() + std::chrono::microseconds(50));
    else
      b.port.read_a_little();
    most = std::max(most, b.bytes_got - before);
    return b.bytes_got == frames * body.size();
  });
  EXPECT_EQ(most, body.size()) << "never two frames in one turn";
  EXPECT_GT(turns, frames * 3);
}

TEST_P(BothKinds, a_connection_that_ends_is_made_again) {
  EventLoop loop;
  Side a(loop, config());
  Side b(loop, config());
  connect(loop, a, b);
  b.port.close(b.last);
  run_until(loop, [&] { return a.told == "called\nclosed\ncalled\n"; });
}

TEST(PeerPort, another_key_is_refused_and_both_say_so) {
  EventLoop loop;
  Side a(loop, with_key(key_a));
  Side b(loop, with_key(key_b));
  const auto address = b.port.listen("127.0.0.1:0");
  ASSERT_TRUE(address);
  a.port.dial(NodeId{2}, *address);
  run_until(loop, [&] { return a.logged("wrong_key") && b.logged("wrong_key"); });
  EXPECT_TRUE(b.logged("peer refused"));
  EXPECT_EQ(a.told + b.told, "");
}

TEST(PeerPort, a_peer_without_the_key_is_refused) {
  EventLoop loop;
  Side a(loop, with_key(std::nullopt));
  Side b(loop, with_key(key_b));
  const auto address = b.port.listen("127.0.0.1:0");
  ASSERT_TRUE(address);
  a.port.dial(NodeId{2}, *address);
  run_until(loop, [&] { return a.heard("called"); });
  a.port.send(a.last, as_bytes(frame("let me in")));
  run_until(loop, [&] { return b.logged("wrong or missing key"); });
  EXPECT_EQ(b.told, "");
}

TEST(PeerPort, one_with_a_key_does_not_talk_to_one_without) {
  EventLoop loop;
  Side a(loop, with_key(key_a));
  Side b(loop, with_key(std::nullopt));
  const auto address = b.port.listen("127.0.0.1:0");
  ASSERT_TRUE(address);
  a.port.dial(NodeId{2}, *address);
  run_until(loop, [&] { return b.heard("garbage"); });
  EXPECT_TRUE(b.logged("it speaks TLS, and this node has no key"));
  EXPECT_EQ(a.told, "");
}

TEST(PeerPort, the_key_of_another_cluster_opens_nothing) {
  EventLoop loop;
  Side a(loop, with_key(key_a, "green"));
  Side b(loop, with_key(key_a, "blue"));
  const auto address = b.port.listen("127.0.0.1:0");
  ASSERT_TRUE(address);
  a.port.dial(NodeId{2}, *address);
  run_until(loop, [&] { return b.logged("it belongs to cluster 'green', we to 'blue'"); });
  EXPECT_EQ(a.told + b.told, "");
}

TEST(PeerPort, without_a_key_only_loopback_is_listened_on) {
  EventLoop loop;
  Side a(loop, with_key(std::nullopt));
  const auto address = a.port.listen("0.0.0.0:0");
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, Errc::cannot_listen);
  EXPECT_NE(address.error().detail.find("--key-file"), std::string::npos);
  Side b(loop, with_key(key_a));
  EXPECT_TRUE(b.port.listen("0.0.0.0:0"));
}

TEST(PeerPort, who_is_not_there_yet_is_called_again) {
  EventLoop loop;
  Side a(loop, with_key(std::nullopt));
  Side b(loop, with_key(std::nullopt));
  std::string address;
  {
    Side earlier(loop, with_key(std::nullopt));
    address = earlier.port.listen("127.0.0.1:0").value();
  }
  a.port.dial(NodeId{2}, address);
  run_until(loop, [&] { return a.logged("cannot connect to peer"); });
  ASSERT_TRUE(b.port.listen(address));
  run_until(loop, [&] { return a.heard("called") && b.heard("was called"); });
}

TEST_P(BothKinds, of_who_is_not_there_it_is_said_that_it_refuses_connections) {
  EventLoop loop;
  Side a(loop, config());
  std::string address;
  {
    Side earlier(loop, config());
    address = earlier.port.listen("127.0.0.1:0").value();
  }
  a.port.dial(NodeId{2}, address);
  run_until(loop, [&] { return a.logged("cannot connect to peer"); });
  EXPECT_TRUE(a.logged("Connection refused")) << a.lines.str();
  EXPECT_FALSE(a.logged("wrong_key"));
}

Fd stranger(const std::string& address) {
  const Address to = Address::parse(address).value();
  Fd socket(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(socket.get(), to.data(), to.size()), 0);
  return socket;
}

TEST_P(BothKinds, strangers_that_say_nothing_are_few_and_short) {
  EventLoop loop;
  PeerPortConfig few = config();
  few.strangers_max = 2;
  few.establish_max = std::chrono::milliseconds(50);
  Side a(loop, few);
  const std::string address = a.port.listen("127.0.0.1:0").value();
  const Fd one = stranger(address);
  const Fd two = stranger(address);
  const Fd three = stranger(address);
  run_until(loop, [&] { return a.logged("too many connections that have not said who they are"); });
  EXPECT_EQ(a.port.size(), 2U);
  run_until(loop, [&] { return a.logged("it did not say who it is in time") && a.port.size() == 0; });
}

TEST(PeerPort, of_who_hangs_up_during_the_handshake_it_is_not_said_that_its_key_is_wrong) {
  EventLoop loop;
  Side a(loop, with_key(key_a));
  std::signal(SIGPIPE, SIG_IGN);  // as the daemon does: OpenSSL writes without MSG_NOSIGNAL
  // It listens, and that is all: its backlog takes the call, then it is gone.
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  a.port.dial(NodeId{2}, Address::local_of(listener.get()).text());
  const Watch called = loop.watch(listener.get(), {.readable = [&] { Fd(::accept(listener.get(), nullptr, nullptr)); }});
  // And the other way round: somebody calls and hangs up.
  stranger(a.port.listen("127.0.0.1:0").value());
  run_until(loop, [&] { return a.logged("cannot connect to peer") && a.logged("peer refused"); });
  EXPECT_TRUE(a.logged("it hung up") || a.logged("Connection reset by peer")) << a.lines.str();
  EXPECT_FALSE(a.logged("wrong_key")) << a.lines.str();
}

TEST(PeerPort, who_does_not_read_is_given_up_but_not_for_what_was_sent_in_one_go) {
  EventLoop loop;
  PeerPortConfig config = with_key(std::nullopt);
  config.backlog_bytes_max = 64 * 1024;
  Side a(loop, config);
  const Fd deaf = stranger(a.port.listen("127.0.0.1:0").value());
  run_until(loop, [&] { return a.heard("was called"); });
  const std::string all_that_was_kept(std::size_t{32} * 1024 * 1024, 'x');  // more than the sockets take
  a.port.send(a.last, as_bytes(all_that_was_kept));
  EXPECT_FALSE(a.logged("peer does not read"));
  a.port.send(a.last, as_bytes(all_that_was_kept));
  EXPECT_TRUE(a.logged("peer does not read"));
  run_until(loop, [&] { return a.heard("closed"); });
}

TEST(PeerPort, garbage_is_told_once_and_the_answer_still_gets_out) {
  EventLoop loop;
  Side a(loop, with_key(std::nullopt));
  const Fd socket = stranger(a.port.listen("127.0.0.1:0").value());
  const std::string bytes(4096, '\xee');
  ASSERT_EQ(::send(socket.get(), bytes.data(), bytes.size(), 0), 4096);
  run_until(loop, [&] { return a.heard("garbage frame_too_long"); });
  a.port.send(a.last, as_bytes("why"));
  a.port.close(a.last);
  std::string got;
  const Watch reader = loop.watch(socket.get(), {.readable = [&] {
    char text[16];
    const ssize_t count = ::recv(socket.get(), text, sizeof text, MSG_DONTWAIT);
    if (count > 0) got.append(text, static_cast<std::size_t>(count));
    if (count == 0) ::shutdown(socket.get(), SHUT_WR);
  }});
  run_until(loop, [&] { return a.heard("closed"); });
  EXPECT_EQ(got, "why");
}

TEST(KeyFile, must_be_private_and_long_enough) {
  const TemporaryDir dir;
  const auto write = [&dir](const char* text, mode_t mode) {
    std::ofstream(dir / "key") << text;
    ::chmod((dir / "key").c_str(), mode);
    return read_key_file(dir / "key");
  };
  const auto key = write("0123456789abcdef", 0600);
  ASSERT_TRUE(key) << key.error().text();
  EXPECT_EQ(*write("0123456789abcdef\n", 0600), *key);
  EXPECT_NE(*write("0123456789abcdeg\n", 0600), *key);
  EXPECT_NE(write("0123456789abcdef", 0640).error().detail.find("chmod 600"), std::string::npos);
  EXPECT_NE(write("short", 0600).error().detail.find("16 to 4096 are allowed"), std::string::npos);
  EXPECT_EQ(read_key_file(dir / "none").error().code, Errc::cannot_read);
}

}  // namespace
}  // namespace holdfast::io
