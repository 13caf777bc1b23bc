// SPDX-License-Identifier: Apache-2.0
#include "io/peer_stream.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace holdfast::io {
namespace {

// A message waits for nothing: what belongs together was already gathered.
void send_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool would_block() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

PeerStream PeerStream::accepted(Fd socket, TlsContext* tls) {
  send_at_once(socket.get());
  auto session = tls == nullptr ? nullptr : tls->accept(socket.get());
  return PeerStream(std::move(socket), std::move(session), Stage::handshake);
}

Result<PeerStream> PeerStream::calling(const Address& address, TlsContext* tls) {
  Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const bool under_way = socket && (::connect(socket.get(), address.data(), address.size()) == 0 || errno == EINPROGRESS);
  if (!under_way) return Error{Errc::cannot_connect, std::strerror(errno)};
  send_at_once(socket.get());
  auto session = tls == nullptr ? nullptr : tls->connect(socket.get());
  return PeerStream(std::move(socket), std::move(session), Stage::connecting);
}

Progress PeerStream::establish() {
  if (stage_ == Stage::connecting) {
    int number = 0;
    socklen_t size = sizeof number;
    ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &number, &size);
    if (number != 0) return fail(number);
    if (Address::remote_of(fd()).text().empty()) return Progress::want_write;  // not answered yet
    stage_ = Stage::handshake;
  }
  if (stage_ == Stage::handshake) {
    if (tls_)
      if (const Progress progress = tls_->handshake(); progress != Progress::done) return progress;
    stage_ = Stage::established;
  }
  return Progress::done;
}

Moved PeerStream::read(std::span<std::byte> into) {
  if (tls_) return tls_->read(into);
  const ssize_t count = ::recv(fd(), into.data(), into.size(), MSG_DONTWAIT);
  if (count > 0) return {Progress::done, static_cast<std::size_t>(count)};
  if (count == 0) return {Progress::ended};
  return {would_block() ? Progress::want_read : fail(errno)};
}

Moved PeerStream::write(std::span<const std::byte> from) {
  if (tls_) return tls_->write(from);
  const ssize_t count = ::send(fd(), from.data(), from.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count >= 0) return {Progress::done, static_cast<std::size_t>(count)};
  return {would_block() ? Progress::want_write : fail(errno)};
}

void PeerStream::finish_writing() { ::shutdown(fd(), SHUT_WR); }

Progress PeerStream::fail(int number) {
  trouble_ = Error{Errc::cannot_connect, std::strerror(number)};
  return Progress::failed;
}

}  // namespace holdfast::io
