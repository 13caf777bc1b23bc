// SPDX-License-Identifier: Apache-2.0
#include "cli/run_channel.hpp"

#include "base/assert.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

namespace holdfast::cli {
namespace {

template <class Message>
bool send_plain(int fd, const Message& message) {
  return ::send(fd, &message, sizeof message, MSG_NOSIGNAL) == sizeof message;
}

// ECONNRESET: the other end went away before it had read all of ours. It is reported once and ahead
// of what that end had still sent, which the next look finds.
Channel::Got got(ssize_t length, std::size_t wanted) {
  if (length == static_cast<ssize_t>(wanted)) return Channel::Got::message;
  if (length < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
    return Channel::Got::nothing;
  return Channel::Got::closed;
}

}  // namespace

std::pair<Channel, Channel> Channel::make() {
  std::array<int, 2> ends{};
  HF_ASSERT(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {Channel(Fd(ends[0])), Channel(Fd(ends[1]))};
}

bool Channel::send(const Order& order) const { return send_plain(fd(), order); }
bool Channel::send(const News& news) const { return send_plain(fd(), news); }

bool Channel::send(const News& news, int passed_fd) const {
  iovec part{.iov_base = const_cast<News*>(&news), .iov_len = sizeof news};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof passed_fd)> space{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof passed_fd);
  std::memcpy(CMSG_DATA(header), &passed_fd, sizeof passed_fd);
  return ::sendmsg(fd(), &message, MSG_NOSIGNAL) == sizeof news;
}

Channel::Got Channel::receive(Order& order) const {
  return got(::recv(fd(), &order, sizeof order, MSG_DONTWAIT), sizeof order);
}

Channel::Got Channel::receive(News& news, Fd& passed) const {
  iovec part{.iov_base = &news, .iov_len = sizeof news};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> space{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  const Got result = got(::recvmsg(fd(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), sizeof news);
  if (result != Got::message) return result;
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message);
      header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(header), sizeof number);
    passed = Fd(number);
  }
  return result;
}

}  // namespace holdfast::cli
