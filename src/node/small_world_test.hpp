// SPDX-License-Identifier: Apache-2.0
// SmallWorld: a few nodes with perfect connections and one clock, for the unit tests of the node. Frames are
// handed over one turn at a time until nobody has anything to say. Races and faults are the simulator's.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "node/node.hpp"
#include "wire/client_messages.hpp"
#include "wire/peer_messages.hpp"
#include "wire/print.hpp"

namespace holdfast::node {

class SmallWorld {
 public:
  // `adjust` may change the configuration of each node.
  explicit SmallWorld(std::uint32_t nodes, LockspacePolicy policy = {}, std::function<void(NodeConfig&)> adjust = {})
      : policy_(std::move(policy)), adjust_(std::move(adjust)) {
    for (std::uint32_t i = 1; i <= nodes; ++i) start(NodeId{i});
    publish();
  }

  // A program at this node; its number is that of its connection.
  ClientConn connect(NodeId at, Owner owner = {.pid = 100, .user = "tester", .command = "test", .label = {}}) {
    return connect_as(at, std::move(owner), wire::Knows::evictions);
  }
  // One of an earlier release may know less.
  ClientConn connect_as(NodeId at, Owner owner, wire::Knows knows) {
    const ClientConn conn{next_client_++};
    at_[conn] = at;
    step(at, ClientConnected{.conn = conn, .owner = std::move(owner), .slot = &slots_[conn]});
    call(conn, wire::ClientHello{.label = {}, .knows = knows});
    return conn;
  }
  template <wire::Described M>
  void call(ClientConn conn, const M& message) {
    wire::Buffer bytes;
    wire::append_frame(bytes, message);
    raw(conn, bytes);
  }
  void raw(ClientConn conn, const wire::Buffer& bytes) {
    wire::Frame frame;
    ASSERT_EQ(wire::cut_frame(bytes.bytes(), limits::client_frame_bytes_max, frame), wire::Cut::frame);
    step(at_[conn], ClientFrame{.conn = conn, .frame = frame});
    settle();
  }
  // What this program and its daemon share.
  wire::ReleaseSlot& slot(ClientConn conn) { return slots_.at(conn); }
  void close(ClientConn conn) {
    step(at_[conn], ClientClosed{conn});
    settle();
  }
  // The program does it, also behind the end of its session.
  void hang_up(ClientConn conn) {
    step(at_[conn], ClientClosed{.conn = conn, .hung_up = ClientClosed::HungUp::yes});
    settle();
  }
  // What this program was told since the last call, as text, one message per line.
  std::string told(ClientConn conn) { return std::exchange(told_[conn], {}); }
  // The last message of a kind that it was told.
  template <class M>
  M last(ClientConn conn) {
    M message{};
    const auto it = last_.find({conn, static_cast<std::uint16_t>(M::type)});
    EXPECT_TRUE(it != last_.end()) << "no " << M::name;
    if (it == last_.end()) return message;
    EXPECT_TRUE(wire::decode(std::as_bytes(std::span(it->second)), message));
    return message;
  }

