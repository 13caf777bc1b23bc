// SPDX-License-Identifier: Apache-2.0
// Events that come while effects are carried out (a connection that ends by being written to) are stepped
// into a second Effects, which leaves in a turn of its own: nothing is changed while it is walked.
#include "daemon/host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "daemon/courtesy.hpp"
#include "daemon/crash_log.hpp"
#include "daemon/fence_hook.hpp"
#include "daemon/gatherer.hpp"
#include "daemon/trace_log.hpp"
#include "io/client_port.hpp"
#include "io/clock.hpp"
#include "io/crash_report.hpp"
#include "io/deadline_page.hpp"
#include "io/event_loop.hpp"
#include "io/peer_port.hpp"
#include "io/state_file.hpp"
#include "io/unix_socket.hpp"
#include "node/node.hpp"

namespace holdfast::daemon {
namespace {

node::ClientConn client(io::Conn conn) { return node::ClientConn{conn.value()}; }
node::PeerConn peer(io::Conn conn) { return node::PeerConn{conn.value()}; }
io::Conn port_conn(auto conn) { return io::Conn{conn.value()}; }

enum class Running : std::uint8_t { serving, leaving, ending, failed };
// If the others do not take over what we have by then, they will have to wait for our lease.
constexpr Duration leave_max = std::chrono::seconds(10);

}  // namespace

struct Host::State {
  State(const io::Config& c, io::Log& l, io::StateFile f, io::SharedDeadline p, io::LocalListener s,
        std::optional<io::SharedKey> key)
      : config(c),
        log(l),
        state_file(std::move(f)),
        page(std::move(p)),
        socket(std::move(s)),
        clients(loop, log, page.fd(), {.backlog_bytes_max = c.session_backlog_bytes_max}, on_client()),
        peers(loop, log, {.cluster = c.cluster, .key = key}, on_peer()),
        wake(loop.timer([this] { on_wake(); })),
        patience(loop.timer([this] { on_leaving_takes_too_long(); })),
        fence(loop, log, c.fence_hook, c.fence_hook_timeout,
              [this](NodeId dead, Incarnation of) { step(node::ConfirmedDead{dead, of}); }) {}

  io::OnClient on_client();
  io::OnPeer on_peer();
  [[nodiscard]] Result<void> gather();
  [[nodiscard]] OnGatherer on_gatherer();
  [[nodiscard]] Result<void> begin_life();
  void be_alone();
  void step(const auto& event);
  void end_of_turn();
  void read_peers();
  void read_as(node::Reading reading);
  void carry_out(node::Effects& out);
  [[nodiscard]] Result<void> persist(const node::Effects& out);
  void arm_wake(Instant when);
  void on_wake();
  void next_life();
  void on_signal(int number);
  void end_when_all_is_sent();
  void on_leaving_takes_too_long();
  void fail(const Error& error);

  const io::Config& config;
  io::Log& log;
  io::StateFile state_file;
  io::SharedDeadline page;
  io::LocalListener socket;
  io::EventLoop loop;
  io::ClientPort clients;
  io::PeerPort peers;
  io::Timer wake;
  io::Timer patience;  // with our own leaving
  FenceHook fence;
  Instant wake_wanted = Instant::never();

