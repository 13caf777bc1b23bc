// SPDX-License-Identifier: Apache-2.0
#include "session/session.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "model/name.hpp"

namespace holdfast::session {

using wire::ClientMessage;

Session::Session(const SessionOptions& options) : slot_(options.slot), confirm_losses_(options.confirm_losses) {
  wire::ClientHello hello;
  hello.life = options.life;
  hello.knows = wire::Knows::evictions;
  hello.label = std::string_view(options.label).substr(0, limits::label_bytes_max);
  wire::append_frame(out_, hello);
}

const Error& Session::ending() const {
  HF_ASSERT(phase_ == Phase::over);
  return ending_;
}

// ---- calls ----------------------------------------------------------------------------------------------

namespace {

// What is wrong is said out of line: all else here is small enough to vanish in the calls.
[[gnu::cold]] Error too_long(std::string_view value) {
  return Error{Errc::value_too_long, "the value has " + std::to_string(value.size()) + " bytes, at most " +
                                         std::to_string(limits::value_bytes_max) + " are allowed"};
}

[[gnu::cold]] Error unknown_bits(FlagSet flags) {
  return Error{Errc::bad_flags, "unknown flag bits " + std::to_string(flags.unknown())};
}

// Lockspaces may allow less: the daemon knows how much.
Result<void> check_pattern(std::string_view pattern) {
  if (pattern.size() <= limits::pattern_bytes_max) return {};
  return Error{Errc::bad_argument, "a pattern has " + std::to_string(pattern.size()) + " bytes, at most " +
                                       std::to_string(limits::pattern_bytes_max) + " are allowed"};
}

Result<void> check_value(std::string_view value) {
  if (value.size() > limits::value_bytes_max) return too_long(value);
  return {};
}

Result<void> check_mode_and_flags(Mode mode, FlagSet flags) {
  if (!is_mode(static_cast<std::uint32_t>(mode))) return Error{Errc::bad_mode};
  if (flags.unknown() != 0) return unknown_bits(flags);
  return {};
}

Duration wait_on_wire(Duration wait_max) {
  return wait_max < Duration{0} && wait_max != wire::wait_by_default ? wire::wait_for_ever : wait_max;
}

}  // namespace

Result<void> Session::may_call() const {
  if (phase_ == Phase::over) return ending_;
  return {};
}

template <class Call>
void Session::append(const Call& call) {
  send_quiet_release();
  wire::append_frame(out_, call);
  last_ = {};
  read_ = false;
}

void Session::send_quiet_release() {
  if (slot_ == nullptr) return;
  if (const ClaimId lock = slot_->take())
    wire::append_frame(out_, wire::Release{.lock = lock, .flags = {}, .value = {}});
}

template <class Call>
Result<RequestId> Session::ask(Call&& call, ClaimId lock) {
  if (phase_ == Phase::over) return ending_;
  call.request = requests_.emplace(std::remove_reference_t<Call>::type, lock);
  append(call);
  last_ = call.request;
  return call.request;
}

Result<RequestId> Session::lock(wire::Lock call) {
  if (const auto fine = check_mode_and_flags(call.mode, call.flags); !fine) return fine.error();
  if (const auto fine = check_name(call.resource); !fine) return fine.error();
  call.wait_max = wait_on_wire(call.wait_max);
  return ask(call);
}

Result<RequestId> Session::convert(wire::Convert call) {
  if (const auto fine = may_call(); !fine) return fine.error();
  if (const auto fine = check_mode_and_flags(call.mode, call.flags); !fine) return fine.error();
  if (const auto fine = check_value(call.value); !fine) return fine.error();
  LockRecord* record = locks_.find(call.lock);
  if (record == nullptr) return Error{Errc::no_such_lock};
  if (record->state != LockState::granted) return Error{Errc::busy};
  call.wait_max = wait_on_wire(call.wait_max);
  Result<RequestId> request = ask(call, call.lock);
  HF_ASSERT(request.has_value());
  record->state = LockState::converting;
  record->quiet = false;
  record->request = *request;
  return request;
}

Result<RequestId> Session::unlock(wire::Unlock call) {
  if (const auto fine = may_call(); !fine) return fine.error();
  if (const auto fine = check_value(call.value); !fine) return fine.error();
  LockRecord* record = locks_.find(call.lock);
  if (record == nullptr) return Error{Errc::no_such_lock};
  if (record->state == LockState::ending) return Error{Errc::busy};
  Result<RequestId> request = ask(call, call.lock);
  // What waits or converts stays so until its own answer comes, unless the daemon is forced.
  if (record->state == LockState::granted) record->state = LockState::ending;
  return request;
}

Result<void> Session::release(const wire::Release& call) {
  if (const auto fine = may_call(); !fine) return fine;
  if (const auto fine = check_value(call.value); !fine) return fine;
  const LockRecord* record = locks_.find(call.lock);
  if (record == nullptr) return Error{Errc::no_such_lock};
  const bool plain = call.flags.empty() && record->state == LockState::granted;
  const bool quiet = plain && record->quiet && read_ && slot_ != nullptr && slot_->put(call.lock);
  if (!quiet) append(call);
  locks_.erase(*record);
  return {};
}

Result<RequestId> Session::cancel(wire::Cancel call) { return ask(call); }

Result<RequestId> Session::purge(wire::Purge call) {
  if (const auto fine = check_pattern(call.name_pattern); !fine) return fine.error();
  return ask(call);
}

Result<RequestId> Session::open_lockspace(wire::OpenLockspace call) {
  if (const auto fine = check_lockspace_name(call.lockspace); !fine) return fine.error();
  return ask(call);
}

Result<RequestId> Session::leave_lockspace(wire::LeaveLockspace call) {
  if (const auto fine = check_lockspace_name(call.lockspace); !fine) return fine.error();
  return ask(call);
}

Result<RequestId> Session::list_lockspaces() { return ask(wire::ListLockspaces{}); }
Result<RequestId> Session::list_deadlocks() { return ask(wire::DeadlocksQuery{}); }

Result<RequestId> Session::history(wire::HistoryQuery call) {
  if (!call.resource.empty())
    if (const auto fine = check_name(call.resource); !fine) return fine.error();
  return ask(call);
}

Result<RequestId> Session::query(wire::Query call) {
  for (const std::string_view pattern : {call.lockspace_pattern, call.name_pattern})
    if (const auto fine = check_pattern(pattern); !fine) return fine.error();
  if (call.after_key.size() > limits::key_bytes_max)
    return Error{Errc::bad_argument, "a key has at most " + std::to_string(limits::key_bytes_max) + " bytes"};
  return ask(call);
}

Result<RequestId> Session::status() { return ask(wire::StatusQuery{}); }

Result<RequestId> Session::set_view(wire::SetView call) {
  if (const std::size_t bytes = wire::encoded_size(call); bytes + 2 > limits::client_frame_bytes_max)
    return Error{Errc::frame_too_long, "the view needs " + std::to_string(bytes) + " bytes, at most " +
                                           std::to_string(limits::client_frame_bytes_max - 2) + " are allowed"};
  return ask(call);
}

Result<RequestId> Session::fence_ack(wire::FenceAck call) { return ask(call); }

Result<RequestId> Session::move(wire::Move call) {
  if (const auto fine = check_name(call.resource); !fine) return fine.error();
  return ask(call);
}

Result<RequestId> Session::evict(wire::Evict call) {
  if (call.reason.size() > limits::reason_bytes_max)
    return Error{Errc::bad_argument, "the reason has " + std::to_string(call.reason.size()) + " bytes, at most " +
                                         std::to_string(limits::reason_bytes_max) + " are allowed"};
  return ask(call);
}

void Session::confirm_loss(ClaimId lock) {
  if (phase_ != Phase::over) append(wire::LostSeen{.lock = lock});
}

Result<RequestId> Session::sync() { return ask(wire::Sync{}); }

// ---- frames ---------------------------------------------------------------------------------------------

std::size_t Session::receive_all(std::span<const std::byte> bytes, Events& out) {
  std::size_t used = 0;
  wire::Frame frame;
  while (phase_ != Phase::over) {
    switch (wire::cut_frame(bytes.subspan(used), limits::client_frame_bytes_max, frame)) {
      case wire::Cut::incomplete: return used;
      case wire::Cut::too_long: garbage("a message is longer than allowed", out); break;
      case wire::Cut::too_short: garbage("a message is too short to have a type", out); break;
      case wire::Cut::frame:
        receive(frame, out);
        used += frame.whole.size();
        break;
    }
  }
  return bytes.size();
}

void Session::receive(const wire::Frame& frame, Events& out) {
  if (phase_ == Phase::over) return;
  const auto take = [&]<class M>(const M& message) {
    constexpr bool may_come_first = std::same_as<M, wire::Welcome> || std::same_as<M, wire::Ended>;
    if (phase_ == Phase::greeting && !may_come_first) return garbage("it spoke before its welcome", out);
    if constexpr (requires { message.request; })
      if (last_ && message.request == last_) read_ = true;
    on(message, out);
  };
  std::string_view what;
  switch (wire::dispatch(wire::ToClient{}, frame.type, frame.body, take, what)) {
    case wire::Dispatch::done: break;
    case wire::Dispatch::unknown_type:
    case wire::Dispatch::malformed:
      garbage(wire::explain(wire::ToClient{}, frame.type, frame.body), out);
      break;
  }
}

void Session::on(const wire::Welcome& m, Events& out) {
  if (phase_ != Phase::greeting) return garbage("it says welcome a second time", out);
  if (m.protocol != wire::client_protocol) {
    return end(Error{Errc::wrong_version, "the daemon speaks protocol " + std::to_string(m.protocol) +
                                              ", this program " + std::to_string(wire::client_protocol)},
               Locks::gone, out);
  }
  phase_ = Phase::open;
  facts_ = Facts{.node = m.node,
                 .incarnation = m.incarnation,
                 .owner = m.owner,
                 .epoch = m.epoch,
                 .lease = m.lease,
                 .value_bytes_max = m.value_bytes_max,
                 .version = std::string(m.version)};
  out.emplace_back(Opened{});
}

void Session::on(const wire::Granted& m, Events& out) {
  const Request* request = open_request(m.request, ClientMessage::lock, ClientMessage::convert);
  if (request == nullptr) return garbage("a grant for a request that is not open", out);
  const bool was_known = static_cast<bool>(request->lock);
  if (!m.lock || (was_known && request->lock != m.lock)) return garbage("a grant for another lock", out);
  LockRecord* record = locks_.find(m.lock);
  if (!was_known && record != nullptr) return garbage("a new lock with the id of an old one", out);
  requests_.erase(m.request);
  if (!was_known) {
    locks_.insert({.id = m.lock, .state = LockState::granted, .quiet = m.notes.has(wire::GrantNote::quiet),
                   .mode = m.mode, .token = m.token, .request = {}});
  } else if (record == nullptr) {
    // It was released without an answer while this grant was on its way: the daemon ends it right behind.
    out.emplace_back(wire::Refused{.request = m.request, .lock = m.lock, .status = Errc::cancelled});
    return;
  } else {
    if (record->state != LockState::ending) record->state = LockState::granted;
    record->mode = m.mode;
    record->token = m.token;
    record->request = {};
  }
  out.emplace_back(m);
}

void Session::on(const wire::Waiting& m, Events& out) {
  Request* request = open_request(m.request, ClientMessage::lock, ClientMessage::convert);
  if (request == nullptr) return garbage("word of waiting for a request that is not open", out);
  if (!m.lock || (request->lock && request->lock != m.lock)) return garbage("word of waiting for another lock", out);
  if (!request->lock) {
    if (locks_.find(m.lock) != nullptr) return garbage("a new lock with the id of an old one", out);
    locks_.insert({.id = m.lock, .state = LockState::waiting, .mode = Mode::NL, .token = {}, .request = m.request});
    request->lock = m.lock;
  }
  out.emplace_back(m);
}

void Session::on(const wire::Refused& m, Events& out) {
  const Request* request = open_request(m.request, ClientMessage::lock, ClientMessage::convert);
  if (request == nullptr) return garbage("a refusal for a request that is not open", out);
  if (m.status == Errc::ok) return garbage("a refusal without a reason", out);
  const Request ended = *request;
  requests_.erase(m.request);
  if (ended.kind == ClientMessage::lock) {
    locks_.erase(ended.lock);
  } else if (LockRecord* record = locks_.find(ended.lock); record != nullptr) {
    if (record->state == LockState::converting) record->state = LockState::granted;
    if (m.demoted != 0) record->mode = Mode::NL;
    record->request = {};
  }
  out.emplace_back(m);
}

void Session::on(const wire::Done& m, Events& out) {
  const Request* request = requests_.find(m.request);
  if (request == nullptr) return garbage("an answer to a request that is not open", out);
  if (request->kind == ClientMessage::lock || request->kind == ClientMessage::convert)
    return garbage("an answer of the wrong kind", out);
  if (request->kind == ClientMessage::unlock) {
    if (m.status == Errc::ok || m.status == Errc::no_such_lock) {
      locks_.erase(request->lock);
    } else if (LockRecord* record = locks_.find(request->lock); record != nullptr) {
      if (record->state == LockState::ending) record->state = LockState::granted;
    }
  }
  requests_.erase(m.request);
  out.emplace_back(m);
}

void Session::on(const wire::NoticeEvent& m, Events& out) {
  // It may have crossed our unlock: then nobody wants to hear it any more.
  const LockRecord* record = locks_.find(m.lock);
  if (record == nullptr || record->state == LockState::ending) return;
  out.emplace_back(m);
}

void Session::on(const wire::LostEvent& m, Events& out) {
  const Errc why = m.status == Errc::ok ? Errc::lost : m.status;
  if (m.lock) return lose(m.lock, why, m.detail, out);
  for (const ClaimId lock : locks_.ids()) lose(lock, why, m.detail, out);
}

void Session::on(const wire::EvictionNotice& m, Events& out) {
  // It may have crossed our unlock, as a notice may.
  const LockRecord* record = locks_.find(m.lock);
  if (record == nullptr || record->state == LockState::ending) return;
  out.emplace_back(m);
}

void Session::on(const wire::Evicted& m, Events& out) {
  if (open_request(m.request, ClientMessage::evict) == nullptr)
    return garbage("the end of a lock that nobody asked for", out);
  requests_.erase(m.request);
  out.emplace_back(m);
}

void Session::on(const wire::Ended& m, Events& out) {
  const Errc why = m.status == Errc::ok ? Errc::session_ended : m.status;
  end(Error{why, "the daemon ended the session: " + std::string(m.detail.empty() ? row_of(why).text : m.detail)},
      Locks::gone, out);
}

void Session::on(const wire::LockspaceOpened& m, Events& out) {
  if (open_request(m.request, ClientMessage::open_lockspace) == nullptr)
    return garbage("a lockspace that nobody asked for", out);
  requests_.erase(m.request);
  out.emplace_back(m);
}

void Session::on(const wire::ResourceRow& m, Events& out) {
  if (open_request(m.request, ClientMessage::query) == nullptr)
    return garbage("a row that nobody asked for", out);
  out.emplace_back(m);
}

void Session::on(const wire::LockRow& m, Events& out) {
  if (open_request(m.request, ClientMessage::query) == nullptr)
    return garbage("a row that nobody asked for", out);
  out.emplace_back(m);
}

void Session::on(const wire::QueryEnd& m, Events& out) {
  if (open_request(m.request, ClientMessage::query, ClientMessage::list_lockspaces, ClientMessage::history_query,
                   ClientMessage::deadlocks_query) == nullptr)
    return garbage("the end of a query that nobody asked", out);
  requests_.erase(m.request);
  out.emplace_back(m);
}

void Session::on(const wire::DeadlockRow& m, Events& out) {
  if (open_request(m.request, ClientMessage::deadlocks_query) == nullptr)
    return garbage("a row that nobody asked for", out);
  out.emplace_back(m);
}

void Session::on(const wire::LockspaceRow& m, Events& out) {
  if (open_request(m.request, ClientMessage::list_lockspaces) == nullptr)
    return garbage("a row that nobody asked for", out);
  out.emplace_back(m);
}

void Session::on(const wire::HistoryRow& m, Events& out) {
  if (open_request(m.request, ClientMessage::history_query) == nullptr)
    return garbage("a row that nobody asked for", out);
  out.emplace_back(m);
}

void Session::on(const wire::NodeStatus& m, Events& out) {
  if (open_request(m.request, ClientMessage::status_query) == nullptr)
    return garbage("a status that nobody asked for", out);
  requests_.erase(m.request);
  out.emplace_back(m);
}

// ---- the end --------------------------------------------------------------------------------------------

void Session::garbage(std::string_view what, Events& out) {
  // We hang up, and with the connection the daemon lets our locks go.
  end(Error{Errc::bad_message, "the daemon sent what cannot be understood: " + std::string(what)}, Locks::gone, out);
}

void Session::disconnected(std::string_view how, Events& out) {
  if (phase_ == Phase::over) return;
  end(Error{Errc::disconnected, std::string(row_of(Errc::disconnected).text) + ": " + std::string(how)},
      Locks::until_deadline, out);
}

void Session::end(Error why, Locks locks, Events& out) {
  HF_ASSERT(phase_ != Phase::over);
  phase_ = Phase::over;
  ending_ = std::move(why);
  out_.clear();
  refuse_all(out);
  for (const ClaimId lock : locks_.ids())
    if (locks_.find(lock)->state != LockState::ending)
      out.emplace_back(wire::LostEvent{.lock = lock, .status = ending_.code, .detail = {}});
  if (locks == Locks::gone) locks_.clear();
  out.emplace_back(wire::Ended{.status = ending_.code, .detail = ending_.detail});
}

void Session::refuse_all(Events& out) {
  std::vector<RequestId> open;
  requests_.for_each([&](RequestId id, const Request&) { open.push_back(id); });
  for (const RequestId id : open) {
    const Request request = requests_[id];
    requests_.erase(id);
    if (request.kind != ClientMessage::lock && request.kind != ClientMessage::convert) {
      out.emplace_back(wire::Done{.request = id, .status = ending_.code, .detail = ending_.detail});
      continue;
    }
    out.emplace_back(wire::Refused{
        .request = id, .lock = request.lock, .status = ending_.code, .detail = ending_.detail, .blockers = {}});
    // A new lock that waited never was ours; one that was converted counts on in its old mode.
    if (request.kind == ClientMessage::lock) locks_.erase(request.lock);
    else if (LockRecord* record = locks_.find(request.lock); record != nullptr) record->state = LockState::granted;
  }
}

void Session::lose(ClaimId lock, Errc why, std::string_view detail, Events& out) {
  const LockRecord* record = locks_.find(lock);
  // What only waits is not lost but refused, by its own answer.
  if (record != nullptr && record->state == LockState::waiting) return;
  // It may have crossed our unlock.
  const bool was_ours = record != nullptr && record->state != LockState::ending;
  if (record != nullptr) locks_.erase(lock);
  if (was_ours) out.emplace_back(wire::LostEvent{.lock = lock, .status = why, .detail = detail});
  if (!was_ours || confirm_losses_ == ConfirmLosses::when_told) confirm_loss(lock);
}

}  // namespace holdfast::session