  // In steps that are shorter than a lease, as a world that is alive would.
  void advance(Duration by) {
    for (const Instant end = now_ + by; now_ < end;) {
      now_ = std::min(end, now_ + std::chrono::milliseconds(100));
      for (auto& [id, node] : nodes_) step(id, Tick{});
      settle();
    }
  }
  // For tests of very many locks: a look at all of them after every step takes too long.
  void check_no_more() { checks_ = false; }
  // Nothing that is sent to this node arrives any more; it stays a member.
  void silence(NodeId id) { silent_ = id; }
  // The node is told to end, and does so when it has said that it may; then the others get a view without it.
  // False if it never said so.
  bool leave(NodeId id) {
    shut_down(id);
    for (int i = 0; i < 40 && !left_.contains(id); ++i) advance(std::chrono::milliseconds(100));
    const bool left = left_.contains(id);
    if (left) crash(id);
    return left;
  }
  [[nodiscard]] bool has_left(NodeId id) const { return left_.contains(id); }
  void shut_down(NodeId id) {
    step(id, Shutdown{});
    settle();
  }
  // The node and its programs are gone; the others get a view without it.
  void crash(NodeId id) {
    take_away(id);
    publish();
  }
  // The same, but the next view has another life of it already.
  void replace(NodeId id) {
    take_away(id);
    ++lives_[id];
    start(id);
    publish();
  }
  // Their connection ends, and is not made again.
  void cut(NodeId a, NodeId b) {
    for (const auto& [at, peer] : {std::pair(a, b), std::pair(b, a)}) step(at, PeerClosed{conn_of(at, peer)});
    settle();
  }
  void take_away(NodeId id) {
    nodes_.erase(id);
    for (auto& [other, node] : nodes_)
      if (const PeerConn conn = conn_of(other, id); peer_conns_.contains({other, id})) {
        step(other, PeerClosed{conn});
        peer_conns_.erase({other, id});
      }
  }
  // In the next view, which everybody gets.
  void weigh(NodeId id, std::uint32_t weight) {
    weights_[id] = weight;
    publish();
  }
  // To `late` when everybody else has done what the view asked for.
  void publish(NodeId late = {}) {
    View view{.epoch = Epoch{++epoch_}, .members = {}, .configured_votes = 0};
    for (const auto& [id, node] : nodes_)
      view.members.push_back({.node = id, .incarnation = life_of(id), .address = "sim",
                              .weight = weights_.contains(id) ? weights_[id] : 1});
    for (auto& [id, node] : nodes_)
      if (id != late) step(id, NewView{view});
    settle();
    if (!late) return;
    step(late, NewView{view});
    settle();
  }
  // How often a node went on with something because its turn was over.
  [[nodiscard]] std::uint32_t pieces() const { return pieces_; }
  // From here on only so often.
  void allow_pieces(std::uint32_t count) {
    pieces_left_ = count;
    settle();
  }
  Node& node(std::uint32_t id) { return *nodes_.at(NodeId{id}); }
  // Names of the messages of BetweenPeers since the last call, "n1->n2 GrantReply".
  std::vector<std::string> traffic() { return std::exchange(traffic_, {}); }

 private:
  struct InFlight {
    NodeId from, to;
    std::string bytes;
  };
  void start(NodeId id) {
    NodeConfig config{.node = id, .incarnation = life_of(id)};
    config.default_policy = policy_;
    config.turn_gap = {};
    if (adjust_) adjust_(config);
    nodes_[id] = std::make_unique<Node>(std::move(config));
  }
  Incarnation life_of(NodeId id) { return Incarnation{1 + lives_[id]}; }
  PeerConn conn_of(NodeId at, NodeId peer) { return PeerConn{(at.value() << 8) | peer.value()}; }

