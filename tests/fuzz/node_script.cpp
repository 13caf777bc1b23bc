// SPDX-License-Identifier: Apache-2.0
#include "fuzz/node_script.hpp"

#include <algorithm>

#include "wire/client_messages.hpp"
#include "wire/peer_messages.hpp"

namespace holdfast::fuzz {
namespace {

constexpr NodeId self{1};

NodeId peer_of(node::PeerConn conn) { return NodeId{2 + conn.value() % 2}; }

wire::Frame frame_of(std::uint16_t type, std::span<const std::byte> body, std::vector<std::byte>& memory) {
  memory.resize(wire::frame_header_bytes + body.size());
  wire::put(wire::put(memory.data(), static_cast<std::uint32_t>(2 + body.size())), type);
  std::ranges::copy(body, memory.begin() + wire::frame_header_bytes);
  return {.type = type, .body = std::span(memory).subspan(wire::frame_header_bytes), .whole = memory};
}

template <wire::Described M>
std::vector<std::byte> body_of(const M& message) {
  std::vector<std::byte> bytes(wire::encoded_size(message));
  wire::put(bytes.data(), message);
  return bytes;
}

// Every frame in a stream must be a message of this list.
template <class List, class Visit>
void check_stream(List list, std::span<const std::byte> stream, std::size_t frame_bytes_max, Visit&& visit) {
  wire::Frame frame;
  while (!stream.empty()) {
    HF_ASSERT(wire::cut_frame(stream, frame_bytes_max, frame) == wire::Cut::frame);
    std::string_view what;
    const auto each = [&](const auto& message) { visit(message, frame); };
    HF_ASSERT(wire::dispatch(list, frame.type, frame.body, each, what) == wire::Dispatch::done);
    stream = stream.subspan(frame.whole.size());
  }
}

}  // namespace

NodeScript::NodeScript() : node_(node::NodeConfig{}) {}

void NodeScript::play(Input& input) {
  while (!input.empty() && !over_) step(input.byte(), input);
}

void NodeScript::peers_are_done() {
  const auto done = body_of(wire::RebuildDone{.epoch = node_.view().epoch, .view_digest = node_.view().digest()});
  for (const std::uint32_t conn : {0U, 1U})
    send_peer_message(node::PeerConn{conn}, static_cast<std::uint16_t>(wire::RebuildDone::type), done);
  settle();
}

void NodeScript::step(std::uint8_t op, Input& input) {
  const auto what = static_cast<Step>((op >> 2) % step_count);
  const unsigned conn = op & 3;
  switch (what) {
    case Step::client_frame:
    case Step::client_connect:
    case Step::client_close:
    case Step::client_died:
    case Step::client_slow:
    case Step::client_garbage: step_client(what, node::ClientConn{conn}, input); break;
    case Step::peer_message:
    case Step::peer_connect:
    case Step::peer_stranger:
    case Step::peer_dialed:
    case Step::peer_close:
    case Step::peer_garbage:
    case Step::peer_frame: step_peer(what, node::PeerConn{conn}, input); break;
    case Step::tick:
      now_ = now_ + std::chrono::milliseconds(input.byte() * 7);
      feed(node::Tick{});
      break;
    case Step::view: take_view(input.byte()); break;
    case Step::shutdown: feed(node::Shutdown{}); break;
  }
  settle();
}

void NodeScript::step_client(Step what, node::ClientConn conn, Input& input) {
  bool& connected = client_connected_[conn.value()];
  if (what == Step::client_connect) {
    if (connected) return;
    connected = true;
    feed(node::ClientConnected{.conn = conn, .owner = {.pid = 100 + conn.value(), .uid = conn.value() % 2 * 1000}});
    return;
  }
  if (!connected) return;
  if (what == Step::client_frame) {
    const std::uint16_t type = input.byte();
    std::vector<std::byte> memory;
    feed(node::ClientFrame{.conn = conn, .frame = frame_of(type, input.take(input.byte()), memory)});
  }
  if (what == Step::client_died) feed(node::ClientDied{.conn = conn});
  if (what == Step::client_slow) feed(node::ClientSlow{.conn = conn});
  if (what == Step::client_garbage) feed(node::ClientGarbage{.conn = conn, .status = Errc::frame_too_long});
  if (what == Step::client_close) {
    feed(node::ClientClosed{.conn = conn});
    connected = false;
  }
}

void NodeScript::step_peer(Step what, node::PeerConn conn, Input& input) {
  Peer& peer = peers_[conn.value()];
  if (what == Step::peer_connect || what == Step::peer_stranger || what == Step::peer_dialed) {
    if (peer.connected) return;
    connect_peer(conn, what == Step::peer_dialed ? peer_of(conn) : NodeId{});
    if (what != Step::peer_stranger && peer.connected) greet(conn);
    return;
  }
  if (!peer.connected) return;
  if (what == Step::peer_message || what == Step::peer_frame) {
    const std::uint16_t type = input.byte();
    const auto body = input.take(input.byte());
    std::vector<std::byte> memory;
    if (what == Step::peer_message)
      send_peer_message(conn, type, body);
    else
      feed(node::PeerFrame{.conn = conn, .frame = frame_of(type, body, memory)});
  }
  if (what == Step::peer_garbage) feed(node::PeerGarbage{.conn = conn, .status = Errc::frame_too_long});
  if (what == Step::peer_close) {
    feed(node::PeerClosed{.conn = conn});
    peer.connected = false;
  }
}

void NodeScript::connect_peer(node::PeerConn conn, NodeId dialed) {
  peers_[conn.value()] = {.connected = true, .node = peer_of(conn)};
  feed(node::PeerConnected{.conn = conn, .dialed = dialed});
  settle();
}

void NodeScript::greet(node::PeerConn conn) {
  const NodeId from = peer_of(conn);
  const wire::LinkHello hello{.cluster = "holdfast",
                              .from = from,
                              .from_incarnation = Incarnation{lives_[from.value()].incarnation},
                              .to = self,
                              .to_incarnation = Incarnation{1},
                              .epoch = node_.view().epoch,
                              .view_digest = node_.view().digest()};
  std::vector<std::byte> memory;
  feed(node::PeerFrame{.conn = conn, .frame = frame_of(static_cast<std::uint16_t>(wire::LinkHello::type),
                                                        body_of(hello), memory)});
}

void NodeScript::send_peer_message(node::PeerConn conn, std::uint16_t type, std::span<const std::byte> body) {
  Life& life = lives_[peer_of(conn).value()];
  // A peer that invents locks in a rebuild can make two holders of one resource, which nobody can see from
  // here: the node must live on, but its invariants are gone.
  rebuilt_ |= type == static_cast<std::uint16_t>(wire::RebuildLock::type);
  std::vector<std::byte> inner;
  std::vector<std::byte> data =
      body_of(wire::LinkData{.sequence = ++life.sent, .received = 0, .clock = {Epoch{epoch_}, life.sent}});
  (void)frame_of(type, body, inner);
  data.insert(data.end(), inner.begin(), inner.end());
  std::vector<std::byte> memory;
  feed(node::PeerFrame{.conn = conn,
                       .frame = frame_of(static_cast<std::uint16_t>(wire::LinkData::type), data, memory)});
}

// Bits 0 and 1: nodes 2 and 3 are members; bits 2 and 3: as a new life; bits 4 and 5: epochs left out.
void NodeScript::take_view(std::uint8_t which) {
  View view{.epoch = Epoch{epoch_ += 1 + (which >> 4) % 4}, .members = {}, .configured_votes = 0};
  view.members.push_back({.node = self, .incarnation = Incarnation{1}, .address = "127.0.0.1:1"});
  for (const std::uint32_t node : {2U, 3U}) {
    Life& life = lives_[node];
    if ((which >> node & 1) != 0) life = {.incarnation = life.incarnation + 1, .sent = 0};
    if ((which >> (node - 2) & 1) != 0)
      view.members.push_back({.node = NodeId{node}, .incarnation = Incarnation{life.incarnation},
                              .address = "127.0.0.1:1"});
  }
  feed(node::NewView{.view = view});
}

void NodeScript::feed(const node::Event& event) {
  if (over_) return;
  node_.step(now_, event, effects_);
}

// Ends the turn and does what a world does with its effects; closing connections is an event of its own.
void NodeScript::settle() {
  if (over_) return;
  node_.finish_turn(now_, effects_);
  check_outputs();
  over_ = effects_.finished;
  const auto clients = effects_.close_clients;
  const auto peers = effects_.close_peers;
  effects_.clear();
  if (over_) return;
  if (!rebuilt_) node_.check();
  for (const node::ClientConn conn : clients)
    if (std::exchange(client_connected_[conn.value()], false)) feed(node::ClientClosed{.conn = conn});
  for (const node::PeerConn conn : peers)
    if (std::exchange(peers_[conn.value()].connected, false)) feed(node::PeerClosed{.conn = conn});
  if (!clients.empty() || !peers.empty()) settle();
}

void NodeScript::check_outputs() {
  effects_.clients.for_each([](node::ClientConn, wire::Buffer& bytes) {
    check_stream(wire::ToClient{}, bytes.bytes(), limits::client_frame_bytes_max, [](const auto&, const auto&) {});
  });
  effects_.peers.for_each([](node::PeerConn, wire::Buffer& bytes) {
    check_stream(wire::LinkFrames{}, bytes.bytes(), limits::peer_frame_bytes_max,
                 []<class M>(const M&, const wire::Frame& frame) {
                   if constexpr (std::same_as<M, wire::LinkData>)
                     check_stream(wire::BetweenPeers{}, frame.body.subspan(wire::link_data_bytes),
                                  limits::peer_frame_bytes_max, [](const auto&, const auto&) {});
                 });
  });
}

}  // namespace holdfast::fuzz
