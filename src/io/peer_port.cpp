// SPDX-License-Identifier: Apache-2.0
// A connection's life: establishing (TCP and TLS handshake), a stranger until its first frame if we were
// called, established, closing. One timer serves all deadlines: there are few, and they are seconds long.
#include "io/peer_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "io/address.hpp"
#include "io/clock.hpp"
#include "io/frame_reader.hpp"
#include "io/peer_stream.hpp"
#include "wire/buffer.hpp"

namespace holdfast::io {
namespace {

constexpr std::size_t read_bytes_max = 64 * 1024;
constexpr std::size_t read_bytes_little = 768;  // about a dozen of a recovery's messages
constexpr int accepts_per_turn_max = 16;

enum class Phase : std::uint8_t {
  establishing,
  stranger,  // we were called, and no frame has come yet
  known,
  deaf,      // sent garbage: what it sends is thrown away
  flushing,  // closing: what was sent before is still written
  ending,    // closing: everything is written, the other side's end is waited for
};
enum class Told : std::uint8_t { wanted, unwanted };

struct Peer {
  explicit Peer(PeerStream s) : stream(std::move(s)) {}

  Conn conn;
  PeerStream stream;
  Phase phase = Phase::establishing;
  Told told = Told::unwanted;  // from `connected` on
  NodeId dialed;               // none: we were called
  std::string address;
  Instant deadline = Instant::never();
  FrameReader reader{limits::peer_frame_bytes_max};
  wire::Buffer unsent;
  std::size_t largest_send = 0;
  Watch watch;  // behind the stream: it ends first
};

// The first bytes of a handshake or an alert.
bool looks_like_tls(std::span<const std::byte> bytes) {
  return bytes.size() > 1 && (bytes[0] == std::byte{0x16} || bytes[0] == std::byte{0x15}) && bytes[1] == std::byte{3};
}

struct Call {
  std::string address;
  Duration pause;  // before the next attempt
  Instant due;     // never: an attempt or a connection stands
  Instant since;   // when it was made
  std::string trouble;  // which was logged last
};

}  // namespace

struct PeerPort::State {
  EventLoop& loop;
  Log& log;
  PeerPortConfig config;
  OnPeer on_peer;
  std::unique_ptr<TlsContext> tls;
  Fd listener;
  Watch listener_watch;
  Timer timer;
  ConnTable<Peer> peers;
  std::map<NodeId, Call> calls;
  std::array<std::byte, read_bytes_max> buffer;
  Reading reading = Reading::all;
  std::vector<Conn> waiting;  // to be read, of this turn
  Conn read_last;             // a little of
  std::vector<Conn> paused;   // not even looked at until then
  Instant pause_ends = Instant::never();

  void accept_all();
  [[nodiscard]] std::size_t strangers();
  void call(NodeId node, Call& call);
  void put_off(NodeId node, std::string_view why);
  Peer& begin(PeerStream stream, NodeId dialed, std::string address);
  void advance(Conn conn);
  void establish(Peer& peer);
  void read(Peer& peer, std::size_t pieces = 1);
  void take(Peer& peer, std::span<const std::byte> bytes);
  void write(Peer& peer);
  void close(Peer& peer);
  void refuse(Peer& peer);
  void end(Peer& peer);
  void set_deadline(Instant& deadline, Instant when);
  void on_time();
  void end_pause();
  void come_back_to(Conn conn);
};

PeerPort::PeerPort(EventLoop& loop, Log& log, PeerPortConfig config, OnPeer on_peer)
    : state_(new State{.loop = loop, .log = log, .config = std::move(config), .on_peer = std::move(on_peer)}) {
  if (state_->config.key) state_->tls = std::make_unique<TlsContext>(*state_->config.key, state_->config.cluster);
  state_->timer = loop.timer([s = state_.get()] { s->on_time(); });
}
PeerPort::~PeerPort() = default;

Result<std::string> PeerPort::listen(const std::string& text) {
  HF_TRY(const Address address, Address::parse(text));
  if (!state_->tls && !address.is_loopback())
    return Error{Errc::cannot_listen,
                 fmt::format("{} is reachable by others: without a shared key (--key-file, [cluster] key_file) the "
                             "peer port listens on loopback only, such as 127.0.0.1:7001",
                             text)};
  const auto failed = [&text] {
    return Error{Errc::cannot_listen, fmt::format("peer port {}: {}", text, std::strerror(errno))};
  };
  Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed();
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.get(), address.data(), address.size()) != 0) return failed();
  if (::listen(socket.get(), SOMAXCONN) != 0) return failed();
  state_->listener = std::move(socket);
  state_->listener_watch =
      state_->loop.watch(state_->listener.get(), {.readable = [s = state_.get()] { s->accept_all(); }});
  return Address::local_of(state_->listener.get()).text();
}

