// SPDX-License-Identifier: Apache-2.0
// World: machines with nodes, programs with sessions and a network between them, in one process, on
// virtual time, decided by one seed. It keeps the order contract of node/effects.hpp and knows no
// rule of locking.
//
// Time is the world's own; every machine's clock runs beside it with an offset and a drift. What
// happens next is the earliest thing on the agenda or the earliest timer of a node. With
// Latency::none (scenarios) everything that is sent arrives at the same moment, in the order in
// which it was sent, and time moves by pass() alone. With Latency::steady everything takes the same
// time.
#pragma once

#include "base/limits.hpp"
#include "base/prng.hpp"
#include "base/result.hpp"
#include "model/view.hpp"
#include "sim/world/channel.hpp"
#include "sim/world/client.hpp"
#include "sim/world/machine.hpp"
#include "sim/world/votes.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace holdfast::sim {

namespace history {
class Recorder;
}

enum class Latency : std::uint8_t { none, steady, random };
// Do programs share a release slot with their daemon?
enum class Slots : std::uint8_t { none, shared };
enum class Membership : std::uint8_t {
  automatic,  // a crash, restart or join is followed by the next view, to all live nodes
  manual,     // only publish() and hand_view() make views
};
// Does somebody want to look at the names of all messages later?
enum class Memory : std::uint8_t { messages, none };

struct WorldSettings {
  std::uint32_t machines = 1;
  std::uint64_t seed = 1;
  Latency latency = Latency::none;
  Membership membership = Membership::automatic;
  Slots slots = Slots::none;
  Votes votes;
  Memory memory = Memory::messages;
  std::size_t backlog_bytes_max = limits::session_backlog_bytes_max;  // unread by a program
  std::size_t peer_backlog_bytes_max = 64 * 1024 * 1024;              // unread by a peer (io/peer_port.hpp)
  node::NodeConfig node;  // of every node; ids, incarnations and addresses are filled in
};

class World {
 public:
  World(WorldSettings settings, ClientEvents& events);

  // ---- programs ----
  std::size_t connect(std::string name, NodeId at, std::uint32_t uid = 1000);
  [[nodiscard]] Client& client(std::size_t index) { return *clients_[index]; }
  [[nodiscard]] std::size_t clients() const { return clients_.size(); }
  Result<RequestId> lock(std::size_t client, const wire::Lock& call);
  // Of a sub-lock: what its resource is believed to be, beside all others.
  Result<RequestId> lock(std::size_t client, const wire::Lock& call, std::string key);
  Result<RequestId> convert(std::size_t client, const wire::Convert& call);
  Result<RequestId> unlock(std::size_t client, const wire::Unlock& call);
  Result<void> release(std::size_t client, const wire::Release& call);
  // For everything else: call client(i).session, then this.
  void flush(std::size_t client);
  void kill_client(std::size_t client);
  void pause_client(std::size_t client) { clients_[client]->paused = true; }
  void stop_reading(std::size_t client) { clients_[client]->reads = false; }
  void resume_client(std::size_t client);