  Life life;
  Instant deadline;  // what the page says
  std::unique_ptr<Gatherer> gatherer;  // membership by corosync
  std::unique_ptr<node::Node> node;
  node::Effects first_effects, second_effects;
  node::Effects* filling = &first_effects;
  node::Effects* leaving = &second_effects;
  bool stepped = false;  // the turn has begun
  bool tick_due = false;  // the next one does, whatever happens
  bool programs_came = false;  // in this turn
  Courtesy courtesy;           // of peers, towards programs
  Incarnation left_out;  // this life is over by a view
  Instant turn_now;
  Running running = Running::serving;
  io::Ending ending = io::Ending::unknown;
  Error failure{Errc::ok};
};

Host::Host(std::unique_ptr<State> state) : state_(std::move(state)) {}
Host::~Host() = default;
const Life& Host::life() const { return state_->life; }

Result<std::unique_ptr<Host>> Host::open(const io::Config& config, io::Log& log) {
  Result<io::StateFile> state_file = io::StateFile::open(config.state_dir, config.node);
  if (!state_file)
    return Error{state_file.error().code, fmt::format("{} (state directory; --state-dir DIR chooses another one)",
                                                      state_file.error().detail)};
  std::optional<io::SharedKey> key;
  if (!config.key_file.empty()) {
    HF_TRY(key, io::read_key_file(config.key_file));
  }
  HF_TRY(io::SharedDeadline page, io::SharedDeadline::create(config.node));
  Result<io::LocalListener> socket = io::LocalListener::open(config.socket, config.socket_mode);
  if (!socket)
    return Error{socket.error().code, fmt::format("{} (--socket PATH chooses another one)", socket.error().detail)};
  auto state =
      std::make_unique<State>(config, log, std::move(*state_file), std::move(page), std::move(*socket), key);
  if (!config.peer_listen.empty()) {
    HF_TRY(state->life.peer_address, state->peers.listen(config.peer_listen));
  }
  state->life.former_lease = state->state_file.lease_left();
  if (state->life.former_lease.count() > 0)
    log.write(io::LogLevel::warning, "the last daemon here did not end cleanly: its lease is waited for before anything is granted",
              {{"wait_ms", state->life.former_lease.count()}});
  if (const Result<void> begun = state->begin_life(); !begun) return begun.error();
  if (config.membership == io::Membership::single) state->be_alone();
  if (config.membership == io::Membership::corosync)
    if (const Result<void> gathering = state->gather(); !gathering) return gathering.error();
  return std::unique_ptr<Host>(new Host(std::move(state)));
}

Result<void> Host::serve(const std::function<void()>& ready) {
  State& s = *state_;
  s.loop.on_signal({SIGTERM, SIGINT, SIGHUP}, [&s](int number) { s.on_signal(number); });
  s.clients.listen(s.socket.fd());
  s.log.write(io::LogLevel::info, "serving",
              {{"node", s.config.node.value()}, {"incarnation", s.life.incarnation.value()},
               {"socket", s.config.socket.string()}, {"peer_address", s.life.peer_address}});
  ready();
  s.loop.run([&s] { s.end_of_turn(); });
  if (s.running == Running::failed) return s.failure;
  io::StateFile::Content content = s.state_file.content();
  content.ending = s.ending;
  s.log.write(io::LogLevel::info, "ended");
  return s.state_file.save(content);
}

io::OnClient Host::State::on_client() {
  return {
      .connected = [this](io::Conn c, const Owner& owner,
                          wire::ReleaseSlot* slot) { step(node::ClientConnected{client(c), owner, slot}); },
      .frame =
          [this](io::Conn c, const wire::Frame& frame) {
            programs_came = true;
            step(node::ClientFrame{client(c), frame});
          },
      .garbage = [this](io::Conn c, Errc why) { step(node::ClientGarbage{client(c), why}); },
      .died = [this](io::Conn c) { step(node::ClientDied{client(c)}); },
      .slow = [this](io::Conn c) { step(node::ClientSlow{client(c)}); },
      .closed =
          [this](io::Conn c, io::OnClient::By by) {
            using HungUp = node::ClientClosed::HungUp;
            step(node::ClientClosed{client(c), by == io::OnClient::By::it ? HungUp::yes : HungUp::unknown});
          },
  };
}

io::OnPeer Host::State::on_peer() {
  return {
      .connected = [this](io::Conn c, NodeId dialed) { step(node::PeerConnected{peer(c), dialed}); },
      .frame = [this](io::Conn c, const wire::Frame& frame) { step(node::PeerFrame{peer(c), frame}); },
      .garbage = [this](io::Conn c, Errc why) { step(node::PeerGarbage{peer(c), why}); },
      .closed = [this](io::Conn c) { step(node::PeerClosed{peer(c)}); },
  };
}

Result<void> Host::State::gather() {
  gatherer = std::make_unique<Gatherer>(loop, log, config, promises_in(state_file.content()), on_gatherer());
  gatherer->begin_life(life);
  return gatherer->start();
}

OnGatherer Host::State::on_gatherer() {
  return {.save =
              [this](const cluster::Promises& promises) {
                io::StateFile::Content content = state_file.content();
                put_promises(promises, content);
                return state_file.save(content);
              },
          .view = [this](const View& view) { step(node::NewView{view}); },
          .over =
              [this](const View& newer) {
                step(node::NewView{newer});
                left_out = life.incarnation;
              },
          .device_polled = [this](Instant asked) { step(node::DevicePolled{.asked = asked}); },
          .failed = [this](const Error& error) { fail(error); }};
}

Result<void> Host::State::begin_life() {
  io::StateFile::Content content = state_file.content();
  life.incarnation = Incarnation{std::max(io::wall_nanoseconds(), content.incarnation.value() + 1)};
  life.saved_epoch = content.epoch;
  life.former_peers = content.peers;
  content.incarnation = life.incarnation;
  content.lease = std::chrono::ceil<std::chrono::milliseconds>(config.lease);
  content.boot = io::this_boot();
  content.ending = io::Ending::unknown;
  if (const Result<void> saved = state_file.save(content); !saved) return saved;
  page.announce(life.incarnation);
  io::no_crash_report();
  node = std::make_unique<node::Node>(node_config(config, life));
  log_crashes_of(*node, config.state_dir);
  if (gatherer) gatherer->begin_life(life);
  return {};
}

void Host::State::be_alone() {
  step(node::NewView{lone_view(config, life)});
  end_of_turn();
}

void Host::State::step(const auto& event) {
  if (!std::exchange(stepped, true)) turn_now = io::boot_now();
  node->step(turn_now, event, *filling);
}

void Host::State::end_of_turn() {
  read_peers();
  if (std::exchange(tick_due, false)) step(node::Tick{});
  while (stepped && running != Running::failed) {
    stepped = false;
    // A clock that is read again: if the lease ran out while we were held up, nothing granted may leave.
    turn_now = io::boot_now();
    node->finish_turn(turn_now, *filling);
    std::swap(filling, leaving);
    carry_out(*leaving);
    leaving->clear();
  }
  // A node that has no view yet, or another one of the same epoch, does not end by being told.
  if (left_out == life.incarnation && running == Running::serving) next_life();
  clients.end_turn();
  peers.end_turn();
  if (gatherer) gatherer->end_turn();
  if (running == Running::ending) end_when_all_is_sent();
}

// In a long work what peers send waits for programs, but not for ever.
void Host::State::read_peers() {
  using Turn = Courtesy::Turn;
  const Turn turn = std::exchange(programs_came, false) ? Turn::served_programs : Turn::quiet;
  if (!peers.has_waiting()) return;
  const Instant now = io::boot_now();
  if (const std::uint32_t pieces = courtesy.pieces(now, turn); pieces > 0)
    peers.read_a_little(pieces);
  else
    peers.wait_until(now + Courtesy::moment);
}

void Host::State::carry_out(node::Effects& out) {
  for (const node::Trace& trace : out.traces) print(log, trace);
  if (const Result<void> saved = persist(out); !saved) return fail(saved.error());
  out.clients.for_each([&](auto conn, const wire::Buffer& bytes) { clients.send(port_conn(conn), bytes.bytes()); });
  out.peers.for_each([&](auto conn, const wire::Buffer& bytes) { peers.send(port_conn(conn), bytes.bytes()); });
  for (const auto conn : out.close_clients) clients.close(port_conn(conn));
  for (const auto conn : out.close_peers) peers.close(port_conn(conn));
  // First the old calls: a restarted node is in both lists.
  for (const NodeId gone : out.stop_dialing) peers.stop_dialing(gone);
  for (const node::Dial& dial : out.dials) peers.dial(dial.node, dial.address);
  for (const node::ProveDead& lost : out.prove_dead) fence.call(lost.node, lost.incarnation);
  if (out.deadline) page.stamp(deadline = *out.deadline);
  read_as(out.reading);
  if (out.wake_at) arm_wake(*out.wake_at);
  if (out.left && running == Running::leaving) {
    running = Running::ending;
    ending = *out.left == node::Left::nothing_behind ? io::Ending::clean : io::Ending::unknown;
  }
  if (out.finished) next_life();
}

void Host::State::read_as(node::Reading reading) {
  const bool little = reading == node::Reading::little;
  peers.set_reading(little ? io::PeerPort::Reading::little : io::PeerPort::Reading::all);
  clients.set_reading(little ? io::ClientPort::Reading::little : io::ClientPort::Reading::usual);
}

Result<void> Host::State::persist(const node::Effects& out) {
  if (out.saves.empty()) return {};
  io::StateFile::Content content = state_file.content();
  for (const node::Save& save : out.saves) {
    content.epoch = std::max(content.epoch, save.epoch);
    content.peers = save.peers;
  }
  return state_file.save(content);
}

// A timer that is armed for an earlier time is left alone: coming early costs less than arming in each turn.
void Host::State::arm_wake(Instant when) {
  wake_wanted = when;
  if (when <= turn_now) {
    tick_due = true;
    return loop.hurry();
  }
  if (when < wake.armed()) wake.arm(when);
}

void Host::State::on_wake() {
  if (io::boot_now() < wake_wanted) return wake.arm(wake_wanted);
  wake_wanted = Instant::never();
  step(node::Tick{});
}

// What programs hold of this life ends with its deadline, if that is not over yet: a view may have left us out.
void Host::State::next_life() {
  clients.forget_all();
  peers.forget_all();
  filling->clear();
  stepped = false;
  if (running != Running::serving) {  // it was about to end anyway
    running = Running::ending;
    return;
  }
  life.former_lease = std::chrono::ceil<std::chrono::milliseconds>(
      std::max(Duration{0}, deadline - io::boot_now()));
  deadline = {};
  if (const Result<void> begun = begin_life(); !begun) return fail(begun.error());
  wake_wanted = Instant::never();
  log.write(io::LogLevel::warning, "a new life of this node begins", {{"incarnation", life.incarnation.value()}});
  if (config.membership == io::Membership::single) step(node::NewView{lone_view(config, life)});
}

void Host::State::on_signal(int number) {
  if (number == SIGHUP || running != Running::serving) return;  // a terminal that goes away is no reason to end
  log.write(io::LogLevel::info, "ending", {{"signal", number}});
  running = Running::leaving;
  clients.stop_listening();
  patience.arm(io::boot_now() + leave_max);
  step(node::Shutdown{});
}

void Host::State::end_when_all_is_sent() {
  clients.forget_all();
  peers.forget_all();
  page.stamp(Instant{});
  if (clients.size() == 0 && peers.size() == 0) loop.stop();
}

void Host::State::on_leaving_takes_too_long() {
  log.write(io::LogLevel::warning, "the others have not taken over everything: they will wait for the lease of this node");
  running = Running::ending;
  step(node::Tick{});
}

void Host::State::fail(const Error& error) {
  failure = error;
  running = Running::failed;
  page.stamp(Instant{});
  loop.stop();
}

}  // namespace holdfast::daemon
