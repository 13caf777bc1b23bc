// SPDX-License-Identifier: Apache-2.0
// Sessions: the programs of this node. A session begins with a hello, belongs to one process whose facts the
// kernel told, opens lockspaces, and owns claims; it ends with its process or with its socket, as its life
// says. What becomes of its claims is the requester's business.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <string>
#include <vector>

#include "node/core.hpp"
#include "node/place_index.hpp"
#include "wire/client_messages.hpp"

namespace holdfast::node {

struct OpenLockspace {
  std::string name;  // empty: this node has left it since
  NameSeed seed;
  bool by_join = false;  // it was opened as one that this node is in
};

struct Session {
  enum class State : std::uint8_t { none, greeting, open, ending };
  State state = State::none;
  ClientConn conn;
  OwnerId owner;
  std::vector<OpenLockspace> lockspaces;  // by handle
  wire::ReleaseSlot* slot = nullptr;
  bool recalled = false;  // the program sends its releases
  wire::Knows knows = wire::Knows::what_was_first;

  // Null if the handle is none, or none any more.
  [[nodiscard]] const OpenLockspace* lockspace(wire::LockspaceHandle handle) const {
    return handle.value() < lockspaces.size() && !lockspaces[handle.value()].name.empty() ? &lockspaces[handle.value()]
                                                                                            : nullptr;
  }
};

class Sessions {
 public:
  explicit Sessions(Core& core) : core_(core) {}

  void on_connected(const ClientConnected& event);
  void on_hello(Session& session, const wire::ClientHello& hello);
  // The session of a connection, in whatever state; null if there is none.
  [[nodiscard]] Session* find(ClientConn conn);
  // The open session of this owner at this connection; null if it has ended.
  [[nodiscard]] Session* find(ClientConn conn, OwnerId owner) {
    Session* session = find(conn);
    return session != nullptr && session->state == Session::State::open && session->owner == owner ? session : nullptr;
  }
  // Tells the program why, and closes. Its claims must have been dealt with.
  void end(Session& session, const Error& why);
  void forget(ClientConn conn);

  // Answers; nothing happens if the session has ended meanwhile.
  template <wire::Described M>
  void send(ClientConn conn, OwnerId owner, const M& message) {
    if (find(conn, owner) == nullptr) return;
    if constexpr (requires { message.detail; }) {
      if (message.detail.size() > limits::detail_bytes_max) {
        M shorter = message;
        shorter.detail = message.detail.substr(0, limits::detail_bytes_max);
        return core_.out->clients.send(conn, shorter);
      }
    }
    core_.out->clients.send(conn, message);
  }
  // Nobody waits for a session that has no claims.
  void allow_quiet_releases(ClientConn conn) {
    Session& session = sessions_[conn.value()];
    if (std::exchange(session.recalled, false)) session.slot->allow();
  }
  [[nodiscard]] bool is_operator(const Owner& owner) const;
  [[nodiscard]] bool is_operator(const Session& session) const { return is_operator(facts(session.owner)); }
  [[nodiscard]] Result<wire::LockspaceHandle> open_lockspace(Session& session, std::string_view lockspace,
                                                             bool by_join) const;
  // Handles of all sessions that opened it as one that this node is in.
  void close_handles(std::string_view lockspace);

  // Facts about owners live as long as their session, and then as long as claims that it left behind.
  [[nodiscard]] const Owner& facts(OwnerId owner) const;
  // When its session began.
  [[nodiscard]] Instant born(OwnerId owner) const { return owners_.find(owner)->second.born; }
  void keep_facts(OwnerId owner) { ++owners_.find(owner)->second.users; }
  void drop_facts(OwnerId owner);
  [[nodiscard]] std::uint32_t size() const { return open_; }
  // Open sessions, by connection.
  template <class Visit>
  void for_each_open(Visit&& visit) {
    for (Session& session : sessions_)
      if (session.state == Session::State::open) visit(session);
  }

 private:
  [[nodiscard]] OpenLockspace open_lockspace_named(std::string_view name) const {
    return {.name = std::string(name), .seed = NameSeed::of(name, core_.config.hash_salt)};
  }
  struct Facts {
    Owner owner;
    std::uint32_t users = 0;
    Instant born;
  };
  Core& core_;
  std::vector<Session> sessions_;  // by connection
  boost::unordered_flat_map<OwnerId, Facts, std::hash<OwnerId>> owners_;
  std::uint64_t last_owner_ = 0;
  std::uint32_t open_ = 0;
};

}  // namespace holdfast::node
