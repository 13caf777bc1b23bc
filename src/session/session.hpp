// SPDX-License-Identifier: Apache-2.0
// Session: the client's half of the protocol as a pure machine. Calls append frames to out(); frames from
// the daemon become events, in their order. It knows which requests are open and where each lock stands,
// and it ends the session over anything a correct daemon would not send. No socket, no clock: client/
// runs it over a Unix socket, the simulator over its network.
//
// What must hold:
//   Every call that returned a RequestId is answered by exactly one event with that id that is final
//   (Granted or Refused; QueryEnd or Done; LockspaceOpened or Done; NodeStatus or Done; Done), whatever
//   happens: when the session ends, all that is open is refused with the reason, then every lock is told
//   lost, then comes one Ended, and nothing after it.
//
// Not thread-safe. Views in events live until the frame's bytes go or the session is called again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/slab.hpp"
#include "session/lock_table.hpp"
#include "wire/buffer.hpp"
#include "wire/client_messages.hpp"
#include "wire/framing.hpp"
#include "wire/release_slot.hpp"

namespace holdfast::session {

// Who says that a lock that was taken away by force is used no more?
enum class ConfirmLosses : std::uint8_t { when_told, by_program };

struct SessionOptions {
  std::string label;  // at most limits::label_bytes_max bytes; longer ones are cut
  SessionLife life = SessionLife::process;
  wire::ReleaseSlot* slot = nullptr;  // shared with the daemon; outlives the session
  ConfirmLosses confirm_losses = ConfirmLosses::when_told;
};

// From the daemon's welcome.
struct Facts {
  NodeId node;
  Incarnation incarnation;
  OwnerId owner;
  Epoch epoch;
  Duration lease{};
  std::uint32_t value_bytes_max = 0;  // in lockspaces that have no limit of their own
  std::string version;
};

enum class Phase : std::uint8_t {
  greeting,  // hello was said; calls may be made already, the daemon serves them behind it
  open,
  over,  // see ending()
};

// The welcome came: facts() is filled.
struct Opened {};
using Event = std::variant<Opened, wire::Granted, wire::Waiting, wire::Refused, wire::Done, wire::NoticeEvent,
                           wire::LostEvent, wire::Ended, wire::LockspaceOpened, wire::ResourceRow, wire::LockRow,
                           wire::QueryEnd, wire::NodeStatus, wire::LockspaceRow, wire::EvictionNotice, wire::Evicted,
                           wire::HistoryRow, wire::DeadlockRow>;
using Events = std::vector<Event>;

class Session {
 public:
  // Says hello into out().
  explicit Session(const SessionOptions& options);

  [[nodiscard]] Phase phase() const { return phase_; }
  // Why it is over. REQUIRES: phase() is over.
  [[nodiscard]] const Error& ending() const;
  // Empty before the welcome.
  [[nodiscard]] const Facts& facts() const { return facts_; }
  // Bytes for the daemon: send them in order and consume() what was sent.
  [[nodiscard]] wire::Buffer& out() { return out_; }

  // ---- calls ----
  // The `request` of the message is chosen here. What is refused at once was not sent. Errors: whatever
  // ended the session; bad_mode, bad_flags, name_too_long, bad_name, value_too_long, bad_argument,
  // no_such_lock, busy.
  Result<RequestId> lock(wire::Lock call);
  Result<RequestId> convert(wire::Convert call);
  Result<RequestId> unlock(wire::Unlock call);
  // Has no answer: afterwards the lock is none of ours. Where nobody else asks for it there is not even a
  // message: the release stands in the slot, until the daemon looks or something else is sent. (Not while
  // something that was said before may be unread: the daemon would see the release first.)
  Result<void> release(const wire::Release& call);
  // A release that stands in the slot becomes a message in out(). (Every other message does this first.)
  void send_quiet_release();
  Result<RequestId> cancel(wire::Cancel call);
  Result<RequestId> purge(wire::Purge call);
  Result<RequestId> open_lockspace(wire::OpenLockspace call);
  Result<RequestId> leave_lockspace(wire::LeaveLockspace call);
  Result<RequestId> list_lockspaces();
  Result<RequestId> list_deadlocks();
  Result<RequestId> query(wire::Query call);
  Result<RequestId> history(wire::HistoryQuery call);
  Result<RequestId> status();
  Result<RequestId> set_view(wire::SetView call);
  Result<RequestId> fence_ack(wire::FenceAck call);
  Result<RequestId> move(wire::Move call);
  // Answered by Evicted, or Done with what was wrong.
  Result<RequestId> evict(wire::Evict call);
  Result<RequestId> sync();
  // What was told lost is used no more, and others may have it (ConfirmLosses::by_program). Has no answer.
  void confirm_loss(ClaimId lock);

