// SPDX-License-Identifier: Apache-2.0
// Nodes: what steps them, what they want done, how they end and begin.
#include "base/limits.hpp"
#include "sim/history/recorder.hpp"
#include "sim/scenario/script.hpp"
#include "sim/world/world.hpp"

#include <algorithm>

namespace holdfast::sim {
namespace {

// Between a refused connection and the next attempt.
constexpr Duration dial_again_after_refusal = std::chrono::milliseconds(200);

}  // namespace

Machine* World::machine(NodeId node) {
  const auto found = std::ranges::find(machines_, node, &Machine::id);
  return found == machines_.end() ? nullptr : &*found;
}

void World::step(Machine& machine, const node::Event& event) {
  if (!machine.up() || machine.frozen != Freeze::none) return;
  machine.node->step(machine.clock(now_), event, machine.effects);
  if (machine.freeze_in_turn && !machine.effects.clients.empty()) {
    machine.freeze_in_turn = false;
    machine.turn_is_open = true;
    return freeze(machine.id, Freeze::machine);
  }
  machine.node->finish_turn(machine.clock(now_), machine.effects);
  carry_out(machine);
}

// In the order of the contract (node/effects.hpp).
void World::carry_out(Machine& machine) {
  node::Effects& effects = machine.effects;
  if (machine.disk_is_broken && !effects.saves.empty()) {
    note(name_of(machine.id) + " cannot save");
    return kill_daemon(machine.id);
  }
  for (const node::Save& save : effects.saves) {
    machine.saved_epoch = save.epoch;
    machine.saved_peers = save.peers;
  }
  if (machine.dies_in_turn && (!effects.peers.empty() || !effects.clients.empty())) return die_in_turn(machine);
  effects.peers.for_each([&](node::PeerConn conn, wire::Buffer& buffer) {
    if (machine.peers[conn.value()].used) send_frames(machine.peers[conn.value()].out, buffer);
    buffer.clear();
  });
  effects.clients.for_each(
      [&](node::ClientConn conn, wire::Buffer& buffer) { write_client(machine, conn, buffer); });
  for (const node::ClientConn conn : effects.close_clients) hang_up_client(machine, conn);
  for (const node::PeerConn conn : effects.close_peers) hang_up_peer(machine, conn);
  for (const NodeId peer : effects.stop_dialing)
    std::erase_if(machine.dialing, [peer](const Dialing& dialing) { return dialing.peer == peer; });
  for (const node::Dial& dial : effects.dials)
    machine.dialing.push_back({dial.node, dial.address, {}});
  if (effects.deadline) {
    machine.deadlines[machine.incarnation] = *effects.deadline;
    beliefs_rose_ = true;
    record_deadlines(machine);
  }
  if (effects.wake_at) machine.wake_at = effects.wake_at;
  for (const node::Trace& trace : effects.traces) {
    if (tracer)
      note(name_of(machine.id) + " * " + std::string(row_of(trace.kind).name) +
           " peer=" + std::to_string(trace.peer.value()) + " a=" + std::to_string(trace.a) +
           " b=" + std::to_string(trace.b) + " " + trace.text);
    if (on_trace) on_trace(machine.id, trace);
  }
  const bool dials = !effects.dials.empty();
  const bool finished = effects.finished;
  const std::optional<node::Left> left = effects.left;
  effects.clear();
  if (left) {
    machine.left_cleanly = *left == node::Left::nothing_behind;
    kill_daemon(machine.id);
    if (settings_.membership == Membership::automatic) at(now_, {}, [this] { publish_next(); });
    return;
  }
  if (finished) finish(machine);
  if (dials) dial_all();
}

// Between deciding and telling: what is decided and saved is known to some peers at most.
void World::die_in_turn(Machine& machine) {
  machine.effects.peers.for_each([&](node::PeerConn conn, wire::Buffer& buffer) {
    if (machine.peers[conn.value()].used && prng_.chance(50)) send_frames(machine.peers[conn.value()].out, buffer);
    buffer.clear();
  });
  note(name_of(machine.id) + " dies in the middle of a turn");
  kill_daemon(machine.id);
}

// One parcel per frame: the receiver may see any part of a stream first.
void World::send_frames(ChannelId to, wire::Buffer& buffer) {
  wire::Frame frame;
  channel(to).largest_send = std::max(channel(to).largest_send, buffer.size());
  while (wire::cut_frame(buffer.bytes(), limits::peer_frame_bytes_max, frame) == wire::Cut::frame) {
    send(to, {.kind = Parcel::Kind::frame, .bytes = {frame.whole.begin(), frame.whole.end()}});
    buffer.consume(frame.whole.size());
  }
  HF_ASSERT(buffer.empty());
}

// Whatever was read before a pause must not be granted on the time of then (I17).
void World::check_grants_are_in_time(Machine& machine, const wire::Buffer& buffer) {
  const auto stamped = machine.deadlines.find(machine.incarnation);
  Instant deadline = stamped == machine.deadlines.end() ? Instant{} : stamped->second;
  if (machine.effects.deadline) deadline = std::max(deadline, *machine.effects.deadline);
  if (machine.clock(now_) <= deadline || !on_broken) return;
  std::span<const std::byte> left = buffer.bytes();
  wire::Frame frame;
  while (wire::cut_frame(left, limits::client_frame_bytes_max, frame) == wire::Cut::frame) {
    if (frame.type == static_cast<std::uint16_t>(wire::Granted::type))
      on_broken("I17 is broken: " + name_of(machine.id) + " grants after its own deadline");
    left = left.subspan(frame.whole.size());
  }
}

void World::write_client(Machine& machine, node::ClientConn conn, wire::Buffer& buffer) {
  check_grants_are_in_time(machine, buffer);
  const Socket& socket = machine.programs[conn.value()];
  if (socket.used && !channel(socket.out).receiver_gone) send_frames(socket.out, buffer);
  buffer.clear();
}

// Closed by the node itself: the program hears of it behind what was written.
void World::hang_up_client(Machine& machine, node::ClientConn conn) {
  Socket& socket = machine.programs[conn.value()];
  if (!socket.used || socket.closing) return;
  socket.closing = true;
  send(socket.out, {.kind = Parcel::Kind::closed});
  stop_receiving(socket.in);
  at(now_, machine.id, [this, index = index_of(machine), life = machine.incarnation, conn] {
    Machine& there = machines_[index];
    if (!there.up() || there.incarnation != life) return;
    step(there, node::ClientClosed{conn});
    if (there.up() && there.incarnation == life) there.programs[conn.value()].used = false;
  });
}

void World::hang_up_peer(Machine& machine, node::PeerConn conn) {
  Socket& socket = machine.peers[conn.value()];
  if (!socket.used || socket.closing) return;
  socket.closing = true;
  send(socket.out, {.kind = Parcel::Kind::closed});
  stop_receiving(socket.in);
  at(now_, machine.id, [this, index = index_of(machine), life = machine.incarnation, conn] {
    Machine& there = machines_[index];
    if (!there.up() || there.incarnation != life) return;
    step(there, node::PeerClosed{conn});
    if (there.up() && there.incarnation == life)
      free_peer_socket(there, conn.value(), dial_again_after_refusal);
  });
}

// ---- how nodes begin and end
// --------------------------------------------------------------------------

void World::start(NodeId node) {
  if (machine(node) == nullptr) machines_.push_back(Machine{.id = node});
  Machine& fresh = *machine(node);
  HF_ASSERT(!fresh.up());
  fresh.incarnation = Incarnation{fresh.incarnation.value() + 1};
  node::NodeConfig config = settings_.node;
  config.node = node;
  config.incarnation = fresh.incarnation;
  config.version = "sim";
  config.flight_events = 256;
  config.peer_address = name_of(node);
  config.saved_epoch = fresh.saved_epoch;
  config.former_peers = fresh.saved_peers;
  if (fresh.saved_epoch && !std::exchange(fresh.left_cleanly, false))
    config.former_lease = config.lease;
  fresh.node = std::make_unique<node::Node>(std::move(config));
  fresh.wake_at.reset();
  note(name_of(node) + " starts as incarnation " + std::to_string(fresh.incarnation.value()));
}

void World::crash(NodeId node) {
  Machine& dying = *machine(node);
  for (const auto& client : clients_) {
    if (&machines_[client->machine] != &dying) continue;
    client->alive = false;
    if (auto* to = record(*client)) to->killed(*client);
    client->beliefs.clear();
    stop_receiving(client->down);
  }
  take_down(dying);
}

void World::kill_daemon(NodeId node) {
  Machine& dying = *machine(node);
  disconnect_programs(dying);
  take_down(dying);
}

void World::disconnect_programs(Machine& machine) {
  for (const Socket& socket : machine.programs)
    if (socket.used && !socket.closing) send(socket.out, {.kind = Parcel::Kind::closed});
}

// What it had sent may still arrive; what was on its way to it is lost.
void World::take_down(Machine& machine) {
  note(name_of(machine.id) + " is gone");
  machine.node.reset();
  machine.effects.clear();
  machine.frozen = Freeze::none;
  machine.freeze_in_turn = machine.turn_is_open = machine.disk_is_broken = false;
  machine.dies_in_turn = false;
  machine.stalled.clear();
  machine.wake_at.reset();
  machine.dialing.clear();
  for (const Socket& socket : machine.programs)
    if (socket.used) stop_receiving(socket.in);
  for (const Socket& socket : machine.peers) {
    if (!socket.used) continue;
    if (!socket.closing) send(socket.out, {.kind = Parcel::Kind::closed});
    stop_receiving(socket.in);
  }
  machine.peers.clear();
  machine.programs.clear();
}

// The node says that this incarnation is over: its daemon starts again as another one.
void World::finish(Machine& machine) {
  disconnect_programs(machine);
  take_down(machine);
  start(machine.id);
  if (settings_.membership == Membership::automatic) at(now_, {}, [this] { publish_next(); });
}

// ---- membership
// ---------------------------------------------------------------------------------------

void World::publish(Epoch epoch, const std::vector<NodeId>& members, bool quorate) {
  View view{.epoch = epoch,
            .members = {},
            .configured_votes = settings_.votes.configured,
            .quorate = quorate,
            .tie_breaker = settings_.votes.tie_breaker,
            .device_votes = settings_.votes.device,
            .device_timeout = settings_.votes.device_timeout};
  for (const NodeId node : members) {
    const Machine* member = machine(node);
    HF_ASSERT(member != nullptr);
    view.members.push_back(
        {.node = node, .incarnation = member->incarnation, .address = name_of(node)});
  }
  if (view.configured_votes == 0)
    view.configured_votes = static_cast<std::uint32_t>(view.members.size());
  auto sound = checked(std::move(view));
  HF_ASSERT(sound.has_value());
  view_ = *sound;
  note("membership says epoch " + std::to_string(epoch.value()));
  for (Machine& machine : machines_)
    if (machine.up() && view_.has(machine.id)) hand_view(machine, view_, now_ + latency());
}

void World::hand_view(Machine& to, const View& view, Duration when) {
  to.view_arrival = std::max(to.view_arrival, when);
  post_at(to.view_arrival, to, node::NewView{view});
}

void World::publish_next() {
  std::vector<NodeId> up;
  for (const Machine& machine : machines_)
    if (machine.up()) up.push_back(machine.id);
  if (!up.empty()) publish(Epoch{view_.epoch.value() + 1}, up);
}

}  // namespace holdfast::sim
