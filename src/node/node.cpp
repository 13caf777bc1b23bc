// SPDX-License-Identifier: Apache-2.0
// The table of contents of a node: which event goes to which role, what a view change does and in which
// order, and what time does. The roles are in their own files.
#include "node/node.hpp"

#include <algorithm>
#include <map>

#include "base/overload.hpp"
#include "base/planted.hpp"
#include "node/pace.hpp"
#include "node/receiver.hpp"

namespace holdfast::node {

struct Node::State : Roles {
  using Roles::Roles;

  bool over = false;         // this incarnation is finished
  Instant last_step;
  Instant acknowledge_at = Instant::never();
  Allowance allowance{core.config.turn_allowance};  // of this turn
  Pace pace{core.config.turn_gap, core.config.turn_burst};  // of a long work
  Pace::Turn turn = Pace::Turn::idle;  // what this one has been until now
  std::map<std::pair<NodeId, Incarnation>, Instant> members_since;

  [[nodiscard]] bool begin_step(Instant now, Effects& out);
  void on_client_frame(const ClientFrame& event);
  template <class M>
  void on_call(Session& session, const M& call);
  void end_session(Session& session, const Error& why);
  void on_client_closed(const ClientClosed& event);
  void on_client_died(ClientConn conn);
  void on_peer_frame(const PeerFrame& event);
  Error take_view(const View& candidate);
  Error check_view(const View& view) const;
  void note_members();
  [[nodiscard]] std::vector<Duration> member_ages() const;
  void leave_lockspace(const Session& session, const wire::LeaveLockspace& call);
  Error confirm_death(NodeId node, Incarnation incarnation);
  void begin_to_serve();
  void tell_status(const Session& session, RequestId request);
  [[nodiscard]] bool may_let_go() const;
  void let_go();
  void expire(Errc why);
  void do_what_is_due();
  void go_on();
  // What a piece has for peers leaves with that of the next.
  [[nodiscard]] bool is_in_a_burst() const {
    return turn == Pace::Turn::idle && has_long_work() && pace.next() == core.now;
  }
  [[nodiscard]] bool has_long_work() const { return recovery.has_work() || has_kept_due(); }
  [[nodiscard]] Instant next_wake();
  void shut_down();
};

Node::Node(NodeConfig config) : state_(std::make_unique<State>(std::move(config))) {}
Node::~Node() = default;

// False if this life of the node is over: then nothing is stepped any more.
bool Node::State::begin_step(Instant now, Effects& out) {
  HF_ASSERT(now >= last_step);
  if (last_step == Instant{}) core.started = now;
  last_step = core.now = now;
  core.out = &out;
  if (life.is_over()) expire(Errc::lease_expired);
  return !over;
}

void Node::step(Instant now, const ClientFrame& event, Effects& out) {
  if (state_->begin_step(now, out)) state_->on_client_frame(event);
}

void Node::step(Instant now, const Event& event, Effects& out) {
  State& s = *state_;
  if (!s.begin_step(now, out)) return;
  std::visit(Overload{
                 [&](const ClientFrame& e) { s.on_client_frame(e); },
                 [&](const PeerFrame& e) { s.on_peer_frame(e); },
                 [&](const ClientConnected& e) { s.sessions.on_connected(e); },
                 [&](const ClientGarbage& e) {
                   if (Session* session = s.sessions.find(e.conn)) s.end_session(*session, Error{e.status});
                 },
                 [&](const ClientDied& e) { s.on_client_died(e.conn); },
                 [&](const ClientSlow& e) {
                   if (Session* session = s.sessions.find(e.conn)) s.end_session(*session, Error{Errc::slow_reader});
                 },
                 [&](const ClientClosed& e) { s.on_client_closed(e); },
                 [&](const PeerConnected& e) { s.peers.on_connected(e); },
                 [&](const PeerGarbage& e) { s.peers.on_garbage(e); },
                 [&](const PeerClosed& e) { s.peers.on_closed(e.conn); },
                 [&](const NewView& e) { (void)s.take_view(e.view); },
                 [&](const DevicePolled& e) {
                   if (s.life.on(e)) s.begin_to_serve();
                 },
                 [&](const ConfirmedDead& e) { (void)s.confirm_death(e.node, e.incarnation); },
                 [&](const Tick&) {},  // finish_turn does what is due
                 [&](const Shutdown&) { s.shut_down(); },
             },
             event);
}

void Node::finish_turn(Instant now, Effects& out) {
  State& s = *state_;
  s.core.out = &out;
  s.core.now = s.last_step = std::max(now, s.last_step);
  if (!s.over && s.life.is_over() && !planted(Bug::grant_after_pause)) {
    // Between reading and now this node may have lost everything: what it would grant must not leave.
    out.clients.clear();
    s.expire(Errc::lease_expired);
  }
  if (s.over) return;
  s.do_what_is_due();
  if (s.departure.begun() && s.departure.sweep()) {
    const bool clean = s.requester.size() == 0 && !s.life.earlier_life_is_believed();
    out.left = clean ? Left::nothing_behind : Left::locks_behind;
  }
  s.peers.finish_turn(s.is_in_a_burst() ? Peers::Sealing::when_it_is_much : Peers::Sealing::now);
  out.reading = s.has_long_work() || s.home.phase() == cluster::HomePhase::collecting ? Reading::little : Reading::usual;
  out.wake_at = s.next_wake();
  s.turn = Pace::Turn::idle;
}

// ---- programs -------------------------------------------------------------------------------------------

void Node::State::on_client_frame(const ClientFrame& event) {
  turn = Pace::Turn::served_programs;
  Session* session = sessions.find(event.conn);
  if (session == nullptr || session->state == Session::State::ending) return;
  std::string_view what;
  const auto step = [&](const auto& call) { on_call(*session, call); };
  const wire::Dispatch result = wire::dispatch(wire::ToDaemon{}, event.frame.type, event.frame.body, step, what);
  if (result == wire::Dispatch::done) return;
  end_session(*session, Error{Errc::bad_message, "message of type " + std::to_string(event.frame.type) + ": " +
                                                     std::string(what)});
}

template <class M>
void Node::State::on_call(Session& session, const M& call) {
  if (departure.begun()) {
    end_session(session, Error{Errc::shutting_down});
  } else if constexpr (std::same_as<M, wire::ClientHello>) {
    sessions.on_hello(session, call);
  } else if (session.state != Session::State::open) {
    end_session(session, Error{Errc::bad_message, "a hello must come first"});
  } else if constexpr (requires { requester.on(session, call); }) {
    requester.on(session, call);
  } else if constexpr (requires { evictions.on(session, call); }) {
    evictions.on(session, call);
  } else if constexpr (requires { report.on(session, call); }) {
    report.on(session, call);
  } else if constexpr (requires { history.on(session, call); }) {
    history.on(session, call);
  } else if constexpr (requires { deadlocks.on(session, call); }) {
    deadlocks.on(session, call);
  } else if constexpr (std::same_as<M, wire::StatusQuery>) {
    tell_status(session, call.request);
  } else if constexpr (requires { lockspaces.on(session, call); }) {
    lockspaces.on(session, call);
  } else if constexpr (std::same_as<M, wire::LeaveLockspace>) {
    leave_lockspace(session, call);
  } else {
    const ClientConn conn = session.conn;
    const OwnerId owner = session.owner;
    Error error{Errc::ok};
    if (!sessions.is_operator(session))
      error = Error{Errc::not_permitted};
    else if constexpr (std::same_as<M, wire::Move>)
      return moves.on(session, call);  // answered when it has moved
    else if constexpr (std::same_as<M, wire::SetView>)
      error = take_view(wire::from_wire(call));
    else if constexpr (std::same_as<M, wire::FenceAck>)
      error = confirm_death(call.node, call.incarnation);
    else
      static_assert(!sizeof(M*), "a call that nobody is in charge of");
    sessions.send(conn, owner, wire::Done{.request = call.request, .status = error.code, .detail = error.detail});
  }
}

// With force, whoever has locks there loses his session: nothing less would make him notice.
void Node::State::leave_lockspace(const Session& session, const wire::LeaveLockspace& call) {
  const ClientConn conn = session.conn;
  const OwnerId owner = session.owner;
  const std::string lockspace(call.lockspace);
  const Error error = lockspaces.leave(session, lockspace, call.how);
  if (error.code == Errc::ok && !lockspaces.is_in(lockspace)) {
    for (const ClientConn user : requester.users_of(lockspace))
      if (Session* loser = sessions.find(user))
        end_session(*loser, Error{Errc::no_such_lockspace, "this node has left lockspace \"" + escaped(lockspace) +
                                                               "\" by force"});
    requester.purge(lockspace, 0, "*");
    sessions.close_handles(lockspace);
  }
  sessions.send(conn, owner, wire::Done{.request = call.request, .status = error.code, .detail = error.detail});
}

// If it is we who end it, its program may be busy with what it holds, and rely on the deadline that it saw last.
void Node::State::end_session(Session& session, const Error& why) {
  const ClientConn conn = session.conn;
  const bool program_lives = why.code != Errc::ok && why.code != Errc::no_such_lockspace;
  requester.end_session(session, program_lives && core.valid ? life.deadline() : Instant{});
  if (Session* still = sessions.find(conn)) sessions.end(*still, why);
}

// The kernel says that the process has ended. Somebody else may hold a copy of its socket; that counts only
// if the session was opened that way.
void Node::State::on_client_died(ClientConn conn) {
  Session* session = sessions.find(conn);
  if (session == nullptr || sessions.facts(session->owner).life == SessionLife::socket) return;
  requester.stop_parting(session->owner);
  end_session(*session, Error{Errc::ok});
}

void Node::State::on_client_closed(const ClientClosed& event) {
  if (Session* session = sessions.find(event.conn)) {
    if (event.hung_up == ClientClosed::HungUp::yes) requester.stop_parting(session->owner);
    requester.end_session(*session);
  }
  sessions.forget(event.conn);
}

// ---- peers and views ------------------------------------------------------------------------------------

void Node::State::on_peer_frame(const PeerFrame& event) {
  if (turn == Pace::Turn::idle) turn = Pace::Turn::heard_peers;
  const Peers::Arrived arrived = peers.on_frame(event);
  std::string_view what;
  if (arrived.from && !receive_in_turn(arrived, what)) peers.reject(event.conn, what);
  if (arrived.answered && life.renew()) begin_to_serve();
}

Error Node::State::check_view(const View& view) const {
  const std::string epoch = std::to_string(view.epoch.value());
  if (view.epoch == core.view.epoch && view.digest() != core.view.digest())
    return Error{Errc::view_conflict, "there is another view of epoch " + epoch + " in force here"};
  if (view.epoch <= std::max(core.view.epoch, core.config.saved_epoch))
    return Error{Errc::stale_epoch, "epoch " + epoch + " is not newer than " +
                                        std::to_string(std::max(core.view.epoch, core.config.saved_epoch).value()) +
                                        ", which this node has acted on already"};
  if (!core.has_view() && !view.has(core.self(), core.config.incarnation))
    return Error{Errc::not_member, "node " + std::to_string(core.self().value()) + " incarnation " +
                                       std::to_string(core.config.incarnation.value()) +
                                       " (this node) is not in the view"};
  return Error{Errc::ok};
}

Error Node::State::take_view(const View& candidate) {
  const Result<View> sound = checked(candidate);
  if (!sound) return sound.error();
  if (core.has_view() && *sound == core.view) return Error{Errc::ok};
  if (const Error wrong = check_view(*sound); wrong.code != Errc::ok) {
    if (wrong.code == Errc::view_conflict) core.conflict_seen = true;
    core.trace({.kind = TraceKind::view_refused, .peer = {}, .a = sound->epoch.value(), .text = wrong.text()});
    return wrong;
  }
  if (!sound->has(core.self(), core.config.incarnation)) {
    life.save(sound->epoch);
    expire(Errc::not_member);
    return Error{Errc::ok};
  }
  const View before = std::exchange(core.view, *sound);
  const ViewChange change{.before = std::exchange(core.homes, cluster::Homes(core.view)),
                          .skipped = std::exchange(core.conflict_seen, false) ||
                                     (before.epoch && before.epoch.value() + 1 != core.view.epoch.value())};
  core.clock.enter(core.view.epoch);
  core.trace({.kind = TraceKind::view_taken, .peer = {}, .a = core.view.epoch.value(),
              .b = core.view.members.size(), .text = {}});
  life.note_losses(before);
  note_members();
  life.take_view();
  peers.take_view();
  (void)life.sweep();  // whoever is enough alone is valid from here on
  home.take_view(change);
  recovery.begin(change);
  if (pace.is_due(core.now)) recovery.step(allowance);
  report.take_view();
  history.take_view();
  deadlocks.take_view();
  lockspaces.take_view(before);
  moves.take_view();
  evictions.take_view();
  departure.take_view();
  take_out_kept();
  if (pace.is_due(core.now)) receive_kept(allowance);
  return Error{Errc::ok};
}

void Node::State::note_members() {
  std::erase_if(members_since,
                [&](const auto& entry) { return !core.is_member(entry.first.first, entry.first.second); });
  for (const Member& member : core.view.members)
    members_since.try_emplace({member.node, member.incarnation}, core.now);
}

std::vector<Duration> Node::State::member_ages() const {
  std::vector<Duration> ages;
  for (const Member& member : core.view.members)
    ages.push_back(core.now - members_since.at({member.node, member.incarnation}));
  return ages;
}

Error Node::State::confirm_death(NodeId node, Incarnation incarnation) {
  const Error error = life.confirm_death(node, incarnation);
  if (life.renew()) begin_to_serve();
  return error;
}

// ---- time -----------------------------------------------------------------------------------------------

// From here on enough of the members agree that we are there: what programs have asked for meanwhile goes out.
void Node::State::begin_to_serve() { recovery.ask_again(); }

// Are locks of lost nodes ours to let go? Only when everybody has said how long their leases are.
bool Node::State::may_let_go() const {
  return core.may_grant() && home.phase() == cluster::HomePhase::open && recovery.has_told_masters();
}

// This life of the node is over: programs are told, and nothing that it knew counts any more.
void Node::State::expire(Errc why) {
  if (over) return;
  over = true;
  core.trace({.kind = TraceKind::lease_expired, .peer = {}, .text = std::string(name_of(why))});
  sessions.for_each_open([&](Session& session) { sessions.end(session, Error{why}); });
  core.out->finished = true;
}

void Node::State::do_what_is_due() {
  if (life.sweep()) begin_to_serve();
  if (may_let_go()) let_go();
  go_on();
  if (core.now >= acknowledge_at) peers.acknowledge_all();
  requester.sweep(allowance);
  master.sweep(allowance);
  report.sweep();
  history.sweep();
  deadlocks.sweep(allowance);
  allowance = Allowance(core.config.turn_allowance);
}

void Node::State::go_on() {
  const std::uint32_t pieces = pace.pieces(core.now, turn);
  if (pieces == 0) return;
  allowance = Allowance(core.config.turn_allowance * pieces);
  recovery.step(allowance);
  receive_kept(allowance);
  pace.did(pieces, core.now, has_long_work() ? Pace::Work::more : Pace::Work::over);
}

void Node::State::let_go() {
  for (const cluster::LostNodes::Lost& lost : core.lost.take_over_due(core.now)) recovery.let_go(lost);
}

// What a peer sent is acknowledged with the next frame that goes there, or after a little while.
Instant Node::State::next_wake() {
  constexpr Duration acknowledge_within = std::chrono::milliseconds(50);
  if (!peers.owes_acknowledgements())
    acknowledge_at = Instant::never();
  else if (acknowledge_at == Instant::never() || acknowledge_at <= core.now)
    acknowledge_at = core.now + acknowledge_within;
  if (has_long_work()) return std::max(core.now, pace.next());
  const Instant lost = may_let_go() ? core.lost.next() : Instant::never();
  const Instant next = std::min({lost, requester.next(), master.next(), report.next(), history.next(), deadlocks.next(), acknowledge_at});
  return std::min({next, life.next(), departure.next()});
}

void Node::State::shut_down() {
  std::vector<ClientConn> open;
  sessions.for_each_open([&](const Session& session) { open.push_back(session.conn); });
  for (const ClientConn conn : open)
    if (Session* session = sessions.find(conn)) end_session(*session, Error{Errc::shutting_down});
  departure.begin();
}

void Node::State::tell_status(const Session& session, RequestId request) {
  const cluster::HomePhase phase = home.phase();
  core.out->clients.send(
      session.conn,
      wire::NodeStatus{.request = request, .node = core.self(), .incarnation = core.config.incarnation,
                       .version = core.config.version, .cluster = core.config.cluster,
                       .peer_address = core.config.peer_address, .view = wire::to_wire(core.view),
                       .phase = !core.has_view()                              ? wire::NodePhase::no_view
                                : !core.serves()                          ? wire::NodePhase::no_quorum
                                : phase == cluster::HomePhase::collecting ? wire::NodePhase::collecting
                                                                          : wire::NodePhase::open,
                       .lease = core.config.lease,
                       .deadline_left = core.valid ? life.deadline() - core.now : Duration{0},
                       .sessions = sessions.size(), .claims = requester.size(),
                       .resources_mastered = master.size(), .directory_entries = home.size(),
                       .uptime = core.now - core.started, .peers_connected = peers.connected(),
                       .member_ages = member_ages(), .lease_waits = life.lease_waits(),
                       .tie_breaker = core.view.tie_breaker, .device_votes = core.view.device_votes,
                       .device_timeout = core.view.device_timeout,
                       .moved = master.moved_away(), .moved_by_use = master.moved_by_use()});
}

// ---- looking --------------------------------------------------------------------------------------------

const View& Node::view() const { return state_->core.view; }

std::vector<Node::HeldLock> Node::mastered() const {
  std::vector<HeldLock> held;
  for (const std::string& key : state_->master.keys([](const std::string&) { return true; }))
    for (const wire::LockReport& lock : state_->master.report_locks(key))
      if (lock.standing != wire::LockStanding::waiting)
        held.push_back({.key = key, .holder = lock.node, .claim = lock.claim, .mode = lock.granted,
                        .token = lock.token});
  return held;
}

std::vector<Node::HeldLock> Node::held() const {
  std::vector<HeldLock> held;
  state_->requester.for_each_claim([&](const Claim& claim, std::string_view key) {
    if (claim.state == ClaimState::granted && claim.bond == Bond::session)
      held.push_back({.key = std::string(key), .holder = state_->core.self(), .claim = claim.id, .mode = claim.mode,
                      .token = claim.token});
  });
  return held;
}

const Flight& Node::flight() const { return state_->flight; }

std::vector<Node::Served> Node::served() const { return state_->master.served(); }

std::vector<std::pair<ClaimId, std::uint32_t>> Node::stamped() const {
  std::vector<std::pair<ClaimId, std::uint32_t>> stamped;
  state_->requester.for_each_claim([&](const Claim& claim, std::string_view) {
    if (claim.main.stage == Stage::sent && claim.stamp != lock::no_stamp)
      stamped.emplace_back(claim.id, claim.main.number);
  });
  return stamped;
}

std::optional<std::pair<std::uint64_t, OwnerId>> Node::party(ClaimId id) const {
  const Claim* const claim = state_->requester.find(id);
  if (claim == nullptr || claim->bond != Bond::session) return std::nullopt;
  const Party party = party_of(*claim);
  return std::pair(party.transaction, party.owner);
}

void Node::check() const {
  state_->master.check();
  state_->requester.check();
}

}  // namespace holdfast::node
