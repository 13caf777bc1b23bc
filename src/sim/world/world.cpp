// SPDX-License-Identifier: Apache-2.0
// Time and delivery.
#include "sim/world/world.hpp"

#include "base/hash.hpp"
#include "base/limits.hpp"
#include "model/name.hpp"
#include "sim/history/recorder.hpp"
#include "sim/scenario/script.hpp"
#include "wire/print.hpp"

#include <algorithm>

namespace holdfast::sim {
namespace {

// A world that does this much without time moving will never come to rest.
constexpr int steps_at_once_max = 200'000;

Belief* belief_in(Client& client, ClaimId lock) {
  const auto found = client.beliefs.find(lock);
  return found == client.beliefs.end() ? nullptr : &found->second;
}

}  // namespace

World::World(WorldSettings settings, ClientEvents& events)
    : settings_(std::move(settings)), events_(events), prng_(settings_.seed) {
  machines_.reserve(limits::nodes_max);
  for (std::uint32_t i = 1; i <= settings_.machines; ++i) start(NodeId{i});
}

// ---- programs
// -----------------------------------------------------------------------------------------

std::size_t World::connect(std::string name, NodeId at_node, std::uint32_t uid) {
  Machine& home = *machine(at_node);
  HF_ASSERT(home.up());
  const std::size_t index = clients_.size();
  auto fresh = std::make_unique<Client>();
  fresh->name = name;
  fresh->machine = index_of(home);
  fresh->incarnation = home.incarnation;
  fresh->pid = next_pid_++;
  wire::ReleaseSlot* const slot = settings_.slots == Slots::shared ? &fresh->slot : nullptr;
  fresh->session = std::make_unique<session::Session>(session::SessionOptions{.label = name, .slot = slot});
  fresh->conn = take_socket(home.programs);
  fresh->up = make_channel({.kind = ChannelKind::from_client,
                            .target = {index_of(home), fresh->conn, {}},
                            .client = index});
  fresh->down = make_channel({.kind = ChannelKind::to_client,
                              .target = {index_of(home), fresh->conn, {}},
                              .client = index});
  Socket& socket = home.programs[fresh->conn];
  socket = {.used = true, .out = fresh->down, .in = fresh->up, .client = index};
  const Owner owner{.pid = fresh->pid,
                    .start_ticks = fresh->pid,
                    .uid = uid,
                    .user = "u" + std::to_string(uid),
                    .command = name,
                    .label = {}};
  post(home, node::ClientConnected{node::ClientConn{fresh->conn}, owner, slot});
  clients_.push_back(std::move(fresh));
  clients_[index]->is_operator = uid == 0;
  if (auto* to = record(*clients_[index])) to->connected(*clients_[index], home);
  flush(index);
  return index;
}

Result<RequestId> World::lock(std::size_t index, const wire::Lock& call) {
  return lock(index, call, std::string(call.resource));
}

Result<RequestId> World::lock(std::size_t index, const wire::Lock& call, std::string key) {
  Client& client = *clients_[index];
  HF_TRY(const RequestId request, client.session->lock(call));
  if (auto* to = record()) to->asked(client, request, call, key);
  client.asked[request] = {.key = std::move(key)};
  flush(index);
  return request;
}

Result<RequestId> World::convert(std::size_t index, const wire::Convert& call) {
  Client& client = *clients_[index];
  HF_TRY(const RequestId request, client.session->convert(call));
  if (auto* to = record()) to->asked(client, request, call);
  if (Belief* belief = belief_in(client, call.lock)) {
    client.asked[request] = {
        .key = belief->key, .lock = call.lock, .before = belief->mode, .conversion = true};
    if (is_down_conversion(belief->mode, call.mode)) belief->mode = call.mode;
    // Neither up nor down: it may take effect at any moment, so only what both modes allow is sure.
    if (is_middle_conversion(belief->mode, call.mode)) belief->mode = Mode::CR;
    // Its owner agreed to lose the granted mode at any moment from now on.
    if (call.flags.has(Flag::convdeadlk)) belief->mode = Mode::NL;
  }
  flush(index);
  return request;
}

Result<RequestId> World::unlock(std::size_t index, const wire::Unlock& call) {
  Client& client = *clients_[index];
  HF_TRY(const RequestId request, client.session->unlock(call));
  if (auto* to = record()) to->asked(client, request, call);
  client.beliefs.erase(call.lock);
  client.ending.insert(call.lock);
  client.asked[request] = {.key = {}, .lock = call.lock, .unlock = true};
  flush(index);
  return request;
}

Result<void> World::release(std::size_t index, const wire::Release& call) {
  if (auto done = clients_[index]->session->release(call); !done) return done;
  if (auto* to = record()) to->asked(*clients_[index], call);
  clients_[index]->beliefs.erase(call.lock);
  flush(index);
  return {};
}

void World::flush(std::size_t index) {
  Client& client = *clients_[index];
  send_frames(client.up, client.session->out());
}

void World::kill_client(std::size_t index) {
  Client& client = *clients_[index];
  if (!client.alive) return;
  client.alive = false;
  if (auto* to = record(client)) to->killed(client);
  client.beliefs.clear();
  stop_receiving(client.down);
  if (channel(client.up).receiver_gone) return;
  send(client.up, {.kind = Parcel::Kind::died});
  send(client.up, {.kind = Parcel::Kind::closed});
}

void World::resume_client(std::size_t index) {
  clients_[index]->paused = false;
  clients_[index]->reads = true;
  kick_all();
}

// ---- time
// ---------------------------------------------------------------------------------------------

// Mostly quick, now and then slow, rarely very slow.
Duration World::latency() {
  using std::chrono::microseconds;
  if (settings_.latency == Latency::none) return Duration{0};
  if (settings_.latency == Latency::steady) return microseconds(100);
  if (prng_.chance(2)) return microseconds(prng_.between(1'000, 300'000));
  if (prng_.chance(10)) return microseconds(prng_.between(500, 20'000));
  return microseconds(prng_.between(20, 400));
}

Duration World::latency_of(const Channel& way) {
  const Duration usual = latency();
  if (way.kind != ChannelKind::between_nodes || slow_.empty()) return usual;
  const auto slow = slow_.find({way.from, way.to});
  return slow == slow_.end() ? usual : usual + slow->second;
}

void World::send(ChannelId id, Parcel parcel) {
  Channel& to = channel(id);
  if (to.receiver_gone) return;
  to.put(std::move(parcel));
  to.last_arrival = std::max(to.last_arrival, now_ + latency_of(to));
  agenda_[{to.last_arrival, ++sequence_}] = {id, {}, {}};
  look_at_backlog(to);
}

// Whoever leaves too much unread is given up, as the daemon's sockets do (io/client_port, io/peer_port).
void World::look_at_backlog(Channel& to) {
  if (to.kind == ChannelKind::between_nodes && to.bytes > settings_.peer_backlog_bytes_max + to.largest_send) {
    Machine& sender = *machine(to.from);
    for (std::uint32_t i = 1; i < sender.peers.size(); ++i)
      if (sender.peers[i].used && &channel(sender.peers[i].out) == &to) return break_socket(sender, i);
  }
  if (to.kind != ChannelKind::to_client || to.bytes <= settings_.backlog_bytes_max) return;
  Client& client = *clients_[to.client];
  if (std::exchange(client.reported_slow, true)) return;
  post(machines_[client.machine], node::ClientSlow{node::ClientConn{client.conn}});
}

// An event that reaches the node as soon as possible; lost if the node dies before.
void World::post(Machine& to, node::Event event) { post_at(now_, to, std::move(event)); }

void World::post_at(Duration when, Machine& to, node::Event event) {
  at(when, to.id, [this, index = index_of(to), life = to.incarnation, event = std::move(event)] {
    Machine& there = machines_[index];
    if (there.up() && there.incarnation == life) step(there, event);
  });
}

Result<void> World::settle() {
  for (int steps = 0; steps < steps_at_once_max; ++steps)
    if (!step_world(now_)) return {};
  return Error{Errc::bad_message,
               "the cluster does not come to rest: " + std::to_string(steps_at_once_max) +
                   " events without time moving"};
}

Result<void> World::pass(Duration by) {
  const Duration end = now_ + by;
  if (auto done = settle(); !done) return done;
  for (int steps = 0; step_world(end); ++steps)
    if (steps >= steps_at_once_max)
      return Error{Errc::bad_message, "the cluster does not come to rest"};
  now_ = end;
  return settle();
}

bool World::step_world(Duration limit) {
  const auto [timer_at, timer] = next_timer();
  const Duration arrival_at = agenda_.empty() ? Duration::max() : agenda_.begin()->first.first;
  if (std::min(timer_at, arrival_at) > limit) return false;
  if (arrival_at <= timer_at) {
    now_ = std::max(now_, arrival_at);
    auto next = agenda_.extract(agenda_.begin());
    Arrival& due = next.mapped();
    Machine* const whose = due.node ? machine(due.node) : nullptr;
    if (due.channel)
      arrive(due.channel);
    else if (whose != nullptr && whose->frozen != Freeze::none)
      whose->stalled.push_back(std::move(due.action));
    else
      due.action();
    return true;
  }
  now_ = std::max(now_, timer_at);
  timer->wake_at.reset();
  step(*timer, node::Tick{});
  return true;
}

bool World::step_machine(NodeId node) {
  for (auto next = agenda_.begin(); next != agenda_.end() && next->first.first <= now_; ++next) {
    const ChannelId id = next->second.channel;
    if (!id && next->second.node != node) continue;
    if (id && (channel(id).kind == ChannelKind::to_client ||
               machines_[channel(id).target.machine].id != node))
      continue;
    if (id && (channel(id).parcels.empty() || stays(channel(id)))) continue;
    auto taken = agenda_.extract(next);
    if (id)
      arrive(id);
    else
      taken.mapped().action();
    return true;
  }
  const auto [timer_at, timer] = next_timer();
  if (timer == nullptr || timer->id != node || timer_at > now_) return false;
  timer->wake_at.reset();
  step(*timer, node::Tick{});
  return true;
}

std::pair<Duration, Machine*> World::next_timer() {
  std::pair<Duration, Machine*> next{Duration::max(), nullptr};
  for (Machine& machine : machines_) {
    if (!machine.up() || !machine.wake_at || machine.frozen != Freeze::none) continue;
    const Duration when = machine.when(*machine.wake_at, now_);
    if (when < next.first) next = {when, &machine};
  }
  return next;
}

// ---- delivery
// -----------------------------------------------------------------------------------------

void World::arrive(ChannelId id) {
  Channel& from = channel(id);
  if (from.parcels.empty() || stays(from)) return;
  deliver(from, from.take());
}

// Is the front of this channel held back?
bool World::stays(Channel& from) {
  if (from.kind == ChannelKind::to_client) return !runs(from.client) || !clients_[from.client]->reads;
  if (machines_[from.target.machine].frozen != Freeze::none) return true;
  if (from.kind == ChannelKind::from_client) return false;
  if (unread_.contains({from.from, from.to}) && from.parcels.front().kind == Parcel::Kind::frame) return true;
  // The end of a connection is known on each side by itself.
  if (from.parcels.front().kind != Parcel::Kind::closed && blocked_.contains({from.from, from.to}))
    return true;
  for (Hold& hold : holds_) {
    if (hold.from != from.from || hold.to != from.to) continue;
    const Parcel& front = from.parcels.front();
    if (front.kind == Parcel::Kind::frame && carries(front.bytes, hold.message)) hold.caught = true;
    if (hold.caught || hold.message.empty()) return true;
  }
  return false;
}

void World::deliver(Channel& from, Parcel parcel) {
  digest({reinterpret_cast<const char*>(parcel.bytes.data()), parcel.bytes.size()});
  switch (from.kind) {
    case ChannelKind::to_client:
      return deliver_to_client(*clients_[from.client], parcel);
    case ChannelKind::from_client:
      return deliver_from_client(from, parcel);
    case ChannelKind::between_nodes:
      return deliver_between_nodes(from, parcel);
  }
}

void World::deliver_to_client(Client& client, const Parcel& parcel) {
  if (!client.alive) return;
  session::Events said;
  if (parcel.kind == Parcel::Kind::closed) {
    channel(client.up).receiver_gone = true;
    client.session->disconnected("the daemon has closed the connection", said);
  } else {
    HF_ASSERT(client.session->receive_all(parcel.bytes, said) == parcel.bytes.size());
  }
  for (const session::Event& event : said) {
    believe(client, event);
    if (auto* to = record(client)) to->heard(client, event);
    if (tracer) {
      std::string text = "(welcome)";
      std::visit(
          [&]<class M>(const M& m) {
            if constexpr (wire::Described<M>) text = wire::to_text(m);
          },
          event);
      note(client.name + " hears " + text);
    }
    events_.on_event(channel(client.up).client, event);
  }
  flush(channel(client.up).client);
}

void World::deliver_from_client(Channel& from, const Parcel& parcel) {
  Machine& to = machines_[from.target.machine];
  const node::ClientConn conn{from.target.conn};
  if (parcel.kind == Parcel::Kind::died) return step(to, node::ClientDied{conn});
  if (parcel.kind == Parcel::Kind::closed) {
    from.receiver_gone = true;
    from.lose_all();  // what was sent before the other side knew, too
    const Incarnation life = to.incarnation;
    step(to, node::ClientClosed{conn});
    if (to.up() && to.incarnation == life) to.programs[conn.value()].used = false;
    return;
  }
  wire::Frame frame;
  HF_ASSERT(wire::cut_frame(parcel.bytes, limits::client_frame_bytes_max, frame) ==
            wire::Cut::frame);
  if (tracer) {
    std::string_view what;
    (void)wire::dispatch(
        wire::ToDaemon{}, frame.type, frame.body,
        [&](const auto& m) { note(clients_[from.client]->name + " says " + wire::to_text(m)); },
        what);
  }
  step(to, node::ClientFrame{conn, frame});
}

void World::deliver_between_nodes(Channel& from, const Parcel& parcel) {
  Machine& to = machines_[from.target.machine];
  const node::PeerConn conn{from.target.conn};
  if (parcel.kind == Parcel::Kind::connected)
    return step(to, node::PeerConnected{conn, from.target.dialed});
  if (parcel.kind == Parcel::Kind::closed) {
    from.receiver_gone = true;
    from.lose_all();  // what was sent before the other side knew, too
    if (tracer)
      note(name_of(to.id) + " sees the end of connection " + std::to_string(conn.value()));
    const Incarnation life = to.incarnation;
    step(to, node::PeerClosed{conn});
    if (to.up() && to.incarnation == life) free_peer_socket(to, conn.value(), Duration{0});
    return;
  }
  const auto is_this = [&](const Hold& what) {
    return what.from == from.from && what.to == from.to && carries(parcel.bytes, what.message);
  };
  if (const auto drop = std::ranges::find_if(drops_, is_this); drop != drops_.end()) {
    drops_.erase(drop);
    return break_socket(to, conn.value());
  }
  if (const auto garble = std::ranges::find_if(garbled_, is_this); garble != garbled_.end()) {
    garbled_.erase(garble);
    return step(to, node::PeerGarbage{conn, Errc::bad_message});
  }
  if (tracer)
    note(name_of(from.from) + "->" + name_of(from.to) + " " + printed_link_frame(parcel.bytes));
  if (settings_.memory == Memory::messages)
    for (std::string& name : messages_in(parcel.bytes))
      if (!name.starts_with("Link"))
        messages_.push_back(name_of(from.from) + "->" + name_of(from.to) + " " + name);
  wire::Frame frame;
  HF_ASSERT(wire::cut_frame(parcel.bytes, limits::peer_frame_bytes_max, frame) == wire::Cut::frame);
  const auto twice = std::ranges::find_if(duplicates_, is_this);
  const bool again = twice != duplicates_.end();
  if (again) duplicates_.erase(twice);
  step(to, node::PeerFrame{conn, frame});
  if (again && to.up() && !from.receiver_gone) step(to, node::PeerFrame{conn, frame});
}

// What was held back can arrive again.
void World::kick_all() {
  for (std::uint32_t i = 1; i < channels_.size(); ++i)
    for (std::size_t n = channels_[i]->parcels.size(); n > 0; --n)
      agenda_[{std::max(now_, channels_[i]->last_arrival), ++sequence_}] = {ChannelId{i}, {}, {}};
}

void World::believe(Client& client, const session::Event& event) {
  if (const auto* notice = std::get_if<wire::NoticeEvent>(&event)) client.told.insert(notice->lock);
  if (const auto* granted = std::get_if<wire::Granted>(&event)) {
    client.told.erase(granted->lock);
    const auto asked = client.asked.find(granted->request);
    if (asked == client.asked.end()) return;
    if (!client.ending.contains(granted->lock)) {
      client.beliefs[granted->lock] = {asked->second.key, granted->mode, granted->token};
      beliefs_rose_ = true;
    }
    client.asked.erase(asked);
  }
  if (const auto* refused = std::get_if<wire::Refused>(&event)) {
    const auto asked = client.asked.extract(refused->request);
    Belief* belief = asked.empty() ? nullptr : belief_in(client, asked.mapped().lock);
    if (belief != nullptr && belief->mode == Mode::CR) belief->mode = asked.mapped().before;
  }
  if (const auto* done = std::get_if<wire::Done>(&event)) {
    const auto asked = client.asked.extract(done->request);
    if (!asked.empty() && asked.mapped().unlock && done->status != Errc::ok)
      client.ending.erase(asked.mapped().lock);
  }
  if (const auto* lost = std::get_if<wire::LostEvent>(&event)) client.beliefs.erase(lost->lock);
}

history::Recorder* World::record() {
  if (recorder != nullptr) recorder->at(now_);
  return recorder;
}

// What its programs would see if they looked.
void World::record_deadlines(Machine& seen) {
  history::Recorder* const to = record();
  if (to == nullptr) return;
  for (const auto& client : clients_)
    if (client->alive && !client->is_operator && client->machine == index_of(seen)) to->look(*client, seen);
}

void World::set_clock(NodeId node, Duration by) {
  record_deadlines(*machine(node));
  machine(node)->offset += by;
  record_deadlines(*machine(node));
}

void World::note(const std::string& line) {
  if (tracer) tracer(std::to_string(now_.count() / 1000) + "us " + line);
}

void World::digest(std::string_view bytes) {
  hash_ = hash_bytes(bytes, hash_ ^ static_cast<std::uint64_t>(now_.count()));
}

}  // namespace holdfast::sim
