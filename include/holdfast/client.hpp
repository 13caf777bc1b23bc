// SPDX-License-Identifier: Apache-2.0
// Client: one session of this process with the daemon of its node, over one Unix socket. No thread runs
// behind your back and no signal handler is installed: everything happens inside the calls you make.
//
//   auto client = holdfast::Client::connect();
//   if (!client) return fail(client.error().text());
//   auto lock = client->lock("orders/17", holdfast::Mode::EX, {.wait_max = 250ms});
//   if (!lock) return fail(lock.error().text());
//   store.write(order, lock->token());           // unlocked when `lock` goes
//
// Three ways to use it, freely mixed: blocking calls; calls with a callback, which runs inside your own
// dispatch() or poll(); polled events (next_event). A blocking call keeps what it reads for the others.
//
// Thread-safety: one thread at a time per Client and its Locks; several Clients are independent. After
// fork() only the parent may go on using it. Errors are values (Result); nothing here throws but
// std::bad_alloc. Every call can fail with session_ended, disconnected or bad_message once the session is
// over; it does not come back, connect() a new one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "holdfast/boot_clock.hpp"
#include "holdfast/eviction.hpp"
#include "holdfast/flags.hpp"
#include "holdfast/history.hpp"
#include "holdfast/ids.hpp"
#include "holdfast/lock.hpp"
#include "holdfast/lockspace.hpp"
#include "holdfast/mode.hpp"
#include "holdfast/report.hpp"
#include "holdfast/result.hpp"
#include "holdfast/session_life.hpp"
#include "holdfast/token.hpp"
#include "holdfast/view.hpp"
#include "holdfast/wait_graph.hpp"

namespace holdfast {

struct ConnectOptions {
  // Path of the daemon's socket. Empty: $HOLDFAST_SOCKET; without it /run/holdfast/holdfast.sock, and then
  // $XDG_RUNTIME_DIR/holdfast/holdfast.sock.
  std::string socket;
  // Free text of at most 128 bytes that queries show beside our locks.
  std::string label;
  SessionLife life = SessionLife::process;
  // How long connecting and the greeting may take.
  std::chrono::nanoseconds connect_max = std::chrono::seconds(5);
  // Of requests and conversions of this session that do not say how long they wait.
  std::chrono::nanoseconds wait_max = by_default;
};

// A lockspace that this session has opened. The default-constructed one is "default".
struct Lockspace {
  std::uint16_t handle = 0;
  friend bool operator==(Lockspace, Lockspace) = default;
};

struct LockspaceOptions {
  LockspaceUse use = LockspaceUse::any;
  // With join and join_new: who may open the lockspace at this node, as with a file (read and write).
  unsigned mode = 0600;
};

// Tell this session when somebody waits for the lock? Setting on_notice wants them by itself.
enum class Notices : std::uint8_t { unwanted, wanted };

using OnWaiting = std::function<void(const std::vector<Blocker>&)>;

// A lock of ours that somebody else is about to end by force.
struct Eviction {
  BootClock::time_point at;  // it will be taken away then
  OwnerInfo by;              // who wants it
  std::string reason;
};

// A lock that was taken away by force is others' when we have stopped using it, and after a lease at the latest. When
// have we? With an on_lost callback: when that returns.
enum class ConfirmLoss : std::uint8_t {
  when_told,   // as soon as it was read; held() says so from then on
  by_program,  // when we call Client::confirm_loss, or end the session
};

struct LockOptions {
  WhenBlocked when_blocked = WhenBlocked::wait;
  // Refused with timed_out after it. 0: only what can be granted without waiting (also timed_out).
  std::chrono::nanoseconds wait_max = by_default;
  Lockspace lockspace{};
  ReadValue read_value = ReadValue::skip;
  Notices notices = Notices::unwanted;
  // Further options by their names in the Linux DLM: expedite, headque, noorder, altpr, altcw, persistent,
  // nodlckwt, noqueuebast, ...
  FlagSet flags{};
  std::uint32_t tag = 0;  // a number of yours that queries show beside the lock
  // Lock::id() of a lock that this session holds: this one is to be a sub-lock of it. Its name is one below
  // the parent's, in the parent's lockspace, and the parent cannot be unlocked before it (has_children).
  ClaimId parent{};
  // For the deadlock search. Locks with the same transaction (a number of yours that is used once in the cluster) belong
  // to one who waits, whichever sessions and nodes they are of; 0: to their session. Of a deadlock the lowest priority
  // loses, before the cluster's policy is asked.
  std::uint64_t transaction = 0;
  std::uint32_t deadlock_priority = 100;
  OnNotice on_notice{};   // see Lock::on_notice
  OnLost on_lost{};       // see Lock::on_lost
  OnEvicting on_evicting{};  // see Lock::on_evicting
  ConfirmLoss confirm_loss = ConfirmLoss::when_told;
  // The request queues behind these. A blocking lock() calls it at once; otherwise as on_notice.
  OnWaiting on_waiting{};
};

struct PurgeOptions {
  Lockspace lockspace{};
  NodeId node{};          // whose orphans; none: those of this node
  std::uint32_t pid = 0;  // only those of this process; 0: all
  std::string name = "*";  // only names that match; * and ? stand for any bytes
};

// A lock to be ended by force: exactly the grant that was seen.
struct EvictOptions {
  NodeId node;                 // whose it is
  Incarnation incarnation{};   // of that node; none: whichever it is in
  ClaimId lock;                // its id there
  Token token{};               // of its latest grant; none: it is a request that waits and was never granted
  std::chrono::nanoseconds grace{0};  // its program is told so long before; at most a day
  std::string reason;          // at most 256 bytes: for the program, and for the logs of both nodes
};

using OnLocked = std::function<void(Result<Lock, Refusal>)>;

// What next_event() hands out: all that has no callback.
namespace event {
struct Granted {  // to lock_async. Dropping it unlocks.
  RequestId request;
  Lock lock;
};
struct Converted {  // to convert_async
  RequestId request;
  ClaimId lock;
  Grant grant;
};
struct Refused {  // to lock_async (lock none) and convert_async (the lock keeps its mode)
  RequestId request;
  ClaimId lock;
  Refusal why;
};
struct Waiting {  // a lock_async or convert_async queues: its answer is still to come
  RequestId request;
  ClaimId lock;
  std::vector<Blocker> blockers;
};
struct Done {  // to release_async and cancel_async
  RequestId request;
  Result<void> result;
};
struct Notice {  // somebody waits for our lock; several are told as one, with the strongest mode
  ClaimId lock;
  Mode wanted = Mode::NL;
};
struct Lost {  // a lock is not ours any more, through no act of ours
  ClaimId lock;
  Error why;
};
struct Evicting {  // an operator will take a lock of ours away
  ClaimId lock;
  Eviction what;
};
struct Ended {  // the last one: the session is over
  Error why;
};
}  // namespace event
using Event = std::variant<event::Granted, event::Converted, event::Refused, event::Waiting, event::Done,
                           event::Notice, event::Lost, event::Evicting, event::Ended>;

class Client {
 public:
  // Errors: cannot_connect (names the path and what to start), no_access (the socket is not for this user), wrong_version, too_many_sessions,
  // shutting_down, bad_message (something else listens there), bad_argument (label or path too long).
  static Result<Client> connect(const ConnectOptions& options = {});
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  // Closes the session without waiting: the daemon releases its locks at once (persistent ones live on).
  ~Client();

