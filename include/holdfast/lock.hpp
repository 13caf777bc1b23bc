// SPDX-License-Identifier: Apache-2.0
// Lock: a lock that is held, released when the object goes. Made by Client::lock (client.hpp); it refers to
// its client by a handle that survives moves of the Client. If the Client goes first, the daemon releases
// the lock with the session, and what is called on the Lock fails with session_ended: no order of
// destruction is wrong. Like its Client it may be used by one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/flags.hpp"
#include "holdfast/ids.hpp"
#include "holdfast/mode.hpp"
#include "holdfast/result.hpp"
#include "holdfast/token.hpp"
#include "holdfast/value_state.hpp"

namespace holdfast {

namespace client {
class State;
}

// A wait without end, for every wait_max.
inline constexpr std::chrono::nanoseconds for_ever{-1};
// For the wait_max of a request: ConnectOptions::wait_max, and where that says the same, what the configuration of the
// daemon says for the lockspace (`wait_max_ms`), and without that for ever.
inline constexpr std::chrono::nanoseconds by_default{-2};

// Wait in the queue, or be refused at once with Errc::blocked?
enum class WhenBlocked : std::uint8_t { wait, fail };
// Read the resource's value block along with the grant?
enum class ReadValue : std::uint8_t { skip, read };
// When does a conversion to a weaker mode count as done: when the master applied it (whoever asks any node
// then finds it so), or at once (it is applied soon, nobody who waits is told an untruth meanwhile)?
enum class Applied : std::uint8_t { wait_for_master, at_once };

// Somebody who stands in the way.
struct Blocker {
  NodeId node;
  ClaimId lock;  // its lock id at that node
  OwnerId owner;
  Mode mode = Mode::NL;  // what it holds or, if it is only ahead in the queue, wants
  bool ahead = false;    // not in conflict by what it holds, only ahead in the queue
};

// Why a lock or conversion was not granted. blocked, timed_out and deadlock name who stood in the way, as
// far as the master knew; the text names them too.
struct Refusal : Error {
  std::vector<Blocker> blockers;
  Refusal(Error error) : Error(std::move(error)) {}
  Refusal(Error error, std::vector<Blocker> who) : Error(std::move(error)), blockers(std::move(who)) {}
};

// What came with a grant.
struct Grant {
  Mode mode = Mode::NL;
  Token token;
  ValueState value_state = ValueState::never_written;
  std::uint64_t write_number = 0;  // of the value: rises with each write
  std::string value;               // empty unless it was asked for and ever written
  bool demoted = false;      // Flag::convdeadlk: the old mode was given up meanwhile to break a deadlock
  bool alternative = false;  // Flag::altpr, altcw: granted in the alternative mode
  bool doubtful = false;     // the value that was read, or that we give up a right to, is in doubt
};

using OnNotice = std::function<void(Mode wanted)>;
using OnLost = std::function<void(const Error& why)>;
struct Eviction;
using OnEvicting = std::function<void(const Eviction& what)>;
using OnConverted = std::function<void(Result<Grant, Refusal>)>;
using OnDone = std::function<void(Result<void>)>;

struct ConvertOptions {
  WhenBlocked when_blocked = WhenBlocked::wait;
  // Refused with timed_out after it; the lock then keeps its old mode.
  std::chrono::nanoseconds wait_max = by_default;
  // Up from a weaker mode: read the value with the grant.
  ReadValue read_value = ReadValue::skip;
  // Down from PW or EX: write this value (see Client::value_bytes_max()) with the conversion.
  std::optional<std::string_view> write_value{};
  Applied applied = Applied::wait_for_master;
  // Further options by their names in the Linux DLM: quecvt, convdeadlk, nodlckwt, ivvalblk, ...
  FlagSet flags{};
};

struct ReleaseOptions {
  // From PW or EX: write this value (see Client::value_bytes_max()) with the release.
  std::optional<std::string_view> write_value{};
  // Flag::ivvalblk marks the value doubtful instead; Flag::forceunlock also ends a lock that converts.
  FlagSet flags{};
};

class [[nodiscard]] Lock {
 public:
  // Holds nothing; every call on it fails with no_such_lock.
  Lock() noexcept;
  Lock(Lock&& other) noexcept;
  Lock& operator=(Lock&& other) noexcept;
  // Unlocks and waits until the master knows, but at most one second; a failure is not reported (use
  // release() to hear of it). It never throws, and what it could not finish the daemon finishes when the
  // session ends. A parent whose sub-locks are still there goes with the last of them.
  ~Lock();

