// SPDX-License-Identifier: Apache-2.0
// The answers: each event goes to the blocking call that waits for it, into the queue of callbacks, or into
// the queue of polled events; and from these queues to the user.
#include <algorithm>
#include <utility>

#include "client/reports.hpp"
#include "client/state.hpp"

namespace holdfast::client {
namespace {

// Several notices are told as one. PR and CW exclude each other: what gives way to both gives way to PW.
Mode stronger(Mode a, Mode b) { return is_middle_conversion(a, b) ? Mode::PW : std::max(a, b); }

Error to_error(Errc status, std::string_view detail) { return Error{status, std::string(detail)}; }

}  // namespace

void State::take(session::Event& event) {
  std::visit([this](const auto& m) { on(m); }, event);
}

// The blocking call that waits for this request, or null.
Answer* State::caller_of(RequestId request) {
  const Pending& entry = pending(request);
  return entry.who == For::caller ? entry.answer : nullptr;
}

template <class Later>
void State::answer_later(Pending& entry, Later&& event) {
  if (entry.who == For::callback) calls_.push(Call{std::move(event), std::exchange(entry.callback, {})});
  else if (entry.who == For::event) events_.push(std::move(event));
  entry.who = For::nobody;
}

void State::on(const wire::Granted& m) {
  Pending& entry = pending(m.request);
  if (entry.asked == Asked::lock && entry.hooks) hooks_[m.lock] = std::move(*std::exchange(entry.hooks, nullptr));
  if (entry.who == For::caller) {
    entry.answer->here = true;
    entry.answer->lock = m.lock;
    entry.answer->grant = to_grant(m);
    entry.who = For::nobody;
  } else if (entry.who == For::nobody) {
    // Its caller has given up: the lock goes back. A conversion just stands.
    hooks_.erase(entry.asked == Asked::lock ? m.lock : ClaimId{});
    if (entry.asked == Asked::lock) (void)session().release({.lock = m.lock});
  } else if (entry.asked == Asked::lock) {
    answer_later(entry, event::Granted{m.request, Lock(weak_from_this(), m.lock, to_grant(m))});
  } else {
    answer_later(entry, event::Converted{m.request, m.lock, to_grant(m)});
  }
}

void State::on(const wire::Waiting& m) {
  Pending& entry = pending(m.request);
  if (entry.who == For::nobody) return;
  std::vector<Blocker> blockers = to_blockers(m.blockers);
  if (entry.who == For::caller) {
    entry.answer->waits_behind = std::move(blockers);
    entry.answer->waits = true;
  } else if (entry.hooks && entry.hooks->waiting) {
    calls_.push(Call{event::Waiting{m.request, m.lock, std::move(blockers)}, entry.hooks->waiting});
  } else if (entry.who == For::event) {
    events_.push(event::Waiting{m.request, m.lock, std::move(blockers)});
  }
}

void State::on(const wire::Refused& m) {
  Pending& entry = pending(m.request);
  entry.hooks.reset();
  if (Answer* answer = caller_of(m.request); answer != nullptr) {
    answer->here = true;
    answer->failure = to_refusal(m);
    entry.who = For::nobody;
    return;
  }
  answer_later(entry, event::Refused{m.request, entry.asked == Asked::lock ? ClaimId{} : m.lock, to_refusal(m)});
}

void State::on(const wire::Done& m) {
  if (Answer* answer = caller_of(m.request); answer != nullptr) {
    answer->here = true;
    if (m.status != Errc::ok) answer->failure = to_error(m.status, m.detail);
    pending(m.request).who = For::nobody;
    return;
  }
  Result<void> result;
  if (m.status != Errc::ok) result = to_error(m.status, m.detail);
  answer_later(pending(m.request), event::Done{m.request, std::move(result)});
}

void State::on(const wire::NoticeEvent& m) {
  Hooks& hooks = hooks_[m.lock];
  hooks.wanted = hooks.notice_pending ? stronger(hooks.wanted, m.wanted) : m.wanted;
  if (std::exchange(hooks.notice_pending, true)) return;
  if (hooks.notice) calls_.push(Call{event::Notice{m.lock, m.wanted}, {}});
  else events_.push(event::Notice{m.lock, m.wanted});
}

void State::on(const wire::LostEvent& m) {
  event::Lost lost{m.lock, to_error(m.status, m.detail)};
  const auto found = hooks_.find(m.lock);
  const Hooks hooks = found == hooks_.end() ? Hooks{} : std::move(found->second);
  if (found != hooks_.end()) hooks_.erase(found);
  if (hooks.lost) {
    calls_.push(Call{std::move(lost), hooks.lost, hooks.confirm_loss});
    return;
  }
  events_.push(std::move(lost));
  if (hooks.confirm_loss == ConfirmLoss::by_program) return;
  session().confirm_loss(m.lock);
  has_confirmed_ = true;
}

void State::on(const wire::EvictionNotice& m) {
  event::Evicting event{m.lock, {.at = BootClock::now() + m.left, .by = to_owner(m.by), .reason = std::string(m.reason)}};
  const auto found = hooks_.find(m.lock);
  if (found != hooks_.end() && found->second.evicting) calls_.push(Call{std::move(event), found->second.evicting});
  else events_.push(std::move(event));
}

void State::on(const wire::Evicted& m) {
  Answer* answer = caller_of(m.request);
  if (answer == nullptr) return;
  answer->here = true;
  answer->outcome = m.outcome;
}

void State::on(const wire::Ended& m) { events_.push(event::Ended{to_error(m.status, m.detail)}); }

void State::on(const wire::LockspaceOpened& m) {
  Answer* answer = caller_of(m.request);
  if (answer == nullptr) return;
  answer->here = true;
  answer->lockspace.handle = m.lockspace.value();
}

void State::on(const wire::ResourceRow& m) {
  const Answer* answer = caller_of(m.request);
  if (answer != nullptr && answer->page != nullptr) answer->page->resources.push_back(to_resource(m));
}

void State::on(const wire::LockRow& m) {
  const Answer* answer = caller_of(m.request);
  if (answer != nullptr && answer->page != nullptr && !answer->page->resources.empty())
    answer->page->resources.back().locks.push_back(to_lock(m));
}

void State::on(const wire::LockspaceRow& m) {
  const Answer* answer = caller_of(m.request);
  if (answer != nullptr && answer->lockspaces != nullptr) answer->lockspaces->push_back(to_lockspace(m));
}

void State::on(const wire::HistoryRow& m) {
  const Answer* answer = caller_of(m.request);
  if (answer != nullptr && answer->history != nullptr) answer->history->events.push_back(to_event(m));
}

void State::on(const wire::DeadlockRow& m) {
  const Answer* answer = caller_of(m.request);
  if (answer != nullptr && answer->deadlocks != nullptr) answer->deadlocks->deadlocks.push_back(to_deadlock(m));
}

void State::on(const wire::QueryEnd& m) {
  Answer* answer = caller_of(m.request);
  if (answer == nullptr) return;
  answer->here = true;
  if (m.status != Errc::ok && m.status != Errc::recovering) answer->failure = Error{m.status};
  if (answer->history != nullptr) answer->history->complete = m.status == Errc::ok;
  if (answer->deadlocks != nullptr) answer->deadlocks->complete = m.status != Errc::recovering;
  if (answer->page == nullptr) return;
  answer->page->next.assign(m.next_after_key);
  answer->page->complete = m.status != Errc::recovering;
}

void State::on(const wire::NodeStatus& m) {
  Answer* answer = caller_of(m.request);
  if (answer == nullptr) return;
  answer->here = true;
  if (answer->node != nullptr) *answer->node = to_node(m);
}

// ---- to the user ----------------------------------------------------------------------------------------

void State::deliver() {
  // What callbacks cause is delivered the next time, so that two programs that answer each other's notices
  // cannot keep one of them here for ever.
  for (std::size_t left = calls_.size(); left > 0 && !calls_.empty() && !closed_; --left) {
    Call call = calls_.pop();
    run(call);
  }
}

namespace {
template <class... Parts>
struct Overload : Parts... {
  using Parts::operator()...;
};
template <class... Parts>
Overload(Parts...) -> Overload<Parts...>;
}  // namespace

void State::run(Call& call) {
  const auto to = [&]<class F>(std::type_identity<F>, auto&& argument) {
    if (F* callback = std::get_if<F>(&call.callback); callback != nullptr && *callback)
      (*callback)(std::forward<decltype(argument)>(argument));
  };
  using Locked = std::type_identity<OnLocked>;
  using Converted = std::type_identity<OnConverted>;
  std::visit(Overload{
                 [&](event::Granted& e) { to(Locked{}, Result<Lock, Refusal>(std::move(e.lock))); },
                 [&](event::Converted& e) { to(Converted{}, Result<Grant, Refusal>(std::move(e.grant))); },
                 [&](event::Refused& e) {
                   if (std::holds_alternative<OnLocked>(call.callback))
                     to(Locked{}, Result<Lock, Refusal>(std::move(e.why)));
                   else
                     to(Converted{}, Result<Grant, Refusal>(std::move(e.why)));
                 },
                 [&](event::Waiting& e) { to(std::type_identity<OnWaiting>{}, e.blockers); },
                 [&](event::Done& e) { to(std::type_identity<OnDone>{}, std::move(e.result)); },
                 [&](event::Notice& e) {
                   const std::optional<Mode> wanted = take_notice(e.lock);
                   if (!wanted) return;
                   // A copy: the callback may set another one or release the lock.
                   if (const OnNotice notice = hooks_[e.lock].notice; notice) notice(*wanted);
                 },
                 [&](event::Lost& e) {
                   to(std::type_identity<OnLost>{}, e.why);
                   if (call.confirm_loss == ConfirmLoss::when_told) session().confirm_loss(e.lock);
                 },
                 [&](event::Evicting& e) { to(std::type_identity<OnEvicting>{}, e.what); },
                 [&](event::Ended&) {},
             },
             call.event);
}

// The mode of the notice that is not told yet; nothing if the lock has gone meanwhile.
std::optional<Mode> State::take_notice(ClaimId lock) {
  const auto found = hooks_.find(lock);
  if (found == hooks_.end() || !std::exchange(found->second.notice_pending, false)) return std::nullopt;
  return found->second.wanted;
}

std::optional<Event> State::next_event() {
  while (!events_.empty()) {
    std::optional<Event> event(std::move(events_.front()));
    events_.drop();
    if (auto* notice = std::get_if<event::Notice>(&*event); notice != nullptr) {
      const std::optional<Mode> wanted = take_notice(notice->lock);
      if (!wanted) continue;
      notice->wanted = *wanted;
    }
    return event;
  }
  return std::nullopt;
}

// The answer before took along what this entry had.
void State::add_hooks(Pending& asked, const LockOptions& options) {
  if (!options.on_notice && !options.on_lost && !options.on_waiting && !options.on_evicting &&
      options.confirm_loss == ConfirmLoss::when_told)
    return;
  asked.hooks = std::make_unique<Hooks>(Hooks{.notice = options.on_notice,
                                              .lost = options.on_lost,
                                              .waiting = options.on_waiting,
                                              .evicting = options.on_evicting,
                                              .confirm_loss = options.confirm_loss});
}

void State::set_on_notice(ClaimId lock, OnNotice notice) {
  if (session().find(lock) != nullptr) hooks_[lock].notice = std::move(notice);
}

void State::set_on_lost(ClaimId lock, OnLost lost) {
  if (session().find(lock) != nullptr) hooks_[lock].lost = std::move(lost);
}

void State::set_on_evicting(ClaimId lock, OnEvicting evicting) {
  if (session().find(lock) != nullptr) hooks_[lock].evicting = std::move(evicting);
}

void State::forget_hooks_if_gone(ClaimId lock) {
  if (!hooks_.empty() && session().find(lock) == nullptr) hooks_.erase(lock);
}

}  // namespace holdfast::client
