// SPDX-License-Identifier: Apache-2.0
// ClientPort: the connections of local programs. It tells who they are, cuts what they send into frames,
// writes what is for them, and notices when their process dies or when they do not read. What frames mean
// is not known here.
//
// A new connection first gets one byte 'D' with two descriptors, of the deadline page and of the page with
// its release slot (that one may be missing); frames follow.
// OnClient only takes note: nothing of the port may be called from within it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "base/limits.hpp"
#include "io/conn.hpp"
#include "io/event_loop.hpp"
#include "io/fd.hpp"
#include "io/log_sink.hpp"
#include "model/owner.hpp"
#include "wire/framing.hpp"
#include "wire/release_slot.hpp"

namespace holdfast::io {

inline constexpr char deadline_page_mark = 'D';

// What a port tells. Each connection ends with exactly one `closed`, unless it was forgotten.
struct OnClient {
  // The slot stays mapped until `closed` has been told, or the connection was forgotten; null: it has none.
  std::function<void(Conn, const Owner&, wire::ReleaseSlot*)> connected;
  std::function<void(Conn, const wire::Frame&)> frame;
  std::function<void(Conn, Errc)> garbage;  // nothing is read from it any more
  std::function<void(Conn)> died;           // its process has ended; all that it had sent was told before
  std::function<void(Conn)> slow;           // once, when it leaves more unread than it may
  // Has the other side hung up, or was it only we who closed it?
  enum class By : std::uint8_t { it, us };
  std::function<void(Conn, By)> closed;
};

struct ClientLimits {
  std::size_t backlog_bytes_max = limits::session_backlog_bytes_max;
  // How long a connection may take, after close(), to read what was sent before and to hang up.
  Duration linger = std::chrono::seconds(5);
  // A few more than sessions, so that it is the node that refuses one too many, and says why.
  std::size_t connections_max = limits::sessions_max + 64;
};

class ClientPort {
 public:
  // REQUIRES: loop, log, and the descriptor of the page outlive the port.
  ClientPort(EventLoop& loop, Log& log, int deadline_page, ClientLimits limits, OnClient on_client);
  ~ClientPort();
  ClientPort(const ClientPort&) = delete;
  ClientPort& operator=(const ClientPort&) = delete;

  // REQUIRES: `listener` outlives the port or stop_listening().
  void listen(int listener);
  void stop_listening();
  // Takes over a connected socket.
  void adopt(Fd socket);

  // Writes now what the socket takes and the rest later. A connection that is closed already is no failure.
  void send(Conn conn, std::span<const std::byte> bytes);
  // How much of one program is read in a turn: a little, if another work goes on and all are to come to their turn soon.
  enum class Reading : std::uint8_t { usual, little };
  void set_reading(Reading reading);
  // Ends the connection when what was sent has been read and the other side has hung up, at the latest after `linger`.
  void close(Conn conn);
  // Ends all of them when what was sent has been taken; nothing is told of them any more.
  void forget_all();
  // Numbers of connections that have ended may be given again. Called behind each turn.
  void end_turn();
  // Connections that are not at their end yet, closing and forgotten ones among them.
  [[nodiscard]] std::size_t size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::io
