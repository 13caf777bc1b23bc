// SPDX-License-Identifier: Apache-2.0
// What a node wants done. The order contract, for every world:
//   1. persist `saves` (and only go on when they are durable),
//   2. write every outbox to its connection, bytes in order, one write per connection and turn,
//   3. close what is in the close lists, after what was written to it,
//   4. stop dialing, then dial (a restarted node is in both lists), stamp the deadline, arm wake_at.
// Traces may be printed or recorded at any time. A world may step many events before it carries the effects
// out (one turn); then it calls Node::finish_turn with a clock that was read again, and clear() at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "model/ids.hpp"
#include "node/events.hpp"
#include "node/trace.hpp"
#include "wire/buffer.hpp"
#include "wire/framing.hpp"

namespace holdfast::node {

// Bytes for many connections, gathered over one turn. Buffers keep their memory.
template <class Conn>
class Outbox {
 public:
  [[nodiscard]] wire::Buffer& to(Conn conn) {
    if (conn.value() >= buffers_.size()) buffers_.resize(conn.value() + 1);
    Entry& entry = buffers_[conn.value()];
    if (!entry.dirty) {
      entry.dirty = true;
      dirty_.push_back(conn);
    }
    return entry.buffer;
  }
  template <wire::Described M>
  void send(Conn conn, const M& message) {
    wire::append_frame(to(conn), message);
  }
  // Visits (conn, buffer) in the order in which they were first written to.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (const Conn conn : dirty_) visit(conn, buffers_[conn.value()].buffer);
  }
  // Forgets what was gathered for one connection.
  void drop(Conn conn) {
    if (conn.value() < buffers_.size()) buffers_[conn.value()].buffer.clear();
  }
  [[nodiscard]] bool empty() const { return dirty_.empty(); }
  void clear() {
    for (const Conn conn : dirty_) {
      buffers_[conn.value()].buffer.clear();
      buffers_[conn.value()].dirty = false;
    }
    dirty_.clear();
  }

 private:
  struct Entry {
    wire::Buffer buffer;
    bool dirty = false;
  };
  std::vector<Entry> buffers_;
  std::vector<Conn> dirty_;
};

// The state file: the epoch that this node acted on last, and whose locks may be in use by what this life
// answered or heard.
struct Save {
  Epoch epoch;
  std::vector<FormerPeer> peers;
};

// A proof of death is wanted: whatever can prove it (a fencing hook) is asked, and the answer is the event
// ConfirmedDead.
struct ProveDead {
  NodeId node;
  Incarnation incarnation;
};

struct Dial {
  NodeId node;
  std::string address;
};

// May programs still rely on what this life granted? Then the next one must know.
enum class Left : std::uint8_t { nothing_behind, locks_behind };

// How much of what a peer or a program has sent is to be stepped in one turn: in a long work only a little, since other
// programs wait for it.
enum class Reading : std::uint8_t { usual, little };

struct Effects {
  std::vector<Save> saves;
  Outbox<ClientConn> clients;
  Outbox<PeerConn> peers;
  std::vector<ClientConn> close_clients;
  std::vector<PeerConn> close_peers;
  std::vector<Dial> dials;             // call this peer, again and again, until stop_dialing names it
  std::vector<NodeId> stop_dialing;
  std::vector<ProveDead> prove_dead;
  std::optional<Instant> deadline;     // stamp the page that the clients map: locks of this node hold until then
  std::optional<Instant> wake_at;      // step Tick then; replaces the earlier one
  Reading reading = Reading::usual;    // from here on
  std::vector<Trace> traces;
  std::optional<Left> left;  // after Shutdown: nothing is left to do, the daemon may end
  bool finished = false;  // this incarnation is over (its lease ran out, or a view left it out): throw the
                          // node away when everything here is done and start another incarnation

  void clear() {
    saves.clear();
    clients.clear();
    peers.clear();
    close_clients.clear();
    close_peers.clear();
    dials.clear();
    stop_dialing.clear();
    prove_dead.clear();
    deadline.reset();
    wake_at.reset();
    traces.clear();
    left.reset();
    finished = false;
  }
};

}  // namespace holdfast::node