  // ---- what the connection brings ----
  // One whole frame; appends what it means. Does nothing once the session is over.
  void receive(const wire::Frame& frame, Events& out);
  // All whole frames at the front of `bytes`; how many bytes they had. Keep these bytes while you use the
  // events.
  [[nodiscard]] std::size_t receive_all(std::span<const std::byte> bytes, Events& out);
  // The connection is gone without an Ended.
  void disconnected(std::string_view how, Events& out);

  // ---- what is known ----
  // Null for a lock that this session does not have (any more). After disconnected() locks are still
  // listed: the daemon may be gone, but nobody else gets them before the deadline that it stamped last.
  [[nodiscard]] const LockRecord* find(ClaimId lock) const { return locks_.find(lock); }
  [[nodiscard]] std::size_t locks() const { return locks_.size(); }
  [[nodiscard]] std::size_t open_requests() const { return requests_.size(); }
  [[nodiscard]] bool is_open(RequestId request) const { return requests_.find(request) != nullptr; }

 private:
  struct Request {
    wire::ClientMessage kind{};
    ClaimId lock;  // convert, unlock: which; lock: once it is known to wait
  };
  // May somebody else have our locks already?
  enum class Locks : std::uint8_t { gone, until_deadline };

  template <class Call>
  Result<RequestId> ask(Call&& call, ClaimId lock = {});
  template <class Call>
  void append(const Call& call);
  [[nodiscard]] Result<void> may_call() const;
  // The open request of this id if it is of one of these kinds.
  template <class... Kinds>
  Request* open_request(RequestId id, Kinds... kinds) {
    Request* request = requests_.find(id);
    return request != nullptr && (... || (request->kind == kinds)) ? request : nullptr;
  }

  void on(const wire::Welcome& m, Events& out);
  void on(const wire::Granted& m, Events& out);
  void on(const wire::Waiting& m, Events& out);
  void on(const wire::Refused& m, Events& out);
  void on(const wire::Done& m, Events& out);
  void on(const wire::NoticeEvent& m, Events& out);
  void on(const wire::LostEvent& m, Events& out);
  void on(const wire::Ended& m, Events& out);
  void on(const wire::LockspaceOpened& m, Events& out);
  void on(const wire::ResourceRow& m, Events& out);
  void on(const wire::LockRow& m, Events& out);
  void on(const wire::QueryEnd& m, Events& out);
  void on(const wire::NodeStatus& m, Events& out);
  void on(const wire::LockspaceRow& m, Events& out);
  void on(const wire::EvictionNotice& m, Events& out);
  void on(const wire::Evicted& m, Events& out);
  void on(const wire::HistoryRow& m, Events& out);
  void on(const wire::DeadlockRow& m, Events& out);

  void garbage(std::string_view what, Events& out);
  void end(Error why, Locks locks, Events& out);
  void refuse_all(Events& out);
  void lose(ClaimId lock, Errc why, std::string_view detail, Events& out);

  Phase phase_ = Phase::greeting;
  Facts facts_;
  wire::ReleaseSlot* slot_ = nullptr;
  ConfirmLosses confirm_losses_;
  RequestId last_;     // of what was said last; none: it has no answer
  bool read_ = false;  // the daemon has answered what was said last, so it has read everything
  wire::Buffer out_;
  Slab<Request, RequestId> requests_;
  LockTable locks_;
  Error ending_{Errc::ok};
};

}  // namespace holdfast::session
