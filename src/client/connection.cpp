// SPDX-License-Identifier: Apache-2.0
#include "client/connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>
#include <utility>

#include "base/limits.hpp"
#include "client/environment.hpp"

namespace holdfast::client {
namespace {

// While a send waits for room it comes back this often to look at the clock.
constexpr std::chrono::milliseconds tick{500};
// What one receive may bring: some hundred answers, and any single message.
constexpr std::size_t receive_bytes = 64 * 1024;
static_assert(receive_bytes > limits::client_frame_bytes_max);

// Before the session is open there is nobody who could want an event.
class Ignore final : public EventSink {
  void take(session::Event&) override {}
};

Error cannot_connect(const std::string& path, const Error& why) {
  std::string text = "cannot connect to the daemon at " + path + ": " +
                     (why.detail.empty() ? std::string(row_of(why.code).text) : why.detail);
  if (why.code == Errc::cannot_connect)
    text += ". Start one (holdfastd, or a local cluster with `holdfast up`), or name its socket with HOLDFAST_SOCKET";
  return Error{why.code, std::move(text)};
}

std::string joined(const std::vector<std::string>& paths) {
  std::string text = paths.front();
  for (std::size_t i = 1; i < paths.size(); ++i) text += " or " + paths[i];
  return text;
}

}  // namespace

Result<Connection> Connection::connect(const ConnectOptions& options) {
  const std::vector<std::string> paths = socket_paths(options.socket);
  Error first{Errc::cannot_connect};
  for (const std::string& path : paths) {
    Result<Fd> socket = connect_to(path, options.connect_max);
    if (!socket) {
      if (path == paths.front()) first = socket.error();
      continue;
    }
    Result<Connection> made = greet(std::move(*socket), options);
    if (!made && made.error().code != Errc::bad_argument) return cannot_connect(path, made.error());
    return made;
  }
  if (first.code == Errc::bad_argument) return first;
  return cannot_connect(joined(paths), first);
}

Result<Connection> Connection::greet(Fd socket, const ConnectOptions& options) {
  if (options.label.size() > limits::label_bytes_max)
    return Error{Errc::bad_argument, "the label has " + std::to_string(options.label.size()) + " bytes, at most " +
                                         std::to_string(limits::label_bytes_max) + " are allowed"};
  const BootClock::time_point until = BootClock::now() + options.connect_max;
  limit_receive(socket, options.connect_max);
  HF_TRY(const Greeting greeting, receive_greeting(socket));
  Connection made(std::move(socket), options, map_release_slot(greeting.slot));
  HF_TRY(made.page_, map_deadline_page(greeting.page));
  receive_without_limit(made.socket_);
  Ignore nobody;
  made.send(nobody, until);
  while (made.session_.phase() == session::Phase::greeting) {
    const auto left = until - BootClock::now();
    if (left < std::chrono::nanoseconds{0} || !made.readable(left))
      return Error{Errc::cannot_connect, "it does not greet us"};
    (void)made.receive(nobody, Receive::look);
  }
  if (made.session_.phase() == session::Phase::over) return made.session_.ending();
  return made;
}

Connection::Connection(Fd socket, const ConnectOptions& options, Mapped<wire::ReleaseSlot> slot)
    : socket_(std::move(socket)),
      slot_(std::move(slot)),
      session_({.label = options.label,
                .life = options.life,
                .slot = slot_.get(),
                .confirm_losses = session::ConfirmLosses::by_program}) {}

void Connection::hang_up() {
  if (!socket_) return;
  // Releases that were only gathered may carry values. (One in the slot stays there: the daemon looks.)
  if (!session_.out().empty())
    (void)::send(socket_.get(), session_.out().data(), session_.out().size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  socket_ = {};
}

BootClock::time_point Connection::valid_until() const {
  // In this order: what is renewed behind the end of the session is not for us.
  const std::int64_t deadline = wire::deadline_of(*page_, session_.facts().incarnation);
  const bool is_over = slot_ && slot_->is_over();
  return BootClock::time_point(std::chrono::nanoseconds(is_over ? 0 : deadline));
}

void Connection::send(EventSink& sink, BootClock::time_point until) {
  wire::Buffer& out = session_.out();
  while (!out.empty()) {
    const ssize_t sent = ::send(socket_.get(), out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      out.consume(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (BootClock::now() >= until) return;
      wait_while_full(sink, until);
    } else if (errno != EINTR) {
      const int why = errno;
      // The daemon may have said why it hung up.
      while (receive(sink, Receive::look) != 0) {
      }
      if (session_.phase() != session::Phase::over) broke(sink, errno_text(why));
      return;
    }
  }
}

void Connection::wait_while_full(EventSink& sink, BootClock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - BootClock::now());
  const auto most = until == BootClock::time_point::max() ? tick : std::min(left, tick);
  pollfd entry{.fd = socket_.get(), .events = POLLIN | POLLOUT, .revents = 0};
  (void)::poll(&entry, 1, static_cast<int>(std::max(most.count(), std::int64_t{0})));
  if ((entry.revents & POLLIN) != 0) (void)receive(sink, Receive::look);
}

std::size_t Connection::receive(EventSink& sink, Receive how) {
  if (session_.phase() == session::Phase::over) return 0;
  const std::size_t before = in_.size();
  std::byte* at = in_.extend(receive_bytes);
  const ssize_t count = ::recv(socket_.get(), at, receive_bytes, how == Receive::look ? MSG_DONTWAIT : 0);
  const int why = errno;
  in_.truncate(before + static_cast<std::size_t>(std::max(count, ssize_t{0})));
  if (count > 0) {
    hand_out(sink);
    return static_cast<std::size_t>(count);
  }
  if (count == 0) broke(sink, before == 0 ? "the daemon hung up" : "the daemon hung up in the middle of a message");
  else if (why != EAGAIN && why != EWOULDBLOCK && why != EINTR) broke(sink, errno_text(why));
  return 0;
}

void Connection::hand_out(EventSink& sink) {
  const std::size_t used = session_.receive_all(in_.bytes(), events_);
  for (session::Event& event : events_) sink.take(event);
  events_.clear();
  in_.consume(used);
}

void Connection::broke(EventSink& sink, const std::string& how) {
  session_.disconnected(how, events_);
  for (session::Event& event : events_) sink.take(event);
  events_.clear();
}

// Without an end in sight the receive itself waits: a limit would cost a timer, or one more system call.
void Connection::await(EventSink& sink, BootClock::time_point until) {
  if (until == BootClock::time_point::max())
    (void)receive(sink, Receive::wait);
  else if (const auto left = until - BootClock::now(); left > std::chrono::nanoseconds{0} && readable(left))
    (void)receive(sink, Receive::look);
}

void Connection::drain(EventSink& sink) {
  // A short read has emptied the socket: no need to ask once more only to be told so.
  while (receive(sink, Receive::look) == receive_bytes) {
  }
}

bool Connection::readable(std::chrono::nanoseconds timeout) const {
  pollfd entry{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const timespec limit{.tv_sec = seconds.count(), .tv_nsec = (timeout - seconds).count()};
  return ::ppoll(&entry, 1, timeout < std::chrono::nanoseconds{0} ? nullptr : &limit, nullptr) > 0;
}

}  // namespace holdfast::client
