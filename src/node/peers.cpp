// SPDX-License-Identifier: Apache-2.0
#include "node/peers.hpp"

#include <algorithm>

#include "base/planted.hpp"
#include "cluster/lose_clock.hpp"

namespace holdfast::node {
namespace {

Error wrong_version(std::uint32_t theirs) {
  return Error{Errc::wrong_version, "it speaks version " + std::to_string(theirs) +
                                        " of the peer protocol, this node speaks " +
                                        std::to_string(wire::spoken(wire::peer_protocol))};
}

// Another version may have another hello, but its first field is the version for ever.
Error not_understood(const wire::Frame& frame, std::string_view what) {
  std::uint32_t protocol = 0;
  const bool is_hello = frame.type == static_cast<std::uint16_t>(wire::LinkMessage::hello);
  if (is_hello && wire::Reader(frame.body).take(protocol) && protocol != wire::spoken(wire::peer_protocol))
    return wrong_version(protocol);
  return Error{Errc::bad_message, std::string(what)};
}

}  // namespace

Peers::Peer* Peers::find(NodeId node) {
  const auto at = std::ranges::lower_bound(peers_, node, {}, [](const auto& peer) { return peer->node; });
  return at != peers_.end() && (*at)->node == node ? at->get() : nullptr;
}

Peers::Connection& Peers::connection(PeerConn conn) {
  if (conn.value() >= connections_.size()) connections_.resize(conn.value() + 1);
  return connections_[conn.value()];
}

void Peers::take_view() {
  const auto stays = [this](const Peer& peer) {
    return core_.is_member(peer.node, peer.incarnation) ||
           (planted(Bug::answer_outsider) && !core_.view.has(peer.node));
  };
  for (const auto& peer : peers_) {
    if (stays(*peer)) continue;
    if (peer->connected) close(peer->conn);
    core_.out->stop_dialing.push_back(peer->node);
  }
  std::erase_if(peers_, [&](const auto& peer) { return !stays(*peer); });
  for (const Member& member : core_.view.members) {
    if (member.node == core_.self() || find(member.node) != nullptr) continue;
    auto peer = std::make_unique<Peer>();
    peer->node = member.node;
    peer->incarnation = member.incarnation;
    peers_.push_back(std::move(peer));
    std::ranges::sort(peers_, {}, [](const auto& p) { return p->node; });
    if (core_.self() < member.node && !member.address.empty())
      core_.out->dials.push_back({.node = member.node, .address = member.address});
  }
}

void Peers::on_connected(const PeerConnected& event) {
  Connection& connection = this->connection(event.conn);
  connection = {.state = Connection::State::greeting, .peer = event.dialed};
  if (!event.dialed) return;  // the caller speaks first
  if (const Peer* peer = find(event.dialed))
    greet(event.conn, *peer);
  else
    close(event.conn);
}

void Peers::on_closed(PeerConn conn) {
  Connection& connection = this->connection(conn);
  Peer* peer = find(connection.peer);
  if (peer != nullptr && peer->connected && peer->conn == conn) {
    peer->connected = false;
    core_.trace({.kind = TraceKind::peer_down, .peer = peer->node, .text = {}});
  }
  connection = {};
}

void Peers::on_garbage(const PeerGarbage& event) {
  refuse(event.conn, connection(event.conn).peer, Error{event.status});
}

void Peers::reject(NodeId node, std::string_view what) {
  if (const Peer* peer = find(node); peer != nullptr && peer->connected) reject(peer->conn, what);
}

void Peers::reject(PeerConn conn, std::string_view what) {
  refuse(conn, connection(conn).peer, Error{Errc::bad_message, std::string(what)});
}

Peers::Arrived Peers::on_frame(const PeerFrame& event) {
  Connection& connection = this->connection(event.conn);
  if (connection.state == Connection::State::closing || connection.state == Connection::State::unused) return {};
  Arrived arrived;
  std::string_view what;
  const auto visit = [&]<class M>(const M& message) {
    if constexpr (std::same_as<M, wire::LinkHello>) {
      on_hello(event.conn, message);
    } else if constexpr (std::same_as<M, wire::LinkRefuse>) {
      core_.trace({.kind = TraceKind::peer_refused, .peer = connection.peer,
                   .text = "the peer refuses us: " + Error{message.status, std::string(message.detail)}.text()});
      close(event.conn);
    } else {
      Peer* peer = connection.state == Connection::State::established ? find(connection.peer) : nullptr;
      if (peer == nullptr) {
        refuse(event.conn, connection.peer, Error{Errc::bad_message, "a hello must come first"});
      } else if constexpr (std::same_as<M, wire::Heartbeat>) {
        answer_heartbeat(*peer, message);
      } else if constexpr (std::same_as<M, wire::HeartbeatReply>) {
        if (Instant(message.sent) < core_.started)
          return refuse(event.conn, peer->node, Error{Errc::bad_message, "it answers a heartbeat that was never sent"});
        core_.leases.answered(peer->node, peer->incarnation, std::min(core_.now, Instant(message.sent)));
        arrived.answered = true;
      } else if (planted(Bug::answer_outsider) && !core_.view.has(peer->node)) {
        return;
      } else if (!peer->link.acknowledge(message.received)) {
        refuse(event.conn, peer->node, Error{Errc::bad_message, "it acknowledges what was never sent"});
      } else if constexpr (std::same_as<M, wire::LinkData>) {
        switch (peer->link.arrive(message.sequence)) {
          case cluster::Link::Arrival::apply:
            arrived = {.from = peer->node, .messages = event.frame.body.subspan(wire::link_data_bytes)};
            if (!cluster::overlooks_clock(arrived.messages)) core_.clock.merge(message.clock);
            break;
          case cluster::Link::Arrival::duplicate: break;
          case cluster::Link::Arrival::gap:
            refuse(event.conn, peer->node, Error{Errc::bad_message, "a frame is missing"});
            break;
        }
      }
    }
  };
  if (wire::dispatch(wire::LinkFrames{}, event.frame.type, event.frame.body, visit, what) != wire::Dispatch::done)
    refuse(event.conn, connection.peer, not_understood(event.frame, what));
  return arrived;
}

void Peers::greet(PeerConn conn, const Peer& peer) {
  core_.out->peers.send(conn, wire::LinkHello{.cluster = core_.config.cluster,
                                              .from = core_.self(),
                                              .from_incarnation = core_.config.incarnation,
                                              .to = peer.node,
                                              .to_incarnation = peer.incarnation,
                                              .received = peer.link.received(),
                                              .epoch = core_.view.epoch,
                                              .view_digest = core_.view.digest()});
}

Error Peers::check(const wire::LinkHello& hello) const {
  const auto number = [](auto id) { return std::to_string(id.value()); };
  if (hello.protocol != wire::spoken(wire::peer_protocol)) return wrong_version(hello.protocol);
  if (hello.cluster != core_.config.cluster)
    return Error{Errc::wrong_cluster, "it belongs to cluster \"" + escaped(hello.cluster) +
                                          "\", this node to \"" + escaped(core_.config.cluster) + "\""};
  if (hello.to != core_.self() || hello.to_incarnation != core_.config.incarnation)
    return Error{Errc::not_member, "it looks for node " + number(hello.to) + " incarnation " +
                                       number(hello.to_incarnation) + ", this is node " + number(core_.self()) +
                                       " incarnation " + number(core_.config.incarnation)};
  if (!core_.is_member(hello.from, hello.from_incarnation))
    return Error{Errc::not_member, "node " + number(hello.from) + " incarnation " + number(hello.from_incarnation) +
                                       " is not in the view of epoch " + number(core_.view.epoch)};
  if (hello.epoch == core_.view.epoch && hello.view_digest != core_.view.digest() && !planted(Bug::accept_two_digests)) {
    core_.conflict_seen = true;
    return Error{Errc::view_conflict, "it has another view of epoch " + number(hello.epoch) +
                                          " than this node: two views were published under one number"};
  }
  return Error{Errc::ok};
}

void Peers::on_hello(PeerConn conn, const wire::LinkHello& hello) {
  Connection& connection = this->connection(conn);
  Error error = check(hello);
  Peer* peer = find(hello.from);
  if (error.code == Errc::ok && connection.state != Connection::State::greeting)
    error = Error{Errc::bad_message, "a second hello"};
  if (error.code == Errc::ok && connection.peer && connection.peer != hello.from)
    error = Error{Errc::not_member, "another node answers at this address"};
  if (error.code == Errc::ok && (peer == nullptr || !peer->link.acknowledge(hello.received)))
    error = Error{Errc::bad_message, "it acknowledges what was never sent"};
  if (error.code != Errc::ok) {
    refuse(conn, hello.from, error);
    return;
  }
  if (!connection.peer) greet(conn, *peer);
  if (peer->connected) close(peer->conn);  // the newer connection wins: the old one may be half dead
  connection = {.state = Connection::State::established, .peer = peer->node};
  peer->conn = conn;
  peer->connected = true;
  peer->link.resend(core_.out->peers.to(conn));
  send_heartbeat(*peer);
  core_.trace({.kind = TraceKind::peer_up, .peer = peer->node, .text = {}});
}

void Peers::send_heartbeat(const Peer& peer) {
  core_.out->peers.send(peer.conn, wire::Heartbeat{.sent = core_.now.since_boot(), .lease = core_.config.lease});
}

// Whoever is a member no more has no connection, and gets no answer.
void Peers::answer_heartbeat(const Peer& peer, const wire::Heartbeat& heartbeat) {
  const Duration lease = std::clamp<Duration>(heartbeat.lease, Duration{0}, limits::lease_max);
  core_.leases.answer(peer.node, peer.incarnation, core_.now + cluster::LostNodes::wait_for(lease));
  core_.out->peers.send(peer.conn, wire::HeartbeatReply{.sent = heartbeat.sent});
}

void Peers::send_heartbeats() {
  for (const auto& peer : peers_)
    if (peer->connected) send_heartbeat(*peer);
}

void Peers::refuse(PeerConn conn, NodeId peer, const Error& error) {
  core_.trace({.kind = TraceKind::peer_refused, .peer = peer, .text = error.text()});
  std::string detail = error.detail.substr(0, limits::detail_bytes_max);
  core_.out->peers.send(conn, wire::LinkRefuse{.status = error.code, .detail = detail});
  close(conn);
}

void Peers::close(PeerConn conn) {
  Connection& connection = this->connection(conn);
  if (connection.state == Connection::State::closing) return;
  if (Peer* peer = find(connection.peer); peer != nullptr && peer->connected && peer->conn == conn) {
    peer->connected = false;
    core_.trace({.kind = TraceKind::peer_down, .peer = peer->node, .text = {}});
  }
  connection.state = Connection::State::closing;
  core_.out->close_peers.push_back(conn);
}

void Peers::finish_turn(Sealing sealing) {
  constexpr std::uint64_t frames_unacknowledged_max = 64;
  constexpr std::size_t much = 4 * 1024;
  for (const auto& peer : peers_) {
    if (sealing == Sealing::when_it_is_much && peer->link.unsealed_bytes() < much) continue;
    if (peer->link.unsealed_bytes() > 0) {
      peer->link.seal(core_.clock.now(), peer->connected ? &core_.out->peers.to(peer->conn) : nullptr);
    } else if (peer->connected && peer->link.acknowledgement_owed() >= frames_unacknowledged_max) {
      core_.out->peers.send(peer->conn, wire::LinkAck{.received = peer->link.received()});
      peer->link.told();
    }
  }
}

void Peers::acknowledge_all() {
  for (const auto& peer : peers_) {
    if (!peer->connected || peer->link.acknowledgement_owed() == 0) continue;
    core_.out->peers.send(peer->conn, wire::LinkAck{.received = peer->link.received()});
    peer->link.told();
  }
}

bool Peers::owes_acknowledgements() const {
  return std::ranges::any_of(
      peers_, [](const auto& peer) { return peer->connected && peer->link.acknowledgement_owed() > 0; });
}

std::vector<NodeId> Peers::connected() const {
  std::vector<NodeId> nodes;
  for (const auto& peer : peers_)
    if (peer->connected) nodes.push_back(peer->node);
  return nodes;
}

std::vector<NodeId> Peers::others() const {
  std::vector<NodeId> nodes;
  for (const auto& peer : peers_) nodes.push_back(peer->node);
  return nodes;
}

}  // namespace holdfast::node
