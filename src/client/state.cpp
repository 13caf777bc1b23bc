// SPDX-License-Identifier: Apache-2.0
// The calls: what is asked, who gets the answer, and how a blocking call waits for it.
#include "client/state.hpp"

#include <utility>

namespace holdfast::client {
namespace {

// How long behind its wait_max a blocking call still waits for the daemon to say so itself.
constexpr std::chrono::seconds grace{2};
// How long a destructor may take.
constexpr std::chrono::seconds destructor_max{1};
// Gathered requests are sent when they have so many bytes.
constexpr std::size_t gathered_bytes_max = 64 * 1024;

BootClock::time_point in(std::chrono::nanoseconds time) {
  if (time < std::chrono::nanoseconds{0} || time > std::chrono::hours(24 * 365 * 10))
    return BootClock::time_point::max();
  return BootClock::now() + time;
}

BootClock::time_point patience(std::chrono::nanoseconds wait_max) {
  const BootClock::time_point until = in(wait_max);
  return until == BootClock::time_point::max() ? until : until + grace;
}

Error no_answer() { return Error{Errc::timed_out, "the daemon did not answer in time"}; }

wire::Convert to_call(ClaimId lock, Mode mode, const ConvertOptions& options) {
  wire::Convert call{.lock = lock, .mode = mode, .flags = options.flags, .wait_max = options.wait_max};
  if (options.when_blocked == WhenBlocked::fail) call.flags.set(Flag::noqueue);
  if (options.read_value == ReadValue::read || options.write_value) call.flags.set(Flag::valblk);
  if (options.applied == Applied::at_once) call.reply = wire::Reply::at_once;
  call.value = options.write_value.value_or(std::string_view());
  return call;
}

template <class Call>
Call to_ending(ClaimId lock, const ReleaseOptions& options) {
  Call call;
  call.lock = lock;
  call.flags = options.flags;
  if (options.write_value) call.flags.set(Flag::valblk);
  call.value = options.write_value.value_or(std::string_view());
  return call;
}

}  // namespace

// ---- who gets the answer --------------------------------------------------------------------------------

State::Pending& State::expect(RequestId request, Asked asked, Answer& answer) {
  Pending& entry = pending(request);
  entry.asked = asked;
  entry.who = For::caller;
  entry.answer = &answer;
  return entry;
}

template <class Done>
State::Pending& State::expect(RequestId request, Asked asked, Done&& done) {
  Pending& entry = pending(request);
  entry.asked = asked;
  entry.who = done ? For::callback : For::event;
  if (done) entry.callback = std::move(done);
  return entry;
}

// Whoever waited for this is gone. A grant that still comes is given back as soon as it is read.
void State::abandon(RequestId request, Answer& answer) {
  if (answer.here || closed_) return;
  ignore(request);
  if (const auto asked = session().cancel({.target = request}); asked) ignore(*asked);
  connection_.send(*this, BootClock::now());
}

void State::wait(Answer& answer, BootClock::time_point until, const OnWaiting& on_waiting) {
  connection_.send(*this, until);
  while (!answer.here) {
    connection_.await(*this, until);
    if (std::exchange(has_confirmed_, false)) connection_.send(*this, BootClock::now());
    if (answer.waits) {
      answer.waits = false;
      if (on_waiting) on_waiting(answer.waits_behind);
      if (closed_) return;
    }
    HF_ASSERT(answer.here || session().phase() != session::Phase::over);
    if (until != BootClock::time_point::max() && !answer.here && BootClock::now() >= until) return;
  }
}

Result<void> State::wait_for(Result<RequestId> request, Answer& answer, std::chrono::nanoseconds answer_max) {
  if (!request) return request.error();
  expect(*request, Asked::other, answer);
  wait(answer, in(answer_max), {});
  // It may have come while it was us who stood still.
  if (!answer.here) connection_.drain(*this);
  if (answer.here) return static_cast<Error&>(answer.failure);
  ignore(*request);
  return no_answer();
}

std::shared_ptr<State> State::open(const std::weak_ptr<State>& state) {
  std::shared_ptr<State> found = state.lock();
  return found != nullptr && !found->closed_ ? found : nullptr;
}

void State::close() {
  closed_ = true;
  connection_.hang_up();
}

Result<void> State::alive() const {
  if (closed_) return Error{Errc::session_ended, "the Client is gone"};
  if (session().phase() == session::Phase::over) return session().ending();
  return {};
}

void State::send_soon() {
  if (sending_ == Sending::at_once || session().out().size() >= gathered_bytes_max) connection_.send(*this);
}

// ---- locks ----------------------------------------------------------------------------------------------

bool State::held(ClaimId lock) const {
  const session::LockRecord* record = session().find(lock);
  if (record == nullptr) return false;
  const bool ours =
      record->state == session::LockState::granted || record->state == session::LockState::converting;
  return ours && BootClock::now() < connection_.valid_until();
}

namespace {

// Abandons the request if its caller goes without an answer, in whatever way.
template <class Abandon>
class Guard {
 public:
  explicit Guard(Abandon abandon) : abandon_(std::move(abandon)) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { abandon_(); }

