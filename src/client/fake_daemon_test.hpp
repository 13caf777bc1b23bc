// SPDX-License-Identifier: Apache-2.0
// FakeDaemon: a daemon that follows a script, for tests of the client. It listens in a directory of its own;
// the script runs in a thread and speaks with the one client that connects. Every wait has a deadline, so a
// client that says nothing fails the test instead of hanging it.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/limits.hpp"
#include "client/socket.hpp"
#include "wire/client_messages.hpp"
#include "wire/deadline_page.hpp"
#include "wire/framing.hpp"

namespace holdfast::client {

inline constexpr ClaimId lock_a{0x1'0000'0001};
inline constexpr ClaimId lock_b{0x1'0000'0002};
inline constexpr Incarnation test_life{42};

// The page as the daemon sees it.
class TestPage {
 public:
  TestPage() : file_(::memfd_create("deadline", MFD_CLOEXEC)) {
    EXPECT_EQ(::ftruncate(file_.get(), 4096), 0);
    page_ = static_cast<wire::DeadlinePage*>(
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0));
    *page_ = wire::DeadlinePage{.node = 1, .incarnation = test_life.value()};
  }
  TestPage(const TestPage&) = delete;
  TestPage& operator=(const TestPage&) = delete;
  ~TestPage() { ::munmap(page_, 4096); }
  void stamp(BootClock::time_point deadline) { wire::stamp(*page_, deadline.time_since_epoch().count()); }
  [[nodiscard]] wire::DeadlinePage& page() { return *page_; }
  [[nodiscard]] int fd() const { return file_.get(); }

 private:
  Fd file_;
  wire::DeadlinePage* page_ = nullptr;
};

// The daemon's end of the connection.
class Peer {
 public:
  Peer(int listener, TestPage& page) : page_(page), socket_(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) {
    limit_receive(socket_, std::chrono::seconds(10));
  }

  void send_page(char byte = 'D') { send_descriptor(byte, page_.fd()); }
  void send_descriptor(char byte, int descriptor) {
    iovec from{.iov_base = &byte, .iov_len = 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &from;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    EXPECT_EQ(::sendmsg(socket_.get(), &message, MSG_NOSIGNAL), 1);
  }
  // As a daemon greets a program whose locks are valid for a minute.
  wire::ClientHello greet() {
    page_.stamp(BootClock::now() + std::chrono::minutes(1));
    send_page();
    const auto hello = next<wire::ClientHello>();
    say(wire::Welcome{.node = NodeId{1},
                      .incarnation = test_life,
                      .owner = OwnerId{7},
                      .lease = std::chrono::seconds(3),
                      .value_bytes_max = 64,
                      .version = "0.1"});
    return hello;
  }

  // The next message, which must be of this kind. Its texts live as long as the Peer.
  template <class M>
  M next() {
    M message;
    const wire::Frame frame = next_frame();
    EXPECT_EQ(frame.type, static_cast<std::uint16_t>(M::type)) << "expected " << M::name;
    EXPECT_TRUE(wire::decode(frame.body, message)) << M::name;
    return message;
  }
  template <class M>
  void say(const M& message) {
    wire::Buffer bytes;
    wire::append_frame(bytes, message);
    say_bytes(bytes.bytes());
  }
  void say_bytes(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
  }
  // Serves one lock request with a grant.
  wire::Lock grant(ClaimId lock, Mode mode = Mode::EX) {
    const auto asked = next<wire::Lock>();
    say(granted(asked.request, lock, mode));
    return asked;
  }
  static wire::Granted granted(RequestId request, ClaimId lock, Mode mode = Mode::EX) {
    return {.request = request, .lock = lock, .mode = mode, .token = {Epoch{1}, 5}};
  }
  // Serves one answered unlock.
  wire::Unlock unlock() {
    const auto asked = next<wire::Unlock>();
    say(wire::Done{.request = asked.request});
    return asked;
  }
  // True when the client has hung up.
  bool hung_up() {
    char byte = 0;
    const ssize_t count = ::recv(socket_.get(), &byte, 1, 0);
    return count == 0 || (count < 0 && errno == ECONNRESET);
  }
  void close() { socket_ = {}; }
  [[nodiscard]] TestPage& page() { return page_; }

 private:
  wire::Frame next_frame() {
    wire::Frame frame;
    while (wire::cut_frame(in_.bytes(), limits::client_frame_bytes_max, frame) != wire::Cut::frame) {
      std::byte chunk[4096];
      const ssize_t count = ::recv(socket_.get(), chunk, sizeof chunk, 0);
      if (count <= 0) {
        ADD_FAILURE() << "the client said nothing more";
        return {};
      }
      in_.append({chunk, static_cast<std::size_t>(count)});
    }
    const std::size_t size = frame.whole.size();
    kept_.emplace_back(frame.whole.begin(), frame.whole.end());
    in_.consume(size);
    (void)wire::cut_frame(kept_.back(), limits::client_frame_bytes_max, frame);
    return frame;
  }

  TestPage& page_;
  Fd socket_;
  wire::Buffer in_;
  std::deque<std::vector<std::byte>> kept_;
};

class FakeDaemon {
 public:
  using Script = std::function<void(Peer&)>;
  explicit FakeDaemon(Script script) : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    char name[] = "/tmp/holdfast-client-test-XXXXXX";
    directory_ = ::mkdtemp(name);
    path_ = directory_ + "/socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 4), 0);
    thread_ = std::thread([this, script = std::move(script)] {
      Peer peer(listener_.get(), page_);
      script(peer);
    });
  }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;
  ~FakeDaemon() {
    // Wakes a script that nobody connected to.
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] TestPage& page() { return page_; }

 private:
  TestPage page_;
  Fd listener_;
  std::string directory_;
  std::string path_;
  std::thread thread_;
};

}  // namespace holdfast::client
