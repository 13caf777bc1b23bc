// SPDX-License-Identifier: Apache-2.0
// Peers: the links to the other members and the connections under them. Checks who calls (handshake), keeps
// one connection per pair (the node with the smaller id dials), seals what a turn produced, acknowledges.
// It never looks into a message of BetweenPeers.
#pragma once

#include <memory>
#include <vector>

#include "cluster/link.hpp"
#include "node/core.hpp"

namespace holdfast::node {

class Peers {
 public:
  explicit Peers(Core& core) : core_(core) {}

  // The link to a member; null if the node is none (any more). Its messages leave with the turn.
  [[nodiscard]] cluster::Link* link(NodeId node) {
    Peer* peer = find(node);
    return peer == nullptr ? nullptr : &peer->link;
  }

  // Does a link keep more for its peer than ought to be under way?
  [[nodiscard]] bool is_congested() const {
    constexpr std::size_t under_way_max = 256 * 1024;  // enough to keep both ends busy, and soon copied
    return std::ranges::any_of(peers_, [](const auto& peer) { return peer->link.kept_bytes() > under_way_max; });
  }

  // A view came into force: links of those who are gone are dropped with all that was in them.
  void take_view();
  void on_connected(const PeerConnected& event);
  void on_closed(PeerConn conn);
  void on_garbage(const PeerGarbage& event);
  // Steps a link frame. A data frame that is to be applied comes back: whom it is from, and its messages.
  struct Arrived {
    NodeId from;
    std::span<const std::byte> messages;
    bool answered = false;  // it was the answer to a heartbeat of ours
  };
  [[nodiscard]] Arrived on_frame(const PeerFrame& event);
  // A message inside a frame of this peer makes no sense: the connection ends, the link remains.
  void reject(PeerConn conn, std::string_view what);
  void reject(NodeId node, std::string_view what);

  // Asks all whom we reach whether we are there, by their view.
  void send_heartbeats();
  enum class Sealing : std::uint8_t { now, when_it_is_much };
  void finish_turn(Sealing sealing);
  // Acknowledges what no frame of ours has acknowledged yet.
  void acknowledge_all();
  [[nodiscard]] bool owes_acknowledgements() const;
  [[nodiscard]] std::vector<NodeId> connected() const;
  // True if a link keeps frames that `node` has not acknowledged.
  [[nodiscard]] std::vector<NodeId> others() const;

 private:
  struct Peer {
    NodeId node;
    Incarnation incarnation;
    cluster::Link link;
    PeerConn conn;  // none: no connection stands
    bool connected = false;
  };
  struct Connection {
    enum class State : std::uint8_t { unused, greeting, established, closing };
    State state = State::unused;
    NodeId peer;
  };
  [[nodiscard]] Peer* find(NodeId node);
  [[nodiscard]] Connection& connection(PeerConn conn);
  void greet(PeerConn conn, const Peer& peer);
  void send_heartbeat(const Peer& peer);
  void answer_heartbeat(const Peer& peer, const wire::Heartbeat& heartbeat);
  [[nodiscard]] Error check(const wire::LinkHello& hello) const;
  void on_hello(PeerConn conn, const wire::LinkHello& hello);
  void refuse(PeerConn conn, NodeId peer, const Error& error);
  void close(PeerConn conn);

  Core& core_;
  std::vector<std::unique_ptr<Peer>> peers_;  // sorted by node: effects follow this order
  std::vector<Connection> connections_;       // by PeerConn
};

}  // namespace holdfast::node