  // ---- facts of the session; no system call ----
  [[nodiscard]] NodeId node() const;
  [[nodiscard]] Incarnation incarnation() const;
  [[nodiscard]] OwnerId owner() const;
  [[nodiscard]] std::chrono::nanoseconds lease() const;
  // How long a value block may be, in bytes, in lockspaces that have no limit of their own.
  [[nodiscard]] std::size_t value_bytes_max() const;
  // Of the daemon.
  [[nodiscard]] const std::string& version() const;
  // The locks of this session are surely ours until then (if they were not lost before); the daemon moves it
  // ahead by itself as long as the node is valid. In the past: the lease ran out, or our incarnation of the
  // node is over.
  [[nodiscard]] BootClock::time_point valid_until() const;
  // Null while the session lives, then why it is over.
  [[nodiscard]] const Error* ended() const;

  // ---- blocking calls ----
  // Errors: blocked, timed_out, deadlock, cancelled, no_quorum, recovering, bad_name, name_too_long,
  // bad_flags, no_such_lockspace, not_permitted, too_many_locks, too_many_waiters, lease_expired.
  Result<Lock, Refusal> lock(std::string_view name, Mode mode, const LockOptions& options = {});
  // Takes over an orphan (a persistent lock whose session is gone) of this name and mode.
  // Errors beyond those of lock: no_orphan, orphan_in_other_mode.
  Result<Lock, Refusal> adopt(std::string_view name, Mode mode, const LockOptions& options = {});
  // A lock that this session holds, by the id that detach() gave. Empty if it holds no such lock.
  [[nodiscard]] Lock attach(ClaimId lock);
  // Names have 1 to 64 bytes. Errors: bad_name, name_too_long, too_many_lockspaces, no_access (this node is in
  // it, and its owner and mode do not allow it), no_such_lockspace (`existing`), lockspace_exists (`join_new`).
  Result<Lockspace> open_lockspace(std::string_view name, const LockspaceOptions& options = {});
  // Takes back one join of this node: of this user; the operator takes back anybody's. After the last one handles
  // that were opened by join or `existing` are closed (no_such_lockspace), and orphans there are gone. With
  // `force`, sessions with locks there end, this one too if it has any; others' locks are for the operator to
  // take. Errors: no_such_lockspace, lockspace_in_use (`if_unused`), not_permitted.
  Result<void> leave_lockspace(std::string_view name, LeaveHow how = LeaveHow::if_unused);
  // All lockspaces that some node is in, in the order of their names.
  Result<std::vector<LockspaceInfo>> lockspaces();
  // Takes back a lock_async or convert_async that waits: its own answer is then `cancelled`. Nothing to
  // cancel (it was granted meanwhile) is no failure.
  Result<void> cancel(RequestId request);
  // Ends orphans. Operators only, but for those of one's own processes: not_permitted.
  Result<void> purge(const PurgeOptions& options = {});
  // Returns when everything this node had sent to its peers before was applied there.
  Result<void> sync();
  // One page of what is locked in the whole cluster, in the order of lockspace and name.
  Result<QueryPage> query(const QueryOptions& options = {});
  // All pages. `complete` is false if it is for any page.
  Result<QueryPage> query_all(QueryOptions options = {});
  // Who waits for whom, in the whole cluster: of all pages the names that somebody waits for.
  Result<WaitGraph> waits();
  // What the flight recorders of all nodes remember of a name, or of all. Errors: bad_name, name_too_long.
  Result<History> history(const HistoryOptions& options = {});
  // Deadlocks that were broken, the latest first: what each node remembers of those whose victim was a program there.
  Result<DeadlockList> deadlocks();
  // A daemon that hangs says nothing at all: after `answer_max` this fails with timed_out, and what is said
  // later is dropped.
  Result<NodeInfo> status(std::chrono::nanoseconds answer_max = for_ever);
  // Operators only: makes that node the master of a name, which takes its queue and value along. Nobody loses a
  // lock or waits for longer than a few messages take. Returns when it is. Errors: not_permitted,
  // no_such_resource (nobody has a lock of that name), no_such_node (no member, or it is leaving), not_movable (the
  // lockspace pins its masters, or leaves them with their homes), busy (it moves already), recovering (a node was
  // lost meanwhile), no_quorum, bad_name, no_such_lockspace.
  Result<void> move(std::string_view name, NodeId to, Lockspace lockspace = {});
  // Operators only: the next membership view (provider `manual`). After timed_out, as with status(), the daemon
  // may still take it. Errors: not_permitted, stale_epoch, view_conflict, bad_view, frame_too_long.
  Result<void> set_view(const View& view, std::chrono::nanoseconds answer_max = for_ever);
  // Operators only: that node is surely dead, with all programs that held its locks; nobody has to wait for
  // its lease. `incarnation` none: whichever was lost last.
  Result<void> fence_ack(NodeId node, Incarnation incarnation = {});
  // Ends one lock of somebody else by force: for operators, and for the user whose lock it is. Its program is told
  // beforehand (Lock::on_evicting) if there is a grace time, and then that it has lost the lock (forced_out). A
  // program may rely on what it holds: whoever does this risks what the lock protects, unless that refuses the old
  // token. Returns when the lock has ended at its master, which takes the grace time and, if the program does not
  // answer, a lease more. Errors, behind all of which nothing was done: no_such_lock (it is gone, or was granted
  // again or converted since: look again), not_permitted, has_children, busy (somebody else asked for it),
  // no_such_node, recovering (its node was lost meanwhile), bad_argument, no_quorum.
  Result<EvictOutcome> evict(const EvictOptions& what);
  // Several, all at the same time; the answers in the same order.
  std::vector<Result<EvictOutcome>> evict(std::span<const EvictOptions> what);
  // See ConfirmLoss::by_program.
  void confirm_loss(ClaimId lock);