  // ---- machines ----
  [[nodiscard]] std::vector<Machine>& machines() { return machines_; }
  [[nodiscard]] const std::vector<Machine>& machines() const { return machines_; }
  [[nodiscard]] Machine* machine(NodeId node);
  // The machine dies: its node, its programs, its clock page.
  void crash(NodeId node);
  // Only the daemon dies; its programs live on and see a closed socket.
  void kill_daemon(NodeId node);
  // Its daemon is told to end: it hands over what it has, and then is gone.
  void leave(NodeId node) { post(*machine(node), node::Shutdown{}); }
  // An operator at one node asks for the resource of that name to be moved.
  void move(NodeId via, const std::string& name, NodeId to);
  // An operator at one node ends a lock of a program of another by force.
  void evict(NodeId via, NodeId holder, ClaimId lock, Token token, Duration grace);
  // An operator at one node says that this life of another and all its programs are dead.
  void vouch(NodeId via, NodeId dead, Incarnation life);
  // Another incarnation of a node that is down, or a new machine.
  void start(NodeId node);
  void set_clock(NodeId node, Duration by);
  // From now on; what the clock shows does not jump.
  void set_drift(NodeId node, std::int64_t ppm);
  // Stopped or suspended until thaw(). What was sent there waits in its sockets.
  void freeze(NodeId node, Freeze what);
  // The same, in the middle of the next turn that has something to tell to programs: it is
  // finished after the thaw.
  void freeze_in_turn(NodeId node) { machine(node)->freeze_in_turn = true; }
  void thaw(NodeId node);
  // Its daemon dies in the middle of the next turn that has something to tell: what it saved is saved, and only
  // some of its peers and none of its programs hear of it.
  void kill_in_turn(NodeId node) { machine(node)->dies_in_turn = true; }
  // From the next save on this daemon cannot go on: it ends before anything else leaves it.
  void break_disk(NodeId node) { machine(node)->disk_is_broken = true; }
  // Can this program do something now?
  [[nodiscard]] bool runs(std::size_t client) const {
    const Client& one = *clients_[client];
    return one.alive && !one.paused && machines_[one.machine].frozen != Freeze::machine;
  }

  // ---- membership ----
  void publish(Epoch epoch, const std::vector<NodeId>& members, bool quorate = true);
  // The quorum device stands with this node.
  void poll_device(NodeId node) { post(*machine(node), node::DevicePolled{.asked = machine(node)->clock(now_)}); }
  void publish_next();  // all nodes that are up
  [[nodiscard]] const View& view() const { return view_; }
  // Reaches this life of the node then, or later: views come in the order of the calls.
  void hand_view(Machine& to, const View& view, Duration when);

  // ---- network ----
  void hold(Hold hold) { holds_.push_back(std::move(hold)); }
  void release_held(const Hold& hold);
  // The next frame (or a held one) with such a message: the connection breaks there, or it comes
  // twice.
  void drop(Hold what);
  void duplicate(Hold what);
  // The next frame arrives as bytes of which no frame can be made.
  void garble(Hold what) { garbled_.push_back(std::move(what)); }
  void break_connection(NodeId a, NodeId b);
  void partition(const std::vector<std::vector<NodeId>>& groups);
  // Nothing gets from one to the other any more, and nobody is told: frames wait, as those of a
  // stream do that is sent again and again. No connection can be made either.
  void block(NodeId from, NodeId to) { blocked_.insert({from, to}); }
  void unblock(NodeId from, NodeId to);
  void heal();
  // Its connections stand, but it reads nothing of what this peer sends until it is told to: the peer hangs up when
  // too much is unread, and tries again.
  void stop_reading(NodeId from, NodeId to) { unread_.insert({from, to}); }
  void read_again(NodeId from, NodeId to);
  // Everything on this way takes so much longer; nothing: as usual again.
  void slow_down(NodeId from, NodeId to, Duration by) { slow_[{from, to}] = by; }
  [[nodiscard]] bool reachable(NodeId a, NodeId b) const;

  // ---- time ----
  [[nodiscard]] Duration now() const { return now_; }
  // Whatever can happen at this moment, until nothing can. Refuses if that never ends.
  [[nodiscard]] Result<void> settle();
  // Time goes on by this much, settling whenever something is due.
  [[nodiscard]] Result<void> pass(Duration by);
  // The next thing that happens, whenever it is, but not behind `limit`. False if there is none.
  bool step_world(Duration limit);
  // The next event for this node, of those that could arrive now. False if there is none.
  bool step_machine(NodeId node);