void PeerPort::dial(NodeId node, const std::string& address) {
  Call& call = state_->calls[node];
  if (call.address == address) return;
  const bool fresh = call.address.empty();
  call.address = address;
  call.pause = state_->config.redial_min;
  if (fresh) state_->set_deadline(call.due, boot_now());
}

void PeerPort::stop_dialing(NodeId node) {
  state_->calls.erase(node);
  state_->peers.for_each([&](Peer& peer) {
    if (peer.dialed == node && peer.phase == Phase::establishing) state_->end(peer);
  });
}

void PeerPort::send(Conn conn, std::span<const std::byte> bytes) {
  Peer* peer = state_->peers.find(conn);
  if (peer == nullptr || peer->phase == Phase::flushing || peer->phase == Phase::ending) return;
  if (peer->unsent.empty()) {
    while (!bytes.empty()) {
      const Moved moved = peer->stream.write(bytes);
      if (moved.progress != Progress::done) break;  // a broken one shows its end by reading
      bytes = bytes.subspan(moved.bytes);
    }
  }
  if (bytes.empty()) return;
  peer->unsent.append(bytes);
  // All that a link has kept goes in one send, on a fresh connection: if that alone were too much, no connection
  // would ever stand again.
  peer->largest_send = std::max(peer->largest_send, bytes.size());
  if (peer->unsent.size() > state_->config.backlog_bytes_max + peer->largest_send) {
    state_->log.write(LogLevel::warning, "peer does not read", {{"peer", peer->address}});
    peer->unsent.clear();
    return state_->close(*peer);
  }
  peer->watch.want_write();
}

void PeerPort::set_reading(Reading reading) { state_->reading = reading; }

bool PeerPort::has_waiting() const { return !state_->waiting.empty(); }

void PeerPort::read_a_little(std::size_t pieces) {
  State& s = *state_;
  std::vector<Conn> waiting = std::exchange(s.waiting, {});
  if (waiting.empty()) return;
  std::ranges::sort(waiting);
  const auto next = std::ranges::upper_bound(waiting, s.read_last);
  s.read_last = next == waiting.end() ? waiting.front() : *next;
  for (const Conn conn : waiting)
    if (Peer* peer = s.peers.find(conn); peer != nullptr && (s.reading == Reading::all || conn == s.read_last))
      s.read(*peer, pieces);
  for (const Conn conn : waiting)
    if (conn != s.read_last) s.come_back_to(conn);
}

void PeerPort::wait_until(Instant then) {
  State& s = *state_;
  if (s.waiting.empty()) return;
  for (const Conn conn : std::exchange(s.waiting, {}))
    if (Peer* peer = s.peers.find(conn)) {
      peer->watch.stop_reading();
      s.paused.push_back(conn);
    }
  s.set_deadline(s.pause_ends, then);
}

void PeerPort::State::end_pause() {
  pause_ends = Instant::never();
  for (const Conn conn : std::exchange(paused, {})) {
    if (Peer* peer = peers.find(conn)) peer->watch.start_reading();
    come_back_to(conn);
  }
}

// What has left the socket already does not tell of itself again.
void PeerPort::State::come_back_to(Conn conn) {
  const Peer* peer = peers.find(conn);
  if (peer == nullptr || !peer->stream.holds_bytes() || std::ranges::find(waiting, conn) != waiting.end()) return;
  waiting.push_back(conn);
  loop.hurry();
}

void PeerPort::close(Conn conn) {
  if (Peer* peer = state_->peers.find(conn)) state_->close(*peer);
}

