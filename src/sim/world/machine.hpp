// SPDX-License-Identifier: Apache-2.0
// Machine: one computer of the simulated world, with its clock and, while it runs, a daemon's node.
#pragma once

#include "base/instant.hpp"
#include "model/ids.hpp"
#include "node/node.hpp"
#include "sim/world/channel.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace holdfast::sim {

// Every clock starts well above zero, so that it can be set back.
inline constexpr Duration clock_start = std::chrono::hours(1);

// One end of a connection at a machine; its place in the list is the node's number for it.
struct Socket {
  bool used = false;
  bool closing = false;  // this side is done with it; free once Closed was stepped
  ChannelId out, in;
  std::size_t client = 0;  // with programs
};

struct Dialing {
  NodeId peer;
  std::string address;
  std::optional<std::uint32_t> socket;  // the connection that stands
};

// What stands still of a machine: nothing of it is stepped, and its clock goes on.
enum class Freeze : std::uint8_t { none, daemon, machine };

struct Machine {
  NodeId id;
  Incarnation incarnation{0};
  std::unique_ptr<node::Node> node;  // null while it is down
  node::Effects effects;
  Epoch saved_epoch;
  std::vector<FormerPeer> saved_peers;
  std::optional<Instant> wake_at;  // on its own clock
  // What programs read on the page of each daemon that lived here, also after it died.
  std::map<Incarnation, Instant> deadlines;
  std::vector<Socket> peers;
  std::vector<Socket> programs;
  std::vector<Dialing> dialing;

  Duration view_arrival{};  // of the latest view

  Freeze frozen = Freeze::none;
  bool freeze_in_turn = false;  // as soon as a turn has something to tell to programs
  bool turn_is_open = false;    // frozen in the middle of a turn
  std::vector<std::function<void()>> stalled;  // was due while it was frozen
  bool disk_is_broken = false;
  bool dies_in_turn = false;  // as soon as a turn has something to tell, of which a part leaves
  bool left_cleanly = false;  // its latest daemon did

  // Its clock against the world's time.
  Duration offset{};
  std::int64_t drift_ppm = 0;
  Instant latest;  // what its clock showed last: it never goes back

  [[nodiscard]] bool up() const { return node != nullptr; }
  [[nodiscard]] Instant clock(Duration world) {
    const Duration drifted = world + world / 1'000'000 * drift_ppm;
    latest = std::max(latest, Instant(clock_start + offset + drifted));
    return latest;
  }
  // The first moment of the world at which the clock shows `then`, at least `now`.
  [[nodiscard]] Duration when(Instant then, Duration now) {
    if (then == Instant::never()) return Duration::max();
    if (clock(now) >= then) return now;
    const Duration left =
        then.since_boot() - (clock_start + offset) - (now + now / 1'000'000 * drift_ppm);
    return now + left + left / 1'000'000 * (drift_ppm < 0 ? -2 * drift_ppm : 0) +
           std::chrono::microseconds(1);
  }
};

// The lowest number that is not in use.
inline std::uint32_t take_socket(std::vector<Socket>& sockets) {
  for (std::uint32_t i = 1; i < sockets.size(); ++i)
    if (!sockets[i].used) return sockets[i] = Socket{.used = true}, i;
  if (sockets.empty()) sockets.emplace_back();  // 0 is none
  sockets.push_back(Socket{.used = true});
  return static_cast<std::uint32_t>(sockets.size() - 1);
}

}  // namespace holdfast::sim
