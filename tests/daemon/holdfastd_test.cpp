// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "daemon_process.hpp"
#include "raw_client.hpp"

namespace holdfast::test {
namespace {

TEST(Holdfastd, serves_without_configuration_and_ends_as_asked) {
  const TemporaryDir dir;
  DaemonProcess daemon(dir / "1", {});
  EXPECT_EQ(daemon.ready("node"), "1");
  EXPECT_EQ(daemon.ready("socket"), daemon.socket());
  EXPECT_EQ(daemon.ready("pid"), std::to_string(daemon.pid()));
  RawClient program(daemon.socket());
  program.hello();
  EXPECT_EQ(program.lock("a").mode, Mode::EX);
  EXPECT_EQ(daemon.kill(SIGTERM), 0) << daemon.log();
  EXPECT_EQ(program.wait<wire::Ended>().status, Errc::shutting_down);
  EXPECT_TRUE(program.closed_by_daemon());
  EXPECT_FALSE(std::filesystem::exists(daemon.socket()));
}

TEST(Holdfastd, a_second_one_on_the_same_socket_is_refused_by_pid) {
  const TemporaryDir dir;
  const DaemonProcess first(dir / "1", {});
  // Another name for the same socket.
  std::filesystem::create_directories(dir / "2");
  std::filesystem::create_hard_link(first.socket(), dir / "2/s");
  DaemonProcess second(dir / "2", {});
  EXPECT_EQ(second.wait(), 1);
  EXPECT_NE(second.log().find("pid " + std::to_string(first.pid())), std::string::npos) << second.log();
  RawClient program(first.socket());
  program.hello();
}

TEST(Holdfastd, wrong_configuration_ends_with_2_and_names_the_line) {
  const TemporaryDir dir;
  std::ofstream(dir / "c.toml") << "[node]\nid = 1\n[lease]\nlese_ms = 5\n";
  DaemonProcess daemon(dir / "1", {"--config", dir / "c.toml"});
  EXPECT_EQ(daemon.wait(), 2);
  EXPECT_NE(daemon.log().find("c.toml:4: unknown key 'lese_ms' in [lease]; did you mean 'lease_ms'?"), std::string::npos)
      << daemon.log();
}

TEST(Holdfastd, garbage_ends_one_session_and_nobody_else_notices) {
  const TemporaryDir dir;
  DaemonProcess daemon(dir / "1", {});
  RawClient other(daemon.socket());
  other.hello();
  EXPECT_EQ(other.lock("a").mode, Mode::EX);
  RawClient mute(daemon.socket());
  mute.raw(std::string(4096, '\xff'));
  EXPECT_EQ(mute.wait<wire::Ended>().status, Errc::frame_too_long);
  EXPECT_TRUE(mute.closed_by_daemon());
  RawClient known(daemon.socket());
  known.hello();
  known.raw(std::string("\x02\0\0\0\xee\xee", 6));
  EXPECT_EQ(known.wait<wire::Ended>().status, Errc::bad_message);
  EXPECT_EQ(other.lock("b").mode, Mode::EX);
  EXPECT_EQ(daemon.kill(SIGTERM), 0);
}

TEST(Holdfastd, a_process_that_dies_holds_nothing_though_its_socket_lives) {
  const TemporaryDir dir;
  DaemonProcess daemon(dir / "1", {});
  RawClient heir(daemon.socket());
  heir.hello();
  int gate[2];
  ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    RawClient holder(daemon.socket());
    holder.hello();
    holder.lock("a");
    // A grandchild keeps the socket open until the test closes the gate.
    if (::fork() == 0) {
      char end = 0;
      ::close(gate[1]);
      [[maybe_unused]] const ssize_t closed = ::read(gate[0], &end, 1);
    }
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(heir.lock("a").mode, Mode::EX);
  ::close(gate[0]);
  ::close(gate[1]);
}

TEST(Holdfastd, the_successor_of_a_killed_one_waits_out_its_lease) {
  const TemporaryDir dir;
  constexpr auto lease = std::chrono::milliseconds(400);
  {
    DaemonProcess daemon(dir / "1", {"--lease", "400"});
    RawClient program(daemon.socket());
    program.hello();
    program.lock("a");
    daemon.kill(SIGKILL);
  }
  const auto killed = std::chrono::steady_clock::now();
  DaemonProcess successor(dir / "1", {"--lease", "400"});
  {
    RawClient program(successor.socket());
    program.hello();
    EXPECT_EQ(program.try_lock("a"), Errc::recovering);
    EXPECT_EQ(program.lock("a").mode, Mode::EX);
    EXPECT_GE(std::chrono::steady_clock::now() - killed, lease);
  }
  RawClient witness(successor.socket());
  witness.hello();
  EXPECT_EQ(witness.unlock(witness.lock("a").lock), Errc::ok) << "the lock of the other has gone";
  EXPECT_EQ(successor.kill(SIGTERM), 0);
  // A clean end that leaves nobody behind is followed at once.
  DaemonProcess third(dir / "1", {"--lease", "400"});
  RawClient next(third.socket());
  next.hello();
  next.send(wire::Lock{.request = RequestId{9}, .mode = Mode::EX, .flags = {Flag::noqueue}, .resource = "a"});
  EXPECT_EQ(next.wait<wire::Granted>().mode, Mode::EX);
}

TEST(Holdfastd, the_successor_of_one_that_left_holders_behind_waits_for_them) {
  const TemporaryDir dir;
  DaemonProcess daemon(dir / "1", {"--lease", "400"});
  RawClient holder(daemon.socket());
  holder.hello();
  holder.lock("a");
  EXPECT_EQ(daemon.kill(SIGTERM), 0);
  DaemonProcess successor(dir / "1", {"--lease", "400"});
  RawClient program(successor.socket());
  program.hello();
  EXPECT_EQ(program.try_lock("a"), Errc::recovering) << "the holder may be busy still, whatever it was told";
  EXPECT_EQ(program.lock("a").mode, Mode::EX);
}

// It stands still for longer than its lease: its programs lost their locks, and it begins anew by itself.
TEST(Holdfastd, a_node_that_slept_through_its_lease_begins_a_new_life) {
  const TemporaryDir dir;
  DaemonProcess daemon(dir / "1", {"--lease", "100"});
  RawClient program(daemon.socket());
  program.hello();
  program.lock("a");
  ASSERT_EQ(::kill(daemon.pid(), SIGSTOP), 0);
  // The time itself is what is tested here; an event that could be waited for does not exist.
  EXPECT_EQ(::poll(nullptr, 0, 250), 0);
  ASSERT_EQ(::kill(daemon.pid(), SIGCONT), 0);
  EXPECT_EQ(program.wait<wire::Ended>().status, Errc::lease_expired);
  EXPECT_TRUE(program.closed_by_daemon());
  RawClient again(daemon.socket());
  again.hello();
  EXPECT_EQ(again.lock("a").mode, Mode::EX);
  EXPECT_EQ(daemon.kill(SIGTERM), 0);
}

struct Pair {
  explicit Pair(const TemporaryDir& dir, const std::string& other_key = "0123456789abcdef") {
    write_key(dir / "key1", "0123456789abcdef");
    write_key(dir / "key2", other_key);
    one = start(dir, "1");
    two = start(dir, "2");
  }
  static void write_key(const std::string& path, const std::string& key) {
    std::ofstream(path) << key;
    ::chmod(path.c_str(), 0600);
  }
  static std::unique_ptr<DaemonProcess> start(const TemporaryDir& dir, const std::string& number) {
    return std::make_unique<DaemonProcess>(
        dir / number, std::vector<std::string>{"--node", number, "--membership", "manual", "--peer-listen",
                                               "127.0.0.1:0", "--lease", "1000", "--key-file", dir / ("key" + number)});
  }
  [[nodiscard]] wire::WireView view() const {
    wire::WireView view{.epoch = Epoch{10}, .members = {}, .configured_votes = 2};
    std::uint32_t number = 0;
    for (const auto* daemon : {one.get(), two.get()})
      view.members.push_back({.node = NodeId{++number},
                              .incarnation = Incarnation{std::stoull(daemon->ready("incarnation"))},
                              .address = daemon->ready("peer_address")});
    return view;
  }
  std::unique_ptr<DaemonProcess> one, two;
};

TEST(Holdfastd, two_nodes_with_a_shared_key_are_one_lock_manager) {
  const TemporaryDir dir;
  const Pair pair(dir);
  RawClient a(pair.one->socket());
  RawClient b(pair.two->socket());
  a.hello();
  b.hello();
  EXPECT_EQ(a.set_view(pair.view()), Errc::ok);
  EXPECT_EQ(b.set_view(pair.view()), Errc::ok);
  for (const char* name : {"r1", "r2", "r3", "r4"}) {
    const wire::Granted first = a.lock(name);
    EXPECT_EQ(b.try_lock(name), Errc::blocked);
    a.send(wire::Release{.lock = first.lock});
    const wire::Granted second = b.lock(name);
    EXPECT_GT(second.token, first.token);
  }
  EXPECT_EQ(pair.one->kill(SIGTERM), 0) << pair.one->log();
  EXPECT_EQ(pair.two->kill(SIGTERM), 0) << pair.two->log();
}

TEST(Holdfastd, another_key_is_refused_with_a_clear_line) {
  const TemporaryDir dir;
  const Pair pair(dir, "another key, long enough");
  RawClient a(pair.one->socket());
  RawClient b(pair.two->socket());
  a.hello();
  b.hello();
  EXPECT_EQ(a.set_view(pair.view()), Errc::ok);
  EXPECT_EQ(b.set_view(pair.view()), Errc::ok);
  // Whoever is called logs it; keep asking until it was called.
  const auto refused = [&] {
    return pair.one->log().find("wrong or missing key") != std::string::npos ||
           pair.two->log().find("wrong or missing key") != std::string::npos;
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  while (!refused() && std::chrono::steady_clock::now() < deadline) {
    a.send(wire::StatusQuery{.request = RequestId{1000}});
    EXPECT_TRUE(a.wait<wire::NodeStatus>().peers_connected.empty());
  }
  EXPECT_TRUE(refused());
}

}  // namespace
}  // namespace holdfast::test
