// SPDX-License-Identifier: Apache-2.0
// A program that speaks the client protocol by hand, so that a test can also speak it wrongly.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/limits.hpp"
#include "daemon_process.hpp"
#include "wire/client_messages.hpp"
#include "wire/framing.hpp"

namespace holdfast::test {

class RawClient {
 public:
  explicit RawClient(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << path;
    char mark = 0;
    EXPECT_EQ(::recv(socket_, &mark, 1, 0), 1);  // the page's descriptor is not wanted here
    EXPECT_EQ(mark, 'D');
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void hello() {
    send(wire::ClientHello{.label = "test"});
    wait<wire::Welcome>();
  }
  template <wire::Described M>
  void send(const M& message) {
    wire::Buffer bytes;
    wire::append_frame(bytes, message);
    raw(bytes.text());
  }
  void raw(std::string_view bytes) {
    EXPECT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // The next message of this kind; others are passed over. Its views live until the next call.
  template <wire::Described M>
  M wait() {
    M message{};
    while (next())
      if (frame_.type == static_cast<std::uint16_t>(M::type)) {
        EXPECT_TRUE(wire::decode(frame_.body, message));
        return message;
      }
    ADD_FAILURE() << M::name << " did not come";
    return message;
  }
  [[nodiscard]] bool closed_by_daemon() {
    while (next()) continue;
    return ended_;
  }

  // EX without waiting, or for as long as it takes.
  wire::Granted lock(std::string_view name, Mode mode = Mode::EX) {
    send(wire::Lock{.request = RequestId{++requests_}, .mode = mode, .resource = name});
    return wait<wire::Granted>();
  }
  Errc try_lock(std::string_view name) {
    send(wire::Lock{.request = RequestId{++requests_}, .mode = Mode::EX, .flags = {Flag::noqueue}, .resource = name});
    return wait<wire::Refused>().status;
  }
  Errc unlock(ClaimId lock) {
    send(wire::Unlock{.request = RequestId{++requests_}, .lock = lock, .value = {}});
    return wait<wire::Done>().status;
  }
  Errc set_view(const wire::WireView& view) {
    send(wire::SetView{.request = RequestId{++requests_}, .view = view});
    return wait<wire::Done>().status;
  }

 private:
  bool next() {
    bytes_.consume(std::exchange(used_, 0));
    while (wire::cut_frame(bytes_.bytes(), limits::client_frame_bytes_max, frame_) != wire::Cut::frame) {
      pollfd more{.fd = socket_, .events = POLLIN, .revents = 0};
      if (::poll(&more, 1, patience_ms) != 1) return false;
      std::array<std::byte, 4096> part;
      const ssize_t count = ::recv(socket_, part.data(), part.size(), 0);
      if (count <= 0) ended_ = true;
      if (count <= 0) return false;
      bytes_.append(std::span(part).first(static_cast<std::size_t>(count)));
    }
    used_ = frame_.whole.size();
    return true;
  }

  int socket_;
  wire::Buffer bytes_;
  wire::Frame frame_;
  std::size_t used_ = 0;
  bool ended_ = false;
  std::uint64_t requests_ = 0;
};

}  // namespace holdfast::test
