// SPDX-License-Identifier: Apache-2.0
// NodeScript: a whole node, fed with what the input says: programs and peers that come, go and send
// whatever they like, time, views. The node must never abort, its invariants must hold after every step,
// and everything it sends must be understood by the other side's decoder.
//
// A script is a row of steps. Each begins with one byte: the low 2 bits choose a connection, the high 6 the
// step (Step). Frames are: type byte, length byte, that many bytes of body.
#pragma once

#include <array>
#include <string>

#include "fuzz/fuzz.hpp"
#include "node/node.hpp"

namespace holdfast::fuzz {

enum class Step : std::uint8_t {
  client_frame,
  peer_message,  // inside a well-formed data frame with the right number
  tick,          // a byte: how much later
  client_connect,
  client_close,
  client_died,
  client_slow,
  client_garbage,
  peer_connect,  // and greets as it should
  peer_stranger,  // connects, greets not
  peer_dialed,    // we called it
  peer_close,
  peer_garbage,
  peer_frame,  // raw
  view,        // a byte: which of the nodes 1, 2, 3 are members, and which of them were restarted
  shutdown,
};
inline constexpr std::size_t step_count = 16;

class NodeScript {
 public:
  NodeScript();
  // Steps until the input is empty or the node's life is over.
  void play(Input& input);
  // Both peers say that they have nothing to tell in this epoch, so that the node's homes open.
  void peers_are_done();

 private:
  static constexpr std::size_t conns = 4;

  void step(std::uint8_t op, Input& input);
  void step_client(Step what, node::ClientConn conn, Input& input);
  void step_peer(Step what, node::PeerConn conn, Input& input);
  void feed(const node::Event& event);
  void settle();
  void check_outputs();
  void take_view(std::uint8_t which);
  void connect_peer(node::PeerConn conn, NodeId dialed);
  void greet(node::PeerConn conn);
  void send_peer_message(node::PeerConn conn, std::uint16_t type, std::span<const std::byte> body);

  // What stands behind a peer connection, on the other side.
  struct Peer {
    bool connected = false;
    NodeId node;
  };
  struct Life {  // of node 2 and 3
    std::uint64_t incarnation = 1;
    std::uint64_t sent = 0;      // data frames
  };

  node::Node node_;
  node::Effects effects_;
  Instant now_{std::chrono::seconds(100)};
  std::uint64_t epoch_ = 0;
  std::array<bool, conns> client_connected_{};
  std::array<Peer, conns> peers_{};
  std::array<Life, 4> lives_{};  // by node
  bool over_ = false;
  bool rebuilt_ = false;  // by what the input says
};

}  // namespace holdfast::fuzz
