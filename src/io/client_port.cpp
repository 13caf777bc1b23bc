// SPDX-License-Identifier: Apache-2.0
// The way of a message: one recv into the shared buffer, frames told one by one, and, when the turn ends,
// one send from the sender's own buffer. Nothing is copied or allocated unless a frame is cut in two or a
// socket is full.
#include "io/client_port.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/clock.hpp"
#include "io/frame_reader.hpp"
#include "io/process_facts.hpp"
#include "io/release_page.hpp"
#include "wire/buffer.hpp"

namespace holdfast::io {
namespace {

// What is read from one program in a turn, in requests about a hundred, and a dozen: one that sends a thousand at once is
// not to hold up the others with all of them.
constexpr std::size_t read_bytes_max = 8 * 1024;
constexpr std::size_t read_bytes_little = 1024;
constexpr int accepts_per_turn_max = 64;
// Reads behind the death of a process: a socket buffer holds less than that many.
constexpr int last_reads_max = 256;

enum class Phase : std::uint8_t {
  open,     // both directions
  deaf,     // sent garbage: only written to
  closing,  // what was sent before is still written, and then the other side's end is waited for
};
enum class Told : std::uint8_t { wanted, unwanted };  // is its end to be told?
enum class Got : std::uint8_t { bytes, nothing, end };

struct Session {
  Session(Fd s, Fd p, SharedSlot shared) : slot(std::move(shared)), socket(std::move(s)), pidfd(std::move(p)) {}

  Conn conn;
  SharedSlot slot;
  Fd socket;
  Fd pidfd;
  Phase phase = Phase::open;
  Told told = Told::wanted;
  bool slow = false;
  FrameReader reader{limits::client_frame_bytes_max};
  wire::Buffer unsent;
  // Behind the descriptors: they end before these are closed.
  Watch watch;
  Watch death_watch;
  Timer linger;
};

bool send_pages(int socket, std::span<const int> pages) {
  char mark = deadline_page_mark;
  iovec part{.iov_base = &mark, .iov_len = 1};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(2 * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(pages.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(pages.size_bytes());
  std::memcpy(CMSG_DATA(header), pages.data(), pages.size_bytes());
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

bool would_block() { return errno == EAGAIN || errno == EINTR; }

// How much of `bytes` the socket takes now. A broken socket takes everything: its end shows by reading.
std::size_t write_some(int socket, std::span<const std::byte> bytes) {
  const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count >= 0) return static_cast<std::size_t>(count);
  return would_block() ? 0 : bytes.size();
}

}  // namespace

struct ClientPort::State {
  EventLoop& loop;
  Log& log;
  int page;
  ClientLimits limits;
  OnClient on_client;
  int listener = -1;
  Fd spare;  // given up for a moment to refuse a connection when descriptors have run out
  Watch listener_watch;
  ConnTable<Session> sessions;
  std::array<std::byte, read_bytes_max> buffer;
  Reading reading = Reading::usual;

  void accept_all();
  void refuse_one();
  void begin(Fd socket);
  Got read(Session& session);
  void on_readable(Conn conn);
  void on_hung_up(Conn conn);
  void on_writable(Conn conn);
  void on_death(Conn conn);
  void flush(Session& session);
  void close(Session& session);
  void finish(Session& session);
  void end(Session& session, OnClient::By by);
  void throw_away(Session& session);
};

ClientPort::ClientPort(EventLoop& loop, Log& log, int deadline_page, ClientLimits limits, OnClient on_client)
    : state_(new State{.loop = loop,
                       .log = log,
                       .page = deadline_page,
                       .limits = limits,
                       .on_client = std::move(on_client),
                       .spare = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))}) {}
ClientPort::~ClientPort() = default;

void ClientPort::listen(int listener) {
  state_->listener = listener;
  state_->listener_watch = state_->loop.watch(listener, {.readable = [s = state_.get()] { s->accept_all(); }});
}

void ClientPort::stop_listening() { state_->listener_watch = Watch(); }

void ClientPort::adopt(Fd socket) { state_->begin(std::move(socket)); }

void ClientPort::send(Conn conn, std::span<const std::byte> bytes) {
  Session* session = state_->sessions.find(conn);
  if (session == nullptr || session->phase == Phase::closing) return;
  if (session->unsent.empty()) bytes = bytes.subspan(write_some(session->socket.get(), bytes));
  if (bytes.empty()) return;
  session->unsent.append(bytes);
  session->watch.want_write();
  if (session->unsent.size() <= state_->limits.backlog_bytes_max || std::exchange(session->slow, true)) return;
  state_->on_client.slow(conn);
}

void ClientPort::close(Conn conn) {
  if (Session* session = state_->sessions.find(conn)) state_->close(*session);
}

void ClientPort::forget_all() {
  state_->sessions.for_each([this](Session& session) {
    session.told = Told::unwanted;
    if (session.phase == Phase::closing && session.unsent.empty()) return state_->end(session, OnClient::By::us);
    state_->close(session);
  });
}

void ClientPort::end_turn() { state_->sessions.end_turn(); }

void ClientPort::set_reading(Reading reading) { state_->reading = reading; }

std::size_t ClientPort::size() const { return state_->sessions.size(); }

void ClientPort::State::accept_all() {
  for (int i = 0; i < accepts_per_turn_max; ++i) {
    Fd socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket && (errno == EMFILE || errno == ENFILE)) return refuse_one();
    if (!socket) return;
    if (sessions.size() >= limits.connections_max) {
      log.write(LogLevel::warning, "connection refused", {{"why", "too many sessions"}, {"max", limits.connections_max}});
      continue;
    }
    begin(std::move(socket));
  }
}

