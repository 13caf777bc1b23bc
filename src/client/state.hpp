// SPDX-License-Identifier: Apache-2.0
// State: what stands behind a Client and its Locks. It knows who waits for which answer (a blocking call on
// this very stack, a callback, or nobody yet) and keeps what nobody has asked for so far. Nothing a user
// wrote is ever called while bytes are being read: take() only sorts; callbacks run from dispatch().
//
// Owned by the Client; Locks and callbacks refer to it weakly.
#pragma once

#include <memory>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "client/connection.hpp"
#include "client/fifo.hpp"
#include "holdfast/client.hpp"

namespace holdfast::client {

// What a blocking call waits for; lives on its stack.
struct Answer {
  bool here = false;
  Refusal failure{Error{Errc::ok}};
  ClaimId lock;
  Grant grant;
  Lockspace lockspace;
  QueryPage* page = nullptr;
  NodeInfo* node = nullptr;
  std::vector<LockspaceInfo>* lockspaces = nullptr;
  History* history = nullptr;
  DeadlockList* deadlocks = nullptr;
  std::vector<Blocker> waits_behind;
  bool waits = false;  // `waits_behind` is news
  EvictOutcome outcome = EvictOutcome::forced;
};

class State final : public EventSink, public std::enable_shared_from_this<State> {
 public:
  // wait_max: of requests that do not say how long they wait.
  State(Connection connection, std::chrono::nanoseconds wait_max)
      : connection_(std::move(connection)), wait_max_(wait_max) {}
  ~State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] const Connection& connection() const { return connection_; }
  [[nodiscard]] session::Session& session() { return connection_.session(); }
  [[nodiscard]] const session::Session& session() const { return connection_.session(); }
  [[nodiscard]] bool held(ClaimId lock) const;
  // Null if the Client is gone, even if one of its callbacks still runs.
  [[nodiscard]] static std::shared_ptr<State> open(const std::weak_ptr<State>& state);
  // The Client goes, possibly in one of its own callbacks: hangs up, and nothing is delivered any more.
  void close();

  Result<Lock, Refusal> lock(wire::Lock call, const LockOptions& options);
  Result<RequestId> lock_async(wire::Lock call, const LockOptions& options, OnLocked done);
  Result<Grant, Refusal> convert(ClaimId lock, Mode mode, const ConvertOptions& options);
  Result<RequestId> convert_async(ClaimId lock, Mode mode, const ConvertOptions& options, OnConverted done);
  Result<void> unlock(ClaimId lock, const ReleaseOptions& options);
  Result<RequestId> unlock_async(ClaimId lock, const ReleaseOptions& options, OnDone done);
  Result<void> unlock_unanswered(ClaimId lock, const ReleaseOptions& options);
  // For destructors: as well as it can be done in a second, silently.
  [[nodiscard]] Lock attach(ClaimId lock);
  void unlock_quietly(ClaimId lock);
  Result<RequestId> purge_async(const wire::Purge& call, OnDone done);
  Result<RequestId> cancel_async(RequestId request, OnDone done);

  // Sends what was asked and waits for its answer into `answer`; timed_out if there is none after `answer_max`.
  Result<void> wait_for(Result<RequestId> request, Answer& answer, std::chrono::nanoseconds answer_max = for_ever);

  void set_on_notice(ClaimId lock, OnNotice notice);
  void set_on_lost(ClaimId lock, OnLost lost);
  void set_on_evicting(ClaimId lock, OnEvicting evicting);
  void confirm_loss(ClaimId lock);
  std::vector<Result<EvictOutcome>> evict(std::span<const EvictOptions> what);

  Result<void> dispatch();
  Result<void> poll(std::chrono::nanoseconds timeout);
  std::optional<Event> next_event();
  void cork() { sending_ = Sending::gathered; }
  Result<void> flush();
  Result<void> uncork();

  void take(session::Event& event) override;

 private:
  // What was wanted, as far as its answer must know.
  enum class Asked : std::uint8_t { lock, convert, other };
  // Who gets the answer.
  enum class For : std::uint8_t { nobody, caller, callback, event };
  using Callback = std::variant<std::monostate, OnLocked, OnConverted, OnDone, OnWaiting, OnLost, OnEvicting>;
  // Of one lock; only locks that want notices or have a callback have them.
  struct Hooks {
    OnNotice notice;
    OnLost lost;
    OnWaiting waiting;
    OnEvicting evicting;
    ConfirmLoss confirm_loss = ConfirmLoss::when_told;
    Mode wanted = Mode::NL;       // of the notice that is not told yet
    bool notice_pending = false;
  };
  struct Pending {
    Asked asked = Asked::other;
    For who = For::nobody;
    Answer* answer = nullptr;
    Callback callback;
    std::unique_ptr<Hooks> hooks;
  };
  struct Call {
    Event event;
    Callback callback;  // none: a notice, whose callback is looked up when it is told
    ConfirmLoss confirm_loss = ConfirmLoss::by_program;  // of a loss: when_told, behind the callback
  };
  enum class Sending : std::uint8_t { at_once, gathered };

  Pending& pending(RequestId request) {
    const auto index = static_cast<std::uint32_t>(request.value());
    if (index >= pending_.size()) pending_.resize(index + 1);
    return pending_[index];
  }
  Pending& expect(RequestId request, Asked asked, Answer& answer);
  // An empty callback: the answer becomes an event.
  template <class Done>
  Pending& expect(RequestId request, Asked asked, Done&& done);
  // Nobody wants to hear it.
  void ignore(RequestId request) { pending(request).who = For::nobody; }
  // Waits until the answer is here or `until` has passed.
  void wait(Answer& answer, BootClock::time_point until, const OnWaiting& on_waiting);
  void abandon(RequestId request, Answer& answer);
  void send_soon();
  Result<void> alive() const;

  void on(const session::Opened&) {}
  void on(const wire::Granted& m);
  void on(const wire::Waiting& m);
  void on(const wire::Refused& m);
  void on(const wire::Done& m);
  void on(const wire::NoticeEvent& m);
  void on(const wire::LostEvent& m);
  void on(const wire::Ended& m);
  void on(const wire::LockspaceOpened& m);
  void on(const wire::ResourceRow& m);
  void on(const wire::LockRow& m);
  void on(const wire::QueryEnd& m);
  void on(const wire::NodeStatus& m);
  void on(const wire::LockspaceRow& m);
  void on(const wire::EvictionNotice& m);
  void on(const wire::Evicted& m);
  void on(const wire::HistoryRow& m);
  void on(const wire::DeadlockRow& m);

  template <class Later>
  void answer_later(Pending& asked, Later&& event);
  [[nodiscard]] Answer* caller_of(RequestId request);
  void deliver();
  void run(Call& call);
  [[nodiscard]] std::optional<Mode> take_notice(ClaimId lock);
  void forget_hooks_if_gone(ClaimId lock);
  static void add_hooks(Pending& asked, const LockOptions& options);

  [[nodiscard]] std::chrono::nanoseconds wait_of(std::chrono::nanoseconds asked) const {
    return asked == by_default ? wait_max_ : asked;
  }

  Connection connection_;
  std::chrono::nanoseconds wait_max_;
  std::vector<Pending> pending_;  // by the index half of the request id
  std::unordered_map<ClaimId, Hooks> hooks_;
  Fifo<Call> calls_;
  Fifo<Event> events_;
  Sending sending_ = Sending::at_once;
  bool closed_ = false;
  bool has_confirmed_ = false;  // a loss, and that is not sent yet
};

}  // namespace holdfast::client