  // Zero for a Lock that holds nothing. Unique at its node, never used again.
  [[nodiscard]] ClaimId id() const { return id_; }
  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(id_); }
  [[nodiscard]] Mode mode() const;
  // The fencing token of the latest grant: whoever gets the resource after us has a larger one. Its text
  // (to_text) is 32 hexadecimal digits whose string order is token order.
  [[nodiscard]] Token token() const;
  // As the latest grant that this object waited for (lock, convert) brought them.
  [[nodiscard]] const std::string& value() const { return grant_.value; }
  [[nodiscard]] ValueState value_state() const { return grant_.value_state; }
  [[nodiscard]] const Grant& grant() const { return grant_; }

  // Granted, and the node's lease has not run out: nobody else can have been granted a conflicting mode.
  // Costs no system call. A loss for another reason than the lease (an operator broke the lock) is seen
  // after the next call that reads events (dispatch, poll, any blocking call).
  [[nodiscard]] bool held() const;

  // Changes the mode and waits for it. Refused: the lock is what it was, unless the error is lost,
  // session_ended, disconnected or lease_expired. Errors: blocked, timed_out, deadlock, cancelled,
  // no_quorum, recovering, bad_conversion, bad_flags, value_too_long, busy, lost, session_ended,
  // disconnected. The result is the new grant; value() and value_state() follow it.
  Result<Grant, Refusal> convert(Mode mode, const ConvertOptions& options = {});
  // Asks only. `done` is called from dispatch() or poll(); without it the answer comes as an event.
  Result<RequestId> convert_async(Mode mode, const ConvertOptions& options = {}, OnConverted done = {});

  // Unlocks and waits until the master knows. On success, and whenever the lock is gone anyway, the object
  // holds nothing afterwards. Errors: busy, has_children, value_too_long, bad_flags, no_such_lock,
  // session_ended, disconnected.
  Result<void> release(const ReleaseOptions& options = {});
  // Asks only; if it could ask, the object holds nothing afterwards. If the answer is that the lock could not
  // be given up (has_children, value_too_long), Client::attach() gives it back.
  Result<RequestId> release_async(const ReleaseOptions& options = {}, OnDone done = {});
  // Without an answer: one message, nothing to wait for. Others may find the lock held for another moment.
  // Unless it is refused at once (value_too_long) the object holds nothing afterwards.
  Result<void> release_unanswered(const ReleaseOptions& options = {});
  // Takes back a conversion that waits (convert_async); the lock keeps its mode.
  Result<void> cancel();
  // Lets go of the lock without unlocking it: it stays with the session until that ends (with
  // Flag::persistent it then lives on as an orphan). Client::attach() is the way back.
  ClaimId detach();

  // Somebody waits for this lock and wants that mode. Needs LockOptions::notices or on_notice when the lock
  // was taken. Called from dispatch() or poll(), never from within another call; may use the client freely.
  void on_notice(OnNotice notice);
  // The lock is not ours any more, through no act of ours. Called like on_notice, once. If an operator has taken it
  // (forced_out), nobody else gets it before this call returns, or a lease is over.
  void on_lost(OnLost lost);
  // An operator will take the lock away, and says when and why. Whoever gives it up before, or converts it, is left
  // in peace. Called like on_notice, once.
  void on_evicting(OnEvicting evicting);

 private:
  friend class client::State;
  friend class Client;
  Lock(std::weak_ptr<client::State> state, ClaimId id, Grant&& grant) noexcept;
  // Null if nothing can be asked of this object; unreachable() then says why.
  [[nodiscard]] std::shared_ptr<client::State> reach() const;
  [[nodiscard]] Error unreachable() const;

  std::weak_ptr<client::State> state_;
  ClaimId id_;
  Grant grant_;
};

}  // namespace holdfast