  void step(NodeId id, const Event& event) {
    Effects& effects = effects_;
    nodes_.at(id)->step(now_, event, effects);
    nodes_.at(id)->finish_turn(now_, effects);
    effects.clients.for_each([&](ClientConn conn, wire::Buffer& bytes) { tell(conn, bytes.bytes()); });
    effects.peers.for_each([&](PeerConn conn, wire::Buffer& bytes) {
      in_flight_.push_back({id, NodeId{conn.value() & 255}, std::string(bytes.text())});
    });
    if (effects.left) left_.insert(id);
    if (effects.wake_at && *effects.wake_at <= now_) busy_.insert(id);
    const std::vector<Dial> dials = effects.dials;
    effects.clear();
    for (const Dial& dial : dials) {
      if (!nodes_.contains(dial.node)) continue;
      peer_conns_[{id, dial.node}] = peer_conns_[{dial.node, id}] = true;
      step(dial.node, PeerConnected{.conn = conn_of(dial.node, id), .dialed = {}});
      step(id, PeerConnected{.conn = conn_of(id, dial.node), .dialed = dial.node});
    }
  }
  void settle() {
    while (!in_flight_.empty() || (!busy_.empty() && pieces_left_ > 0)) {
      if (in_flight_.empty()) {  // what arrives comes between two pieces of a long work
        go_on();
        continue;
      }
      const InFlight next = in_flight_.front();
      in_flight_.pop_front();
      if (!nodes_.contains(next.to) || !nodes_.contains(next.from) || next.to == silent_) continue;
      std::span<const std::byte> left = std::as_bytes(std::span(next.bytes));
      wire::Frame frame;
      while (!left.empty()) {
        ASSERT_EQ(wire::cut_frame(left, limits::peer_frame_bytes_max, frame), wire::Cut::frame);
        left = left.subspan(frame.whole.size());
        note_traffic(next, frame);
        step(next.to, PeerFrame{.conn = conn_of(next.to, next.from), .frame = frame});
      }
    }
    if (!checks_) return;
    for (auto& [id, node] : nodes_) node->check();
  }
  void go_on() {
    const NodeId id = *busy_.begin();
    busy_.erase(busy_.begin());
    ++pieces_;
    --pieces_left_;
    if (nodes_.contains(id)) step(id, Tick{});
  }
  void note_traffic(const InFlight& flight, const wire::Frame& frame) {
    if (frame.type != static_cast<std::uint16_t>(wire::LinkMessage::data)) return;
    std::span<const std::byte> left = frame.body.subspan(wire::link_data_bytes);
    wire::Frame message;
    while (wire::cut_frame(left, limits::peer_frame_bytes_max, message) == wire::Cut::frame) {
      left = left.subspan(message.whole.size());
      traffic_.push_back("n" + std::to_string(flight.from.value()) + "->n" + std::to_string(flight.to.value()) + " " +
                         std::string(wire::message_name(wire::BetweenPeers{}, message.type)));
    }
  }
  void tell(ClientConn conn, std::span<const std::byte> bytes) {
    wire::Frame frame;
    while (!bytes.empty()) {
      ASSERT_EQ(wire::cut_frame(bytes, limits::client_frame_bytes_max, frame), wire::Cut::frame);
      bytes = bytes.subspan(frame.whole.size());
      std::string_view what;
      const auto print = [&](const auto& message) { told_[conn] += wire::to_text(message) + "\n"; };
      ASSERT_EQ(wire::dispatch(wire::ToClient{}, frame.type, frame.body, print, what), wire::Dispatch::done) << what;
      last_[{conn, frame.type}] = std::string(reinterpret_cast<const char*>(frame.body.data()), frame.body.size());
    }
  }

  LockspacePolicy policy_;
  std::function<void(NodeConfig&)> adjust_;
  Instant now_{std::chrono::seconds(1000)};
  std::uint64_t epoch_ = 0;
  std::uint32_t next_client_ = 1;
  std::map<NodeId, std::unique_ptr<Node>> nodes_;
  std::map<ClientConn, NodeId> at_;
  std::map<ClientConn, wire::ReleaseSlot> slots_;
  std::map<ClientConn, std::string> told_;
  std::map<std::pair<ClientConn, std::uint16_t>, std::string> last_;
  std::map<std::pair<NodeId, NodeId>, bool> peer_conns_;
  std::deque<InFlight> in_flight_;
  std::vector<std::string> traffic_;
  Effects effects_;
  std::map<NodeId, std::uint64_t> lives_;  // before the present one
  std::map<NodeId, std::uint32_t> weights_;  // where it is not 1
  NodeId silent_;
  std::set<NodeId> left_;
  std::uint32_t pieces_ = 0;
  std::uint32_t pieces_left_ = UINT32_MAX;
  std::set<NodeId> busy_;  // want to go on at once
  bool checks_ = true;
};

}  // namespace holdfast::node
