// SPDX-License-Identifier: Apache-2.0
// The port at one end of a socket pair, the test at the other.
#include "io/client_port.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "io/deadline_page.hpp"
#include "io/temporary_dir_test.hpp"

namespace holdfast::io {
namespace {

std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string frame(std::string_view body) {
  const auto length = static_cast<std::uint32_t>(2 + body.size());
  return std::string(reinterpret_cast<const char*>(&length), 4).append("\1\0", 2).append(body);
}

struct World {
  explicit World(ClientLimits limits = {})
      : port(loop, log, page->fd(), limits,
             {.connected =
                  [this](Conn conn, const Owner& owner, wire::ReleaseSlot*) {
                    last = conn;
                    pid = owner.pid;
                    note("connected");
                  },
              .frame =
                  [this](Conn, const wire::Frame& f) {
                    note("frame " + std::string(reinterpret_cast<const char*>(f.body.data()), f.body.size()));
                  },
              .garbage = [this](Conn, Errc why) { note("garbage " + std::string(name_of(why))); },
              .died = [this](Conn) { note("died"); },
              .slow = [this](Conn) { note("slow"); },
              .closed = [this](Conn, OnClient::By by) { note(by == OnClient::By::it ? "closed" : "closed by us"); }}) {}

  void note(const std::string& what) { told += what + "\n"; }
  // The client's end.
  Fd connect() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    port.adopt(Fd(ends[0]));
    return Fd(ends[1]);
  }
  void run_until_told(std::string_view what) {
    run_until(loop, [&] { return told.find(what) != std::string::npos; });
  }

