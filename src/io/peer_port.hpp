// SPDX-License-Identifier: Apache-2.0
// PeerPort: the TCP connections with other nodes. It listens, calls those it is told to call (again and
// again), authenticates by the shared key if there is one, and moves frames. Without a key it listens on
// loopback only. What frames mean is not known here.
//
// Strangers are few and short: a connection that was accepted has `establish_max` to authenticate and send
// its first frame, and at most `strangers_max` of them wait at a time.
// OnPeer only takes note: nothing of the port may be called from within it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "io/conn.hpp"
#include "io/event_loop.hpp"
#include "io/log_sink.hpp"
#include "io/tls.hpp"
#include "model/ids.hpp"
#include "wire/framing.hpp"

namespace holdfast::io {

// What a port tells. Each connection that was told ends with exactly one `closed`, unless it was forgotten.
struct OnPeer {
  std::function<void(Conn, NodeId dialed)> connected;  // dialed: none if we were called
  std::function<void(Conn, const wire::Frame&)> frame;
  std::function<void(Conn, Errc)> garbage;  // nothing is read from it any more
  std::function<void(Conn)> closed;
};

struct PeerPortConfig {
  std::string cluster;
  std::optional<SharedKey> key;
  Duration establish_max = std::chrono::seconds(5);
  std::size_t strangers_max = 64;
  // A peer that leaves more than this unread, on top of what was sent in one go, loses its connection; its link
  // sends again on the next one.
  std::size_t backlog_bytes_max = 64 * 1024 * 1024;
  Duration linger = std::chrono::seconds(1);
  Duration redial_min = std::chrono::milliseconds(20);
  Duration redial_max = std::chrono::seconds(1);
};

class PeerPort {
 public:
  // REQUIRES: loop and log outlive the port.
  PeerPort(EventLoop& loop, Log& log, PeerPortConfig config, OnPeer on_peer);
  ~PeerPort();
  PeerPort(const PeerPort&) = delete;
  PeerPort& operator=(const PeerPort&) = delete;

  // Gives the address with the port that was really taken (0 asks for any).
  [[nodiscard]] Result<std::string> listen(const std::string& address);

  // Calls this node until stop_dialing names it. A connection that ends is made again.
  void dial(NodeId node, const std::string& address);
  // The connection that stands already stays.
  void stop_dialing(NodeId node);

  // Writes now what the socket takes and the rest later. A connection that is closed already is no failure.
  void send(Conn conn, std::span<const std::byte> bytes);
  // How much is read in a turn: all that came, of every connection that something came on, or just so many little
  // pieces of one of them, by turns, when read_a_little() is called; or nothing of that until then.
  enum class Reading : std::uint8_t { all, little };
  void set_reading(Reading reading);
  [[nodiscard]] bool has_waiting() const;
  void read_a_little(std::size_t pieces = 1);
  void wait_until(Instant then);
  // Ends the connection when what was sent has been taken, at the latest after `linger`.
  void close(Conn conn);
  // Ends all connections and calls; nothing is told of them any more.
  void forget_all();
  // Numbers of connections that have ended may be given again. Called behind each turn.
  void end_turn();
  [[nodiscard]] std::size_t size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::io
