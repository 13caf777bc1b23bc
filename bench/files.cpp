// SPDX-License-Identifier: Apache-2.0
#include "bench/files.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace holdfast::bench {

void give_up(std::string_view what) {
  std::fprintf(stderr, "holdfast-bench: %.*s: %s\n", static_cast<int>(what.size()), what.data(), std::strerror(errno));
  std::exit(2);
}
void give_up_plainly(std::string_view what) {
  std::fprintf(stderr, "holdfast-bench: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(2);
}

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}
Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}
int Fd::release() { return std::exchange(fd_, -1); }

TemporaryDirectory::TemporaryDirectory(On on) {
  constexpr const char* memory = "/dev/shm";
  const bool in_memory = on == On::memory && ::access(memory, W_OK) == 0;
  std::string path = std::string(in_memory ? memory : "/tmp") + "/holdfast-bench.XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) give_up("cannot make a temporary directory");
  path_ = path;
}
TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

namespace {

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) give_up_plainly("the path of a socket is too long: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}
sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}
Fd make_socket(int family) {
  Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) give_up("cannot make a socket");
  return fd;
}
template <class Address>
const sockaddr* plain(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Fd listen_unix(const std::string& path) {
  Fd fd = make_socket(AF_UNIX);
  const sockaddr_un address = unix_address(path);
  if (::bind(fd.get(), plain(address), sizeof address) != 0 || ::listen(fd.get(), 64) != 0)
    give_up("cannot listen at " + path);
  return fd;
}

Fd connect_unix(const std::string& path) {
  Fd fd = make_socket(AF_UNIX);
  const sockaddr_un address = unix_address(path);
  if (::connect(fd.get(), plain(address), sizeof address) != 0) give_up("cannot connect to " + path);
  return fd;
}

Fd accept_one(const Fd& listener) {
  Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (fd.get() < 0) give_up("cannot accept a connection");
  return fd;
}

Fd listen_tcp(std::uint16_t& port) {
  Fd fd = make_socket(AF_INET);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(fd.get(), plain(address), sizeof address) != 0 || ::listen(fd.get(), 64) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    give_up("cannot listen on loopback");
  port = ntohs(address.sin_port);
  return fd;
}

Fd connect_tcp(std::uint16_t port) {
  Fd fd = make_socket(AF_INET);
  const sockaddr_in address = loopback(port);
  if (::connect(fd.get(), plain(address), sizeof address) != 0) give_up("cannot connect on loopback");
  set_nodelay(fd);
  return fd;
}

void set_nodelay(const Fd& fd) {
  const int on = 1;
  if (::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) give_up("cannot set TCP_NODELAY");
}

void make_nonblocking(const Fd& fd) {
  if (::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK) != 0) give_up("cannot set O_NONBLOCK");
}

void write_all(const Fd& fd, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) give_up("cannot write to the other end");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void read_all(const Fd& fd, std::span<char> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::read(fd.get(), bytes.data(), bytes.size());
    if (count < 0) give_up("cannot read from the other end");
    if (count == 0) give_up_plainly("the other end closed the connection");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_.get() < 0) give_up("cannot make an epoll");
}

void Poller::watch(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) give_up("cannot watch a connection");
}

std::span<const int> Poller::wait(int timeout_ms) {
  epoll_event events[64];
  const int count = ::epoll_wait(epoll_.get(), events, 64, timeout_ms);
  if (count < 0 && errno != EINTR) give_up("cannot wait");
  ready_.clear();
  for (int i = 0; i < count; ++i) ready_.push_back(events[i].data.fd);
  return ready_;
}

}  // namespace holdfast::bench