  Result<SharedDeadline> page = SharedDeadline::create(NodeId{1});
  std::ostringstream lines;
  EventLoop loop;
  Log log{LogLevel::info, lines};
  std::string told;
  Conn last;
  std::uint32_t pid = 0;
  ClientPort port;
};

// All that is there; a read ends early behind the byte that carries the descriptor.
std::string read_some(const Fd& socket) {
  std::string all;
  std::array<char, 64 * 1024> part;
  for (ssize_t count = 1; count > 0;) {
    count = ::recv(socket.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (count > 0) all.append(part.data(), static_cast<std::size_t>(count));
  }
  return all;
}

TEST(ClientPort, first_hands_over_the_deadline_page) {
  World world;
  const Fd client = world.connect();
  char mark = 0;
  iovec part{.iov_base = &mark, .iov_len = 1};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ASSERT_EQ(::recvmsg(client.get(), &message, MSG_CMSG_CLOEXEC), 1);
  EXPECT_EQ(mark, deadline_page_mark);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  ASSERT_NE(header, nullptr);
  EXPECT_EQ(header->cmsg_type, SCM_RIGHTS);
  int received = -1;
  std::memcpy(&received, CMSG_DATA(header), sizeof received);
  EXPECT_GE(received, 0);
  const Fd page(received);
  EXPECT_EQ(world.pid, static_cast<std::uint32_t>(::getpid()));
}

TEST(ClientPort, frames_come_in_order_and_the_end_is_told_once) {
  World world;
  Fd client = world.connect();
  const std::string both = frame("one") + frame("two");
  ASSERT_EQ(::send(client.get(), both.data(), both.size(), 0), static_cast<ssize_t>(both.size()));
  world.run_until_told("frame two");
  client.reset();
  world.run_until_told("closed");
  EXPECT_EQ(world.told, "connected\nframe one\nframe two\nclosed\n");
  EXPECT_EQ(world.port.size(), 0U);
}

TEST(ClientPort, garbage_is_told_once_and_the_answer_still_gets_out) {
  World world;
  Fd client = world.connect();
  const std::string bytes = frame("one") + std::string(100'000, '\xff');
  ASSERT_EQ(::send(client.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  world.run_until_told("garbage frame_too_long");
  world.port.send(world.last, as_bytes("why"));
  world.port.close(world.last);
  EXPECT_EQ(world.told, "connected\nframe one\ngarbage frame_too_long\n");
  EXPECT_EQ(read_some(client), "Dwhy");
}

// Whoever holds locks and is told that its session is over stops when it has read that, not when it was written.
TEST(ClientPort, of_one_that_was_closed_it_is_told_when_it_has_hung_up) {
  World world;
  Fd client = world.connect();
  world.port.send(world.last, as_bytes("bye"));
  world.port.close(world.last);
  std::string got;
  const Watch reader = world.loop.watch(client.get(), {.readable = [&] { got += read_some(client); }});
  run_until(world.loop, [&] { return got == "Dbye"; });
  EXPECT_EQ(world.told, "connected\n");
  ASSERT_EQ(::send(client.get(), "more", 4, MSG_NOSIGNAL), 4) << "nobody minds what it still says";
  ::shutdown(client.get(), SHUT_RDWR);
  world.run_until_told("closed");
  EXPECT_EQ(world.told, "connected\nclosed\n");
}

TEST(ClientPort, of_one_that_was_closed_and_does_not_hang_up_it_is_told_that_it_was_us) {
  World world({.linger = std::chrono::milliseconds(30)});
  const Fd client = world.connect();
  world.port.close(world.last);
  world.run_until_told("closed");
  EXPECT_EQ(world.told, "connected\nclosed by us\n");
}

TEST(ClientPort, who_does_not_read_is_slow_and_gets_all_of_it_if_it_reads_then) {
  World world({.backlog_bytes_max = 1 << 20});
  Fd client = world.connect();
  const std::string chunk(64 * 1024, 'x');
  std::size_t sent = 0;
  while (world.told.find("slow") == std::string::npos) {
    world.port.send(world.last, as_bytes(chunk));
    sent += chunk.size();
    ASSERT_LT(sent, 64U << 20);
  }
  world.port.send(world.last, as_bytes("the end"));
  world.port.close(world.last);
  std::string got;
  // The client wakes up: everything, and the last words, are for it.
  {
    const Watch reader = world.loop.watch(client.get(), {.readable = [&] { got += read_some(client); }});
    run_until(world.loop, [&] { return got.ends_with("the end"); });
  }
  client.reset();
  world.run_until_told("closed");
  EXPECT_EQ(got.size(), 1 + sent + 7);
  EXPECT_TRUE(got.ends_with("the end"));
  EXPECT_EQ(world.told, "connected\nslow\nclosed\n");
}

TEST(ClientPort, a_closed_one_that_never_reads_is_cut_off_after_the_linger_time) {
  World world({.linger = std::chrono::milliseconds(30)});
  const Fd client = world.connect();
  world.port.send(world.last, as_bytes(std::string(1 << 20, 'x')));
  world.port.close(world.last);
  EXPECT_EQ(world.port.size(), 1U);
  world.run_until_told("closed");
  EXPECT_EQ(world.port.size(), 0U);
}

TEST(ClientPort, the_forgotten_are_told_of_no_more) {
  World world;
  const Fd client = world.connect();
  world.port.send(world.last, as_bytes("bye"));
  world.port.forget_all();
  EXPECT_EQ(world.told, "connected\n");
  EXPECT_EQ(world.port.size(), 0U);
  EXPECT_EQ(read_some(client), "Dbye");
}

// What was said to the old connection in the turn in which it ended must not reach a new one.
TEST(ClientPort, numbers_are_small_and_used_again_in_a_later_turn) {
  World world;
  Fd first = world.connect();
  const Conn number = world.last;
  const Fd second = world.connect();
  EXPECT_NE(world.last, number);
  first.reset();
  world.run_until_told("closed");
  const Fd third = world.connect();
  EXPECT_NE(world.last, number);
  world.port.end_turn();
  const Fd fourth = world.connect();
  EXPECT_EQ(world.last, number);
}

// The parent keeps a copy of the socket, so only the pidfd can tell. The child connects by itself, since
// the facts are those of the process that did.
TEST(ClientPort, a_death_is_told_behind_the_last_words) {
  const TemporaryDir dir;
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  (dir / "s").string().copy(address.sun_path, sizeof address.sun_path - 1);
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  World world;
  const Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int gate[2];
  ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char go = 0;
    ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (::read(gate[0], &go, 1) != 1) ::_exit(1);
    const std::string last_words = frame("last words");
    ::send(client.get(), last_words.data(), last_words.size(), 0);
    ::_exit(0);
  }
  const Fd gate_end(gate[1]);
  const Fd gate_start(gate[0]);
  world.port.listen(listener.get());
  world.run_until_told("connected");
  EXPECT_EQ(world.pid, static_cast<std::uint32_t>(child));
  ASSERT_EQ(::write(gate_end.get(), "g", 1), 1);
  ::waitpid(child, nullptr, 0);
  world.run_until_told("died");
  EXPECT_EQ(world.told, "connected\nframe last words\ndied\n");
}

}  // namespace
}  // namespace holdfast::io