  // ---- calls with a later answer ----
  // The answer goes to `done`, or, if that is empty, to next_event().
  Result<RequestId> lock_async(std::string_view name, Mode mode, const LockOptions& options = {},
                               OnLocked done = {});
  Result<RequestId> cancel_async(RequestId request, OnDone done = {});
  Result<RequestId> purge_async(const PurgeOptions& options, OnDone done = {});

  // For your event loop: readable when there may be something to dispatch(). Never read it yourself. Call
  // dispatch() before you sleep on it: a blocking call may have read your events already.
  [[nodiscard]] int fd() const;
  // Sends what is corked, reads what is there without waiting, and runs callbacks, in the order of arrival,
  // from your stack. Fails when the session is over, after the callbacks that say so.
  Result<void> dispatch();
  // Waits until something came (or `timeout`, for_ever: without end), then as dispatch().
  Result<void> poll(std::chrono::nanoseconds timeout);
  // The oldest event without a callback; reads nothing from the socket.
  std::optional<Event> next_event();

  // From here on requests without a blocking answer are gathered and sent by flush(), dispatch(), poll(),
  // any blocking call, or when they fill a frame: many requests, one system call.
  void cork();
  // Sends what was gathered.
  Result<void> flush();
  // Sends what was gathered; from here on each request is sent at once again.
  Result<void> uncork();

 private:
  explicit Client(std::shared_ptr<client::State> state);
  std::shared_ptr<client::State> state_;
};

}  // namespace holdfast
