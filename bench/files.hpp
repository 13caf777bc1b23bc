// SPDX-License-Identifier: Apache-2.0
// The few system calls of the bench: descriptors that close themselves, sockets of both kinds, epoll.
// What fails here ends the bench with a sentence: there is nothing to measure then.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::bench {

[[noreturn]] void give_up(std::string_view what);  // with errno's text
[[noreturn]] void give_up_plainly(std::string_view what);

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release();

 private:
  int fd_ = -1;
};

// A directory that goes with everything in it.
class TemporaryDirectory {
 public:
  enum class On { disk, memory };  // memory: if the machine has a place for it
  explicit TemporaryDirectory(On on = On::disk);
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

[[nodiscard]] Fd listen_unix(const std::string& path);
[[nodiscard]] Fd connect_unix(const std::string& path);
[[nodiscard]] Fd accept_one(const Fd& listener);
// On loopback, at a port of the kernel's choice, with TCP_NODELAY on what is accepted or connected.
[[nodiscard]] Fd listen_tcp(std::uint16_t& port);
[[nodiscard]] Fd connect_tcp(std::uint16_t port);

// Both block until everything was moved; the other end must not be gone.
void write_all(const Fd& fd, std::span<const char> bytes);
void read_all(const Fd& fd, std::span<char> bytes);
void make_nonblocking(const Fd& fd);
void set_nodelay(const Fd& fd);

class Poller {
 public:
  Poller();
  void watch(int fd);
  // The descriptors that can be read, waiting for at least one; empty after `timeout_ms` (-1: never).
  [[nodiscard]] std::span<const int> wait(int timeout_ms = -1);

 private:
  Fd epoll_;
  std::vector<int> ready_;
};

}  // namespace holdfast::bench