  // ---- looking ----
  [[nodiscard]] std::uint64_t trace_hash() const { return hash_; }
  // Has anybody begun to believe in something, or been promised more time, since the last call?
  [[nodiscard]] bool take_beliefs_rose() { return std::exchange(beliefs_rose_, false); }
  // Peer messages delivered since the last call, as "n1->n2 Operation".
  [[nodiscard]] std::vector<std::string> take_messages() { return std::exchange(messages_, {}); }
  std::function<void(const std::string&)> tracer;  // one line per thing that happens
  std::function<void(NodeId, const node::Trace&)> on_trace;
  std::function<void(std::string)> on_broken;  // a rule that the world itself sees broken
  history::Recorder* recorder = nullptr;  // takes down what programs ask and hear; none: nobody does
  [[nodiscard]] history::Recorder* record();  // at this moment; null if nobody takes down
  [[nodiscard]] history::Recorder* record(const Client& client) {
    return client.is_operator ? nullptr : record();
  }

 private:
  struct Arrival {
    ChannelId channel;  // or, if none:
    std::function<void()> action;
    NodeId node;  // whose event the action is
  };
  using When = std::pair<Duration, std::uint64_t>;

  // world.cpp: time and delivery
  [[nodiscard]] Duration latency();
  [[nodiscard]] Duration latency_of(const Channel& channel);
  void at(Duration when, NodeId node, std::function<void()> action) {
    agenda_[{when, ++sequence_}] = {{}, std::move(action), node};
  }
  void post(Machine& machine, node::Event event);
  void post_at(Duration when, Machine& machine, node::Event event);
  void send(ChannelId channel, Parcel parcel);
  void look_at_backlog(Channel& channel);
  void arrive(ChannelId channel);
  [[nodiscard]] bool stays(Channel& channel);
  void deliver(Channel& channel, Parcel parcel);
  void deliver_to_client(Client& client, const Parcel& parcel);
  void deliver_from_client(Channel& channel, const Parcel& parcel);
  void deliver_between_nodes(Channel& channel, const Parcel& parcel);
  void kick_all();
  [[nodiscard]] std::pair<Duration, Machine*> next_timer();
  void believe(Client& client, const session::Event& event);

  // carry_out.cpp: nodes and what they want
  void step(Machine& machine, const node::Event& event);
  void carry_out(Machine& machine);
  void die_in_turn(Machine& machine);
  void send_frames(ChannelId channel, wire::Buffer& buffer);
  void write_client(Machine& machine, node::ClientConn conn, wire::Buffer& buffer);
  void check_grants_are_in_time(Machine& machine, const wire::Buffer& buffer);
  void hang_up_client(Machine& machine, node::ClientConn conn);
  void hang_up_peer(Machine& machine, node::PeerConn conn);
  void finish(Machine& machine);
  void take_down(Machine& machine);
  void disconnect_programs(Machine& machine);

  // network.cpp: connections
  [[nodiscard]] Channel& channel(ChannelId id) { return *channels_[id.value()]; }
  ChannelId make_channel(Channel channel);
  void dial_all();
  void dial(Machine& machine, Dialing& dialing);
  void free_peer_socket(Machine& machine, std::uint32_t socket, Duration dial_again_after);
  void sever(ChannelId channel);
  void stop_receiving(ChannelId channel);
  void break_socket(Machine& machine, std::uint32_t socket);
  [[nodiscard]] std::size_t index_of(const Machine& machine) const {
    return static_cast<std::size_t>(&machine - machines_.data());
  }

  [[nodiscard]] std::size_t operator_at(NodeId via);
  void record_deadlines(Machine& machine);
  void note(const std::string& line);
  void digest(std::string_view bytes);

  WorldSettings settings_;
  ClientEvents& events_;
  Prng prng_;
  Duration now_{};
  std::uint64_t sequence_ = 0;
  std::map<When, Arrival> agenda_;
  std::vector<Machine> machines_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Channel>> channels_{1};
  std::vector<Hold> holds_, drops_, duplicates_, garbled_;
  std::set<std::pair<NodeId, NodeId>> blocked_, unread_;  // from, to
  std::map<std::pair<NodeId, NodeId>, Duration> slow_;
  View view_;
  std::vector<std::string> messages_;
  bool beliefs_rose_ = false;
  std::uint64_t hash_ = 0;
  std::uint32_t next_pid_ = 100;
  std::map<std::pair<NodeId, Incarnation>, std::size_t> operators_;  // clients
};

}  // namespace holdfast::sim