// Without a free descriptor a connection can neither be accepted nor refused, and would wake us for ever.
void ClientPort::State::refuse_one() {
  log.write(LogLevel::warning, "connection refused", {{"why", "this process has no file descriptor left"}});
  spare.reset();
  Fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)).reset();
  spare.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

void ClientPort::State::begin(Fd socket) {
  Result<PeerProcess> process = peer_process(socket.get());
  if (!process) {
    log.write(LogLevel::warning, "connection refused", {{"why", process.error().text()}});
    return;
  }
  Fd slot_file;
  // A program that does not read its socket learns from the slot alone that we have ended its session; without one
  // it would believe in its locks as long as the page is stamped.
  Result<SharedSlot> created = make_release_slot(slot_file);
  if (!created) {
    log.write(LogLevel::warning, "connection refused", {{"why", created.error().text()}});
    return;
  }
  SharedSlot slot = std::move(*created);
  const std::array<int, 2> pages{page, slot_file.get()};
  if (!send_pages(socket.get(), pages)) return;  // it has hung up already
  Session& session =
      sessions.insert(std::make_unique<Session>(std::move(socket), std::move(process->pidfd), std::move(slot)));
  const Conn conn = session.conn;
  session.watch = loop.watch(session.socket.get(), {.readable = [this, conn] { on_readable(conn); },
                                                    .writable = [this, conn] { on_writable(conn); },
                                                    .hung_up = [this, conn] { on_hung_up(conn); }});
  session.death_watch = loop.watch(session.pidfd.get(), {.readable = [this, conn] { on_death(conn); },
                                                         .urgency = OnReady::Urgency::tells_of_an_end});
  on_client.connected(conn, process->owner, session.slot.get());
}

Got ClientPort::State::read(Session& session) {
  const std::size_t room = reading == Reading::usual ? read_bytes_max : read_bytes_little;
  const ssize_t count = ::recv(session.socket.get(), buffer.data(), room, MSG_DONTWAIT);
  if (count < 0 && would_block()) return Got::nothing;
  if (count <= 0) return Got::end;
  const Conn conn = session.conn;
  const std::span<const std::byte> bytes(buffer.data(), static_cast<std::size_t>(count));
  const auto garbage = session.reader.take(bytes, [&](const wire::Frame& frame) {
    on_client.frame(conn, frame);
    return session.phase == Phase::open;
  });
  if (garbage && session.phase == Phase::open) {
    session.phase = Phase::deaf;
    session.watch.stop_reading();
    on_client.garbage(conn, *garbage);
  }
  return Got::bytes;
}

void ClientPort::State::on_readable(Conn conn) {
  Session* session = sessions.find(conn);
  HF_ASSERT(session != nullptr);
  if (session->phase == Phase::closing) return throw_away(*session);
  if (session->phase == Phase::open && read(*session) == Got::end) end(*session, OnClient::By::it);
}

// Of one that we have closed, only the end is of interest.
void ClientPort::State::throw_away(Session& session) {
  const ssize_t count = ::recv(session.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count == 0 || (count < 0 && !would_block())) end(session, OnClient::By::it);
}

// Nobody writes any more: what is there, and the end of it, is read in one go.
void ClientPort::State::on_hung_up(Conn conn) {
  Session* session = sessions.find(conn);
  HF_ASSERT(session != nullptr);
  if (session->phase == Phase::closing) return end(*session, OnClient::By::it);
  for (int i = 0; i < last_reads_max && session->phase == Phase::open; ++i) {
    const Got got = read(*session);
    if (got == Got::end) return end(*session, OnClient::By::it);
    if (got == Got::nothing) return;
  }
}

void ClientPort::State::on_writable(Conn conn) {
  Session* session = sessions.find(conn);
  HF_ASSERT(session != nullptr);
  flush(*session);
}

// What the process did last counts: a release with a value may still stand in the socket.
void ClientPort::State::on_death(Conn conn) {
  Session* session = sessions.find(conn);
  HF_ASSERT(session != nullptr);
  session->death_watch = Watch();
  for (int i = 0; i < last_reads_max && session->phase == Phase::open; ++i)
    if (read(*session) != Got::bytes) break;
  if (session->told == Told::wanted) on_client.died(conn);
}

void ClientPort::State::flush(Session& session) {
  session.unsent.consume(write_some(session.socket.get(), session.unsent.bytes()));
  if (!session.unsent.empty()) return session.watch.want_write();
  session.unsent = wire::Buffer();  // a backlog is rare: its memory is not kept
  if (session.phase == Phase::closing) finish(session);
}

void ClientPort::State::close(Session& session) {
  if (session.phase == Phase::closing) return;
  session.phase = Phase::closing;
  session.linger = loop.timer([this, conn = session.conn] { end(*sessions.find(conn), OnClient::By::us); });
  session.linger.arm(boot_now() + limits.linger);
  if (session.unsent.empty()) finish(session);
}

// All is written. Whoever has read it to its end hangs up, and that is worth to be known.
void ClientPort::State::finish(Session& session) {
  if (session.told == Told::unwanted) return end(session, OnClient::By::us);
  ::shutdown(session.socket.get(), SHUT_WR);
}

void ClientPort::State::end(Session& session, OnClient::By by) {
  const Conn conn = session.conn;
  // Told first: whoever hears of it may still look into the slot.
  if (session.told == Told::wanted) on_client.closed(conn, by);
  sessions.erase(conn);
}

}  // namespace holdfast::io
