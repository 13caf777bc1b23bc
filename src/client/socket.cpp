// SPDX-License-Identifier: Apache-2.0
#include "client/socket.hpp"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace holdfast::client {

Fd::Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Fd& Fd::operator=(Fd&& other) noexcept {
  Fd taken(std::move(other));
  std::swap(fd_, taken.fd_);
  return *this;
}

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

void Unmap::operator()(const wire::DeadlinePage* page) const {
  ::munmap(const_cast<wire::DeadlinePage*>(page), sizeof *page);
}
void Unmap::operator()(wire::ReleaseSlot* slot) const { ::munmap(slot, sizeof *slot); }

namespace {

// A file that ends too early would not fail here but kill us later, when it is read: null, as for any failure.
void* map(const Fd& file, std::size_t bytes, int protection) {
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0 || facts.st_size < static_cast<off_t>(bytes)) return nullptr;
  void* at = ::mmap(nullptr, bytes, protection, MAP_SHARED, file.get(), 0);
  return at == MAP_FAILED ? nullptr : at;
}

}  // namespace

Result<Mapped<const wire::DeadlinePage>> map_deadline_page(const Fd& file) {
  Mapped<const wire::DeadlinePage> page(
      static_cast<const wire::DeadlinePage*>(map(file, sizeof(wire::DeadlinePage), PROT_READ)));
  if (!page) return Error{Errc::bad_message, "the daemon's deadline page is too short, or cannot be mapped"};
  if (page->magic != wire::deadline_page_magic)
    return Error{Errc::bad_message, "what the daemon shared is no deadline page"};
  if (page->version != wire::deadline_page_version)
    return Error{Errc::wrong_version, "the daemon's deadline page has version " + std::to_string(page->version) +
                                          ", this program knows " + std::to_string(wire::deadline_page_version)};
  return page;
}

Mapped<wire::ReleaseSlot> map_release_slot(const Fd& file) {
  return Mapped<wire::ReleaseSlot>(
      static_cast<wire::ReleaseSlot*>(map(file, sizeof(wire::ReleaseSlot), PROT_READ | PROT_WRITE)));
}

std::string errno_text(int number) { return std::generic_category().message(number); }

namespace {

timeval to_timeval(std::chrono::nanoseconds span) {
  // Zero would mean "for ever" to the kernel.
  const auto micros = std::max(std::chrono::duration_cast<std::chrono::microseconds>(span).count(), std::int64_t{1});
  return {.tv_sec = static_cast<time_t>(micros / 1'000'000), .tv_usec = static_cast<suseconds_t>(micros % 1'000'000)};
}

}  // namespace

Result<Fd> connect_to(const std::string& path, std::chrono::nanoseconds connect_max) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return Error{Errc::bad_argument, "the path of the socket has " + std::to_string(path.size()) +
                                         " bytes, at most " + std::to_string(sizeof address.sun_path - 1) +
                                         " are allowed: " + path};
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return Error{Errc::cannot_connect, "cannot make a socket: " + errno_text(errno)};
  // For a Unix socket this also limits how long connect() waits for a full backlog.
  const timeval most = to_timeval(connect_max);
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
  int failed = 0;
  do {
    failed = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } while (failed != 0 && errno == EINTR);
  if (failed != 0)
    return Error{errno == EACCES ? Errc::no_access : Errc::cannot_connect,
                 errno_text(errno == EAGAIN ? ETIMEDOUT : errno)};
  return socket;
}

void limit_receive(const Fd& socket, std::chrono::nanoseconds most) {
  const timeval limit = to_timeval(most);
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

void receive_without_limit(const Fd& socket) {
  const timeval none{};
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
}

namespace {

// The descriptors that came along; more than are wanted are closed.
Greeting take_descriptors(const msghdr& message) {
  Greeting greeting;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return greeting;
  const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (std::size_t i = 0; i < count; ++i) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(header) + i * sizeof(int), sizeof number);
    Fd descriptor(number);
    if (i == 0) greeting.page = std::move(descriptor);
    if (i == 1) greeting.slot = std::move(descriptor);
  }
  return greeting;
}

}  // namespace

Result<Greeting> receive_greeting(const Fd& socket) {
  char byte = 0;
  iovec into{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t count = 0;
  do {
    count = ::recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return Error{Errc::cannot_connect, errno == EAGAIN ? "it does not greet us" : errno_text(errno)};
  if (count == 0) return Error{Errc::cannot_connect, "it hung up before its greeting"};
  Greeting greeting = take_descriptors(message);
  if (byte != 'D' || !greeting.page) return Error{Errc::bad_message, "what listens there is no holdfastd"};
  return greeting;
}

}  // namespace holdfast::client