void PeerPort::forget_all() {
  state_->calls.clear();
  state_->peers.for_each([this](Peer& peer) {
    peer.told = Told::unwanted;
    if (peer.phase == Phase::establishing) return state_->end(peer);
    state_->close(peer);
  });
}

void PeerPort::end_turn() { state_->peers.end_turn(); }

std::size_t PeerPort::size() const { return state_->peers.size(); }

void PeerPort::State::accept_all() {
  for (int i = 0; i < accepts_per_turn_max; ++i) {
    Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    std::string from = Address::remote_of(socket.get()).text();
    if (strangers() >= config.strangers_max) {
      log.write(LogLevel::warning, "peer refused",
                {{"from", from}, {"why", "too many connections that have not said who they are"}});
      continue;
    }
    Peer& peer = begin(PeerStream::accepted(std::move(socket), tls.get()), NodeId{}, std::move(from));
    establish(peer);
  }
}

std::size_t PeerPort::State::strangers() {
  std::size_t count = 0;
  peers.for_each([&](const Peer& peer) {
    count += !peer.dialed && (peer.phase == Phase::establishing || peer.phase == Phase::stranger);
  });
  return count;
}

void PeerPort::State::call(NodeId node, Call& call) {
  call.due = Instant::never();
  call.since = boot_now();
  const Result<Address> address = Address::parse(call.address);
  if (!address) return put_off(node, address.error().text());
  Result<PeerStream> stream = PeerStream::calling(*address, tls.get());
  if (!stream) return put_off(node, stream.error().detail);
  Peer& peer = begin(std::move(*stream), node, call.address);
  peer.watch.want_write();
}

// A connection that lasted is made again at once, others ever more slowly. The same trouble is told once.
void PeerPort::State::put_off(NodeId node, std::string_view why) {
  const auto found = calls.find(node);
  if (found == calls.end()) return;
  Call& call = found->second;
  const Instant now = boot_now();
  call.pause = now - call.since > config.redial_max ? config.redial_min : std::min(call.pause * 2, config.redial_max);
  set_deadline(call.due, now + call.pause);
  if (why.empty() || call.trouble == why) return;
  call.trouble = why;
  log.write(LogLevel::warning, "cannot connect to peer",
            {{"node", node.value()}, {"address", call.address}, {"why", why}});
}

Peer& PeerPort::State::begin(PeerStream stream, NodeId dialed, std::string address) {
  Peer& peer = peers.insert(std::make_unique<Peer>(std::move(stream)));
  peer.dialed = dialed;
  peer.address = std::move(address);
  set_deadline(peer.deadline, boot_now() + config.establish_max);
  peer.watch = loop.watch(peer.stream.fd(), {.readable = [this, conn = peer.conn] { advance(conn); },
                                             .writable = [this, conn = peer.conn] { advance(conn); }});
  return peer;
}

// There is something to read, or room to write.
void PeerPort::State::advance(Conn conn) {
  Peer* peer = peers.find(conn);
  HF_ASSERT(peer != nullptr);
  if (peer->phase == Phase::establishing) return establish(*peer);
  if (!peer->unsent.empty()) write(*peer);
  // Writing may have been the end of it.
  if (peer = peers.find(conn); peer == nullptr) return;
  if (reading == Reading::all) return read(*peer);
  if (std::ranges::find(waiting, conn) == waiting.end()) waiting.push_back(conn);
}

void PeerPort::State::establish(Peer& peer) {
  switch (peer.stream.establish()) {
    case Progress::done: break;
    case Progress::want_read: return;
    case Progress::want_write: return peer.watch.want_write();
    case Progress::ended:
    case Progress::failed: return refuse(peer);
  }
  peer.phase = peer.dialed ? Phase::known : Phase::stranger;
  if (peer.dialed) {
    peer.deadline = Instant::never();
    if (const auto call = calls.find(peer.dialed); call != calls.end()) call->second.trouble.clear();
  }
  peer.told = Told::wanted;
  const Conn conn = peer.conn;
  on_peer.connected(conn, peer.dialed);
  // The last record of a handshake may have brought the first frames along.
  if (peer.stream.holds_bytes()) read(peer);
}

