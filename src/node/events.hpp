// SPDX-License-Identifier: Apache-2.0
// What can happen to a node. A world (the daemon or the simulator) turns readiness, clocks and operators
// into these; the node knows nothing else of them. Spans and views live for one step.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/instant.hpp"
#include "model/former_peer.hpp"
#include "model/owner.hpp"
#include "model/view.hpp"
#include "wire/framing.hpp"
#include "wire/release_slot.hpp"

namespace holdfast::node {

// A connection of a program or of a peer. Small numbers that the world hands out; one is used again only
// after the turn in which its Closed event was stepped (clients and peers count separately).
using ClientConn = Id<struct ClientConnTag, std::uint32_t>;
using PeerConn = Id<struct PeerConnTag, std::uint32_t>;

// A program connected; the facts about its process come from the kernel, not from the program.
struct ClientConnected {
  ClientConn conn;
  Owner owner;  // label and life are still empty: the program says them in its hello
  wire::ReleaseSlot* slot = nullptr;  // shared with it, until ClientClosed was stepped; null: none
};
// One whole frame (wire/client_messages.hpp, ToDaemon).
struct ClientFrame {
  ClientConn conn;
  wire::Frame frame;
};
// What came from this program could not be cut into frames: `status` and `detail` say why.
struct ClientGarbage {
  ClientConn conn;
  Errc status = Errc::bad_message;
};
// Its process has ended (pidfd). A session whose life is its socket goes on.
struct ClientDied {
  ClientConn conn;
};
// It does not read: more than limits::session_backlog_bytes_max are unsent.
struct ClientSlow {
  ClientConn conn;
};
// The socket is closed, from whichever side. The number may be used again after this step.
struct ClientClosed {
  ClientConn conn;
  // Has the program hung up? Then it relies on nothing any more, also if we had ended its session before.
  enum class HungUp : std::uint8_t { unknown, yes } hung_up = HungUp::unknown;
};

// A connection with a peer stands (authenticated, if there is a key). `dialed` is whom we called; none if
// we were called.
struct PeerConnected {
  PeerConn conn;
  NodeId dialed;
};
// One whole link frame (wire/peer_messages.hpp, LinkFrames).
struct PeerFrame {
  PeerConn conn;
  wire::Frame frame;
};
struct PeerGarbage {
  PeerConn conn;
  Errc status = Errc::bad_message;
};
struct PeerClosed {
  PeerConn conn;
};

// From the membership provider (a program with operator's rights may also send SetView over its socket).
struct NewView {
  View view;
};
// From the provider: the quorum device (View::device_votes) stands with this side. It was asked then, which may be
// long ago: whoever brings the answer may have been held up since.
struct DevicePolled {
  Instant asked;
};
// This life of a lost node and its programs are surely dead (see Effects::prove_dead).
struct ConfirmedDead {
  NodeId node;
  Incarnation incarnation;
};
// `wake_at` was reached (coming early or late does no harm).
struct Tick {};
// The daemon is about to end: sessions are told, nothing new begins.
struct Shutdown {};

using Event = std::variant<ClientFrame, PeerFrame, ClientConnected, ClientGarbage, ClientDied, ClientSlow, ClientClosed,
                           PeerConnected, PeerGarbage, PeerClosed, NewView, DevicePolled, ConfirmedDead, Tick, Shutdown>;

}  // namespace holdfast::node