 private:
  Abandon abandon_;
};

}  // namespace

Result<Lock, Refusal> State::lock(wire::Lock call, const LockOptions& options) {
  call.wait_max = wait_of(call.wait_max);
  HF_TRY(const RequestId request, session().lock(call));
  Answer answer;
  const auto kept = options.on_waiting ? shared_from_this() : nullptr;  // it may destroy the Client
  add_hooks(expect(request, Asked::lock, answer), options);
  {
    const Guard guard([&] {
      if (!answer.here) abandon(request, answer);
    });
    wait(answer, patience(call.wait_max), options.on_waiting);
  }
  if (closed_) return alive().error();
  if (!answer.here) return no_answer();
  if (answer.failure.code != Errc::ok) return std::move(answer.failure);
  return Lock(weak_from_this(), answer.lock, std::move(answer.grant));
}

Result<RequestId> State::lock_async(wire::Lock call, const LockOptions& options, OnLocked done) {
  call.wait_max = wait_of(call.wait_max);
  HF_TRY(const RequestId request, session().lock(call));
  add_hooks(expect(request, Asked::lock, std::move(done)), options);
  send_soon();
  return request;
}

Result<Grant, Refusal> State::convert(ClaimId lock, Mode mode, const ConvertOptions& options) {
  wire::Convert call = to_call(lock, mode, options);
  call.wait_max = wait_of(call.wait_max);
  HF_TRY(const RequestId request, session().convert(call));
  Answer answer;
  expect(request, Asked::convert, answer);
  {
    const Guard guard([&] { abandon(request, answer); });
    wait(answer, patience(call.wait_max), {});
  }
  if (!answer.here) return no_answer();
  if (answer.failure.code != Errc::ok) return std::move(answer.failure);
  return std::move(answer.grant);
}

Result<RequestId> State::convert_async(ClaimId lock, Mode mode, const ConvertOptions& options, OnConverted done) {
  wire::Convert call = to_call(lock, mode, options);
  call.wait_max = wait_of(call.wait_max);
  HF_TRY(const RequestId request, session().convert(call));
  expect(request, Asked::convert, std::move(done));
  send_soon();
  return request;
}

Result<void> State::unlock(ClaimId lock, const ReleaseOptions& options) {
  Answer answer;
  Result<void> done = wait_for(session().unlock(to_ending<wire::Unlock>(lock, options)), answer);
  forget_hooks_if_gone(lock);
  return done;
}

Result<RequestId> State::unlock_async(ClaimId lock, const ReleaseOptions& options, OnDone done) {
  HF_TRY(const RequestId request, session().unlock(to_ending<wire::Unlock>(lock, options)));
  expect(request, Asked::other, std::move(done));
  hooks_.erase(lock);
  send_soon();
  return request;
}

Result<void> State::unlock_unanswered(ClaimId lock, const ReleaseOptions& options) {
  if (const auto released = session().release(to_ending<wire::Release>(lock, options)); !released) return released;
  if (!hooks_.empty()) hooks_.erase(lock);
  send_soon();
  return alive();
}

Lock State::attach(ClaimId lock) {
  const session::LockRecord* record = session().find(lock);
  if (record == nullptr || record->state == session::LockState::waiting) return {};
  return Lock(weak_from_this(), lock, Grant{.mode = record->mode, .token = record->token});
}

void State::unlock_quietly(ClaimId lock) {
  const session::LockRecord* record = session().find(lock);
  if (record == nullptr || session().phase() == session::Phase::over) return;
  wire::Unlock call{.lock = lock};
  if (record->state != session::LockState::granted) call.flags.set(Flag::forceunlock);
  if (const auto request = session().unlock(call); request) {
    Answer answer;
    expect(*request, Asked::other, answer);
    wait(answer, BootClock::now() + destructor_max, {});
    if (!answer.here) ignore(*request);
    // Then it goes with the last of its sub-locks.
    if (answer.failure.code == Errc::has_children) (void)unlock_unanswered(lock, {});
  }
  hooks_.erase(lock);
}

Result<RequestId> State::cancel_async(RequestId request, OnDone done) {
  HF_TRY(const RequestId asked, session().cancel({.target = request}));
  expect(asked, Asked::other, std::move(done));
  send_soon();
  return asked;
}

Result<RequestId> State::purge_async(const wire::Purge& call, OnDone done) {
  HF_TRY(const RequestId asked, session().purge(call));
  expect(asked, Asked::other, std::move(done));
  send_soon();
  return asked;
}

// All are asked before the first is waited for: each takes its grace time.
std::vector<Result<EvictOutcome>> State::evict(std::span<const EvictOptions> what) {
  std::vector<Answer> answers(what.size());
  for (std::size_t i = 0; i < what.size(); ++i) {
    const Result<RequestId> asked = session().evict({.node = what[i].node,
                                                     .incarnation = what[i].incarnation,
                                                     .lock = what[i].lock,
                                                     .token = what[i].token,
                                                     .grace = what[i].grace,
                                                     .reason = what[i].reason});
    if (asked) {
      expect(*asked, Asked::other, answers[i]);
    } else {
      answers[i].here = true;
      answers[i].failure = asked.error();
    }
  }
  std::vector<Result<EvictOutcome>> outcomes;
  for (Answer& answer : answers) {
    wait(answer, in(for_ever), {});
    if (answer.failure.code != Errc::ok) outcomes.emplace_back(static_cast<Error&>(answer.failure));
    else outcomes.emplace_back(answer.outcome);
  }
  return outcomes;
}

void State::confirm_loss(ClaimId lock) {
  session().confirm_loss(lock);
  send_soon();
}

// ---- sending and dispatching ----------------------------------------------------------------------------

Result<void> State::flush() {
  connection_.send(*this);
  return alive();
}

Result<void> State::uncork() {
  sending_ = Sending::at_once;
  return flush();
}

Result<void> State::dispatch() {
  connection_.send(*this, BootClock::now());
  connection_.drain(*this);
  deliver();
  if (closed_) return alive();
  // What callbacks and abandoned grants gathered.
  connection_.send(*this, BootClock::now());
  return alive();
}

Result<void> State::poll(std::chrono::nanoseconds timeout) {
  connection_.send(*this, patience(timeout));
  if (calls_.empty() && events_.empty() && session().phase() != session::Phase::over)
    (void)connection_.readable(timeout);
  return dispatch();
}

}  // namespace holdfast::client