void PeerPort::State::read(Peer& peer, std::size_t pieces) {
  const std::size_t little = std::min(read_bytes_max, pieces * read_bytes_little);
  const std::span<std::byte> room = std::span(buffer).first(reading == Reading::all ? read_bytes_max : little);
  do {
    const Moved moved = peer.stream.read(room);
    switch (moved.progress) {
      case Progress::done: break;
      case Progress::want_read: return;
      case Progress::want_write: return peer.watch.want_write();
      case Progress::ended:
      case Progress::failed: return end(peer);
    }
    take(peer, std::span<const std::byte>(buffer).first(moved.bytes));
  } while (reading == Reading::all && peer.stream.holds_bytes());
  come_back_to(peer.conn);
}

void PeerPort::State::take(Peer& peer, std::span<const std::byte> bytes) {
  // Of the others only the end is of interest.
  if (peer.phase != Phase::stranger && peer.phase != Phase::known) return;
  const auto garbage = peer.reader.take(bytes, [&](const wire::Frame& frame) {
    if (peer.phase == Phase::stranger) {
      peer.phase = Phase::known;
      peer.deadline = Instant::never();
    }
    on_peer.frame(peer.conn, frame);
    return true;
  });
  if (!garbage) return;
  peer.phase = Phase::deaf;
  log.write(LogLevel::warning, "peer sent garbage",
            {{"peer", peer.address}, {"why", looks_like_tls(bytes) ? "it speaks TLS, and this node has no key" : name_of(*garbage)}});
  on_peer.garbage(peer.conn, *garbage);
}

void PeerPort::State::write(Peer& peer) {
  while (!peer.unsent.empty()) {
    const Moved moved = peer.stream.write(peer.unsent.bytes());
    switch (moved.progress) {
      case Progress::done: break;
      case Progress::want_read: return;
      case Progress::want_write: return peer.watch.want_write();
      case Progress::ended:
      case Progress::failed: return end(peer);
    }
    peer.unsent.consume(moved.bytes);
  }
  if (peer.phase != Phase::flushing) return;
  // Closing a TCP socket with unread input destroys what the other side has not read yet, which is just
  // what told it why: so say that this is the end, and wait for its.
  peer.phase = Phase::ending;
  peer.stream.finish_writing();
}

void PeerPort::State::close(Peer& peer) {
  if (peer.phase == Phase::flushing || peer.phase == Phase::ending) return;
  peer.phase = Phase::flushing;
  set_deadline(peer.deadline, boot_now() + config.linger);
  write(peer);
}

// It did not come to a connection, or the handshake failed. The one who is not there has no wrong key.
void PeerPort::State::refuse(Peer& peer) {
  const Error& trouble = peer.stream.trouble();
  const std::string why = trouble.code == Errc::cannot_connect ? trouble.detail : trouble.text();
  if (!peer.dialed) log.write(LogLevel::warning, "peer refused", {{"from", peer.address}, {"why", why}});
  const NodeId dialed = std::exchange(peer.dialed, NodeId{});
  end(peer);
  if (dialed) put_off(dialed, why);
}

void PeerPort::State::end(Peer& peer) {
  const Conn conn = peer.conn;
  const NodeId dialed = peer.dialed;
  const Told told = peer.told;
  peers.erase(conn);
  if (dialed) put_off(dialed, told == Told::wanted ? "" : "it did not answer in time");
  if (told == Told::wanted) on_peer.closed(conn);
}

void PeerPort::State::set_deadline(Instant& deadline, Instant when) {
  deadline = when;
  if (when < timer.armed()) timer.arm(when);
}

void PeerPort::State::on_time() {
  const Instant now = boot_now();
  if (pause_ends <= now) end_pause();
  peers.for_each([&](Peer& peer) {
    if (peer.deadline > now) return;
    if (!peer.dialed && (peer.phase == Phase::establishing || peer.phase == Phase::stranger))
      log.write(LogLevel::warning, "peer refused", {{"from", peer.address}, {"why", "it did not say who it is in time"}});
    end(peer);
  });
  for (auto& [node, due] : calls)
    if (due.due <= now) call(node, due);
  Instant next = pause_ends;
  peers.for_each([&](const Peer& peer) { next = std::min(next, peer.deadline); });
  for (const auto& [node, made] : calls) next = std::min(next, made.due);
  timer.arm(next);
}

}  // namespace holdfast::io
