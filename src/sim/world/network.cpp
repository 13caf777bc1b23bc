// SPDX-License-Identifier: Apache-2.0
// Connections between nodes: who can reach whom, dialing, what breaks.
#include "sim/scenario/script.hpp"
#include "sim/world/world.hpp"

#include <algorithm>

namespace holdfast::sim {

ChannelId World::make_channel(Channel fresh) {
  fresh.last_arrival = now_;
  channels_.push_back(std::make_unique<Channel>(std::move(fresh)));
  return ChannelId{static_cast<std::uint32_t>(channels_.size() - 1)};
}

bool World::reachable(NodeId a, NodeId b) const {
  return !blocked_.contains({a, b}) && !blocked_.contains({b, a});
}

void World::dial_all() {
  for (Machine& machine : machines_) {
    if (!machine.up() || machine.frozen != Freeze::none) continue;
    for (Dialing& dialing : machine.dialing)
      if (!dialing.socket) dial(machine, dialing);
  }
}

void World::dial(Machine& from, Dialing& dialing) {
  Machine* to = machine(dialing.peer);
  if (to == nullptr || !to->up() || !reachable(from.id, to->id)) return;
  const std::uint32_t here = take_socket(from.peers);
  const std::uint32_t there = take_socket(to->peers);
  const ChannelId forth = make_channel({.kind = ChannelKind::between_nodes,
                                        .from = from.id,
                                        .to = to->id,
                                        .target = {index_of(*to), there, {}}});
  const ChannelId back = make_channel({.kind = ChannelKind::between_nodes,
                                       .from = to->id,
                                       .to = from.id,
                                       .target = {index_of(from), here, to->id}});
  from.peers[here] = {.used = true, .out = forth, .in = back};
  to->peers[there] = {.used = true, .out = back, .in = forth};
  dialing.socket = here;
  if (tracer)
    note(name_of(from.id) + " dials " + name_of(to->id) + ": connection " + std::to_string(here) +
         " there " + std::to_string(there));
  send(forth, {.kind = Parcel::Kind::connected});
  send(back, {.kind = Parcel::Kind::connected});
}

// A node is done with a connection; whoever dialed it does so again.
void World::free_peer_socket(Machine& machine, std::uint32_t socket, Duration dial_again_after) {
  if (socket >= machine.peers.size()) return;
  machine.peers[socket].used = false;
  for (Dialing& dialing : machine.dialing)
    if (dialing.socket == socket) dialing.socket.reset();
  at(now_ + dial_again_after, {}, [this] { dial_all(); });
}

// The rest of this channel is lost and its receiver learns that the connection is gone.
void World::sever(ChannelId id) {
  Channel& lost = channel(id);
  if (lost.receiver_gone) return;
  const bool unknown = std::ranges::any_of(
      lost.parcels, [](const Parcel& parcel) { return parcel.kind == Parcel::Kind::connected; });
  lost.lose_all();
  if (!unknown) return send(id, {.kind = Parcel::Kind::closed});
  lost.receiver_gone = true;  // it never heard of this connection
  free_peer_socket(machines_[lost.target.machine], lost.target.conn, Duration{0});
}

void World::stop_receiving(ChannelId id) {
  channel(id).lose_all();
  channel(id).receiver_gone = true;
}

void World::break_socket(Machine& machine, std::uint32_t socket) {
  const Socket broken = machine.peers[socket];
  if (!broken.used) return;
  if (tracer)
    note("connection " + std::to_string(socket) + " of " + name_of(machine.id) + " with " +
         name_of(channel(broken.out).to) + " breaks");
  sever(broken.out);
  sever(broken.in);
}

void World::break_connection(NodeId a, NodeId b) {
  Machine& one = *machine(a);
  for (std::uint32_t i = 1; i < one.peers.size(); ++i)
    if (one.peers[i].used && channel(one.peers[i].out).to == b) break_socket(one, i);
}

void World::partition(const std::vector<std::vector<NodeId>>& groups) {
  std::map<NodeId, std::size_t> sides;
  for (std::size_t side = 0; side < groups.size(); ++side)
    for (const NodeId node : groups[side]) sides[node] = side + 1;
  blocked_.clear();
  for (const Machine& one : machines_)
    for (const Machine& other : machines_)  // who is in no group is alone
      if (one.id != other.id && (sides[one.id] != sides[other.id] || sides[one.id] == 0))
        blocked_.insert({one.id, other.id});
  for (const Machine& one : machines_)
    for (const Machine& other : machines_)
      if (one.id < other.id && one.up() && !reachable(one.id, other.id))
        break_connection(one.id, other.id);
}

void World::unblock(NodeId from, NodeId to) {
  if (blocked_.erase({from, to}) == 0) return;
  kick_all();
  dial_all();
}

void World::read_again(NodeId from, NodeId to) {
  if (unread_.erase({from, to}) != 0) kick_all();
}

void World::heal() {
  blocked_.clear();
  unread_.clear();
  kick_all();
  dial_all();
}

void World::release_held(const Hold& hold) {
  std::erase_if(holds_, [&](const Hold& held) {
    return held.from == hold.from && held.to == hold.to &&
           (hold.message.empty() || held.message == hold.message);
  });
  kick_all();
}

void World::drop(Hold what) {
  const auto held = [&](const std::unique_ptr<Channel>& one) {
    return one != nullptr && one->kind == ChannelKind::between_nodes && one->from == what.from &&
           one->to == what.to && !one->parcels.empty() &&
           carries(one->parcels.front().bytes, what.message);
  };
  const bool now = std::ranges::any_of(channels_, held);
  if (now) return break_connection(what.from, what.to);
  drops_.push_back(std::move(what));
}

void World::duplicate(Hold what) { duplicates_.push_back(std::move(what)); }

}  // namespace holdfast::sim
