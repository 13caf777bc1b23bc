// SPDX-License-Identifier: Apache-2.0
// Connection: a session::Session over one Unix socket, and the daemon's deadline page. The raw layer: calls
// go to session() with explicit flags and lock ids, what comes back goes to an EventSink. Client sits on it,
// and so do the fronts for other interfaces.
//
// Thread-safety: none. Only send() and receive() make system calls; a call and its answer cost one each.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/result.hpp"
#include "client/socket.hpp"
#include "holdfast/client.hpp"
#include "session/session.hpp"
#include "wire/buffer.hpp"

namespace holdfast::client {

// Takes events as they are read. It must not call the connection: the event's text points into its buffer.
class EventSink {
 public:
  virtual void take(session::Event& event) = 0;

 protected:
  ~EventSink() = default;
};

// Wait for bytes as long as it takes, or only look?
enum class Receive : std::uint8_t { wait, look };

class Connection {
 public:
  // Connects and greets; phase() is open afterwards. Errors: Client::connect.
  static Result<Connection> connect(const ConnectOptions& options);
  // The same over a socket that is connected already.
  static Result<Connection> greet(Fd socket, const ConnectOptions& options);
  Connection(Connection&&) = default;
  Connection& operator=(Connection&&) = default;
  ~Connection() { hang_up(); }

  [[nodiscard]] session::Session& session() { return session_; }
  [[nodiscard]] const session::Session& session() const { return session_; }
  [[nodiscard]] int fd() const { return socket_.get(); }
  // Until when the locks of this session are surely nobody else's; the epoch of the clock: they are not.
  [[nodiscard]] BootClock::time_point valid_until() const;

  // Sends what stands in session().out(). As long as the daemon takes no more it reads, so that two sides
  // that are both full go on; after `until` it keeps the rest for the next time.
  void send(EventSink& sink, BootClock::time_point until = BootClock::time_point::max());
  // Reads once; how many bytes came. If the connection broke, the session is over afterwards and the sink has
  // heard why.
  std::size_t receive(EventSink& sink, Receive how);
  // Waits for something to read until then, at most; and reads it. Can come back earlier with nothing.
  void await(EventSink& sink, BootClock::time_point until);
  // Reads what is there, without waiting.
  void drain(EventSink& sink);
  // What is not sent is tried once, without waiting; then the daemon sees us gone.
  void hang_up();
  // Waits until there is something to read; false after `timeout` (negative: none) or a signal.
  [[nodiscard]] bool readable(std::chrono::nanoseconds timeout) const;

 private:
  Connection(Fd socket, const ConnectOptions& options, Mapped<wire::ReleaseSlot> slot);
  void wait_while_full(EventSink& sink, BootClock::time_point until);
  void hand_out(EventSink& sink);
  void broke(EventSink& sink, const std::string& how);

  Fd socket_;
  Mapped<const wire::DeadlinePage> page_;
  Mapped<wire::ReleaseSlot> slot_;
  session::Session session_;
  wire::Buffer in_;
  session::Events events_;
};

}  // namespace holdfast::client
