// SPDX-License-Identifier: Apache-2.0
#include "node/sessions.hpp"

#include <algorithm>

namespace holdfast::node {

Session* Sessions::find(ClientConn conn) {
  if (conn.value() >= sessions_.size() || sessions_[conn.value()].state == Session::State::none) return nullptr;
  return &sessions_[conn.value()];
}

void Sessions::on_connected(const ClientConnected& event) {
  if (event.conn.value() >= sessions_.size()) sessions_.resize(event.conn.value() + 1);
  Session& session = sessions_[event.conn.value()];
  HF_ASSERT(session.state == Session::State::none);
  const OwnerId owner{++last_owner_};
  session = {.state = Session::State::greeting, .conn = event.conn, .owner = owner,
             .lockspaces = {open_lockspace_named(default_lockspace)}, .slot = event.slot};
  owners_[owner] = {.owner = event.owner, .users = 1, .born = core_.now};
  ++open_;
  if (open_ > limits::sessions_max)
    end(session, Error{Errc::too_many_sessions,
                       "this node serves at most " + std::to_string(limits::sessions_max) + " sessions"});
}

void Sessions::on_hello(Session& session, const wire::ClientHello& hello) {
  if (session.state != Session::State::greeting) {
    end(session, Error{Errc::bad_message, "a second hello"});
    return;
  }
  if (hello.protocol != wire::client_protocol) {
    end(session, Error{Errc::wrong_version, "the program speaks version " + std::to_string(hello.protocol) +
                                                " of the client protocol, this daemon speaks " +
                                                std::to_string(wire::client_protocol)});
    return;
  }
  if (hello.label.size() > limits::label_bytes_max) {
    end(session, Error{Errc::bad_argument, "the label has " + std::to_string(hello.label.size()) +
                                               " bytes, at most " + std::to_string(limits::label_bytes_max) +
                                               " are allowed"});
    return;
  }
  session.state = Session::State::open;
  session.knows = hello.knows;
  Owner& owner = owners_[session.owner].owner;
  owner.label.assign(hello.label);
  owner.life = hello.life;
  core_.trace({.kind = TraceKind::session_opened, .peer = {}, .a = session.owner.value(), .b = owner.pid, .text = {}});
  core_.out->clients.send(session.conn,
                          wire::Welcome{.node = core_.self(), .incarnation = core_.config.incarnation,
                                        .owner = session.owner, .epoch = core_.view.epoch,
                                        .lease = core_.config.lease,
                                        .value_bytes_max = core_.config.default_policy.value_bytes_max,
                                        .version = core_.config.version});
}

void Sessions::end(Session& session, const Error& why) {
  if (session.state == Session::State::ending) return;
  session.state = Session::State::ending;
  if (why.code != Errc::ok) {
    core_.trace({.kind = TraceKind::session_refused, .peer = {}, .a = session.owner.value(),
                 .b = facts(session.owner).pid, .text = why.text()});
    core_.out->clients.send(session.conn, wire::Ended{.status = why.code,
                                                      .detail = why.detail.substr(0, limits::detail_bytes_max)});
  }
  core_.out->close_clients.push_back(session.conn);
}

void Sessions::forget(ClientConn conn) {
  Session* session = find(conn);
  if (session == nullptr) return;
  core_.trace({.kind = TraceKind::session_closed, .peer = {}, .a = session->owner.value(),
               .b = facts(session->owner).pid, .text = {}});
  drop_facts(session->owner);
  *session = {};
  --open_;
}

bool Sessions::is_operator(const Owner& owner) const {
  return owner.uid == 0 || owner.uid == core_.config.operator_uid;
}

Result<wire::LockspaceHandle> Sessions::open_lockspace(Session& session, std::string_view lockspace,
                                                       bool by_join) const {
  const auto known = std::ranges::find(session.lockspaces, lockspace, &OpenLockspace::name);
  const auto handle = static_cast<std::uint16_t>(known - session.lockspaces.begin());
  if (known != session.lockspaces.end()) return wire::LockspaceHandle{handle};
  const auto open = std::ranges::count_if(session.lockspaces, [](const OpenLockspace& l) { return !l.name.empty(); });
  // A number is never given twice, so that an old handle cannot come to mean another lockspace.
  if (open >= limits::lockspaces_max || session.lockspaces.size() > UINT16_MAX)
    return Error{Errc::too_many_lockspaces,
                 "a session opens at most " + std::to_string(limits::lockspaces_max) + " lockspaces"};
  session.lockspaces.push_back(open_lockspace_named(lockspace));
  session.lockspaces.back().by_join = by_join;
  return wire::LockspaceHandle{handle};
}

void Sessions::close_handles(std::string_view lockspace) {
  for_each_open([&](Session& session) {
    for (OpenLockspace& open : session.lockspaces)
      if (open.by_join && open.name == lockspace) open.name.clear();
  });
}

const Owner& Sessions::facts(OwnerId owner) const {
  const auto at = owners_.find(owner);
  HF_ASSERT(at != owners_.end());
  return at->second.owner;
}

void Sessions::drop_facts(OwnerId owner) {
  const auto at = owners_.find(owner);
  HF_ASSERT(at != owners_.end() && at->second.users > 0);
  if (--at->second.users == 0) owners_.erase(at);
}

}  // namespace holdfast::node
