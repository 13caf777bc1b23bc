// SPDX-License-Identifier: Apache-2.0
#include "sim/history/recorder.hpp"

#include <fmt/format.h>

namespace holdfast::sim::history {
namespace {

// Releases have no request; their numbers are above all that requests have.
constexpr std::uint64_t first_release = std::uint64_t{1} << 63;
// What a clock's drift can round up.
constexpr Time rounding = 5'000;

}  // namespace

Event& Recorder::add(const Client& client, Kind kind) {
  Event& event = history_.events.emplace_back();
  event.at = now_.count();
  event.kind = kind;
  event.client = history_.text(client.name);
  return event;
}

void Recorder::connected(const Client& client, Machine& machine) {
  Event& event = add(client, Kind::session);
  event.node = machine.id.value();
  event.incarnation = client.incarnation.value();
  look(client, machine);
}

// ---- calls ----

Event& Recorder::invoke(const Client& client, RequestId request, Call call, ClaimId lock) {
  programs_[&client].open.insert(request.value());
  Event& event = add(client, Kind::invoke);
  event.op = request.value();
  event.call = call;
  event.lock = lock.value();
  return event;
}

void Recorder::asked(const Client& client, RequestId request, const wire::Lock& call, const std::string& key) {
  Event& event = invoke(client, request, Call::lock, {});
  event.name = history_.text(key);
  event.mode = call.mode;
  event.flags = call.flags;
  event.notices = call.notices == wire::Notices::wanted;
}

void Recorder::asked(const Client& client, RequestId request, const wire::Convert& call) {
  const Mode held = programs_[&client].modes[call.lock];
  Event& event = invoke(client, request, Call::convert, call.lock);
  event.from = held;
  event.mode = call.mode;
  event.flags = call.flags;
  event.writes = !call.value.empty();
  event.value = history_.text(call.value);
}

void Recorder::asked(const Client& client, RequestId request, const wire::Unlock& call) {
  Event& event = invoke(client, request, Call::release, call.lock);
  event.flags = call.flags;
  event.writes = !call.value.empty();
  event.value = history_.text(call.value);
}

void Recorder::asked(const Client& client, const wire::Release& call) {
  Event& event = add(client, Kind::invoke);
  event.op = first_release + ++releases_;
  event.call = Call::release;
  event.lock = call.lock.value();
  event.flags = call.flags;
  event.writes = !call.value.empty();
  event.value = history_.text(call.value);
}

// ---- what they hear ----

bool Recorder::open(const Client& client, RequestId request) {
  return programs_[&client].open.erase(request.value()) != 0;
}

void Recorder::heard(const Client& client, const session::Event& event) {
  if (programs_[&client].ended) return;
  if (const auto* grant = std::get_if<wire::Granted>(&event)) return granted(client, *grant);
  if (const auto* refused = std::get_if<wire::Refused>(&event))
    return answered(client, refused->request, refused->status, refused->detail);
  if (const auto* done = std::get_if<wire::Done>(&event)) return answered(client, done->request, done->status);
  if (const auto* waiting = std::get_if<wire::Waiting>(&event)) {
    Event& told = add(client, Kind::waiting);
    told.op = waiting->request.value();
    told.lock = waiting->lock.value();
  }
  if (const auto* notice = std::get_if<wire::NoticeEvent>(&event)) {
    Event& told = add(client, Kind::notice);
    told.lock = notice->lock.value();
    told.mode = notice->wanted;
  }
  // A connection that broke says nothing about locks: they hold until the deadline.
  const auto* lost = std::get_if<wire::LostEvent>(&event);
  if (lost != nullptr && lost->status != Errc::disconnected) {
    Event& told = add(client, Kind::lost);
    told.lock = lost->lock.value();
    told.why = history_.text(name_of(lost->status));
  }
  if (const auto* ended = std::get_if<wire::Ended>(&event)) {
    add(client, Kind::end).why = history_.text(name_of(ended->status));
    programs_[&client].ended = true;
  }
}

void Recorder::granted(const Client& client, const wire::Granted& grant) {
  if (!open(client, grant.request)) {
    // Nobody asked: the checker is told as it is.
    add(client, Kind::ok).op = grant.request.value();
    return;
  }
  programs_[&client].modes[grant.lock] = grant.mode;
  Event& event = add(client, Kind::ok);
  event.op = grant.request.value();
  event.lock = grant.lock.value();
  event.mode = grant.mode;
  event.token = grant.token;
  event.reads = grant.notes.has(wire::GrantNote::value);
  event.value_state = grant.value_state;
  event.number = grant.write_number;
  if (event.reads) event.value = history_.text(grant.value);
}

void Recorder::answered(const Client& client, RequestId request, Errc status, std::string_view detail) {
  if (!open(client, request)) return;  // of a cancel and the like
  const bool over = client.session->phase() == session::Phase::over;
  Event& event = add(client, status == Errc::ok ? Kind::ok : over ? Kind::unknown : Kind::fail);
  event.op = request.value();
  // A deadlock over several resources tells its cycle.
  const bool is_cycle = status == Errc::deadlock && !detail.empty();
  if (status != Errc::ok) event.why = history_.text(is_cycle ? "deadlock_cycle" : name_of(status));
}

void Recorder::killed(const Client& client) {
  Program& program = programs_[&client];
  if (std::exchange(program.ended, true)) return;
  add(client, Kind::end).why = history_.text("killed");
}

void Recorder::look(const Client& client, Machine& machine) {
  Program& program = programs_[&client];
  const auto stamped = machine.deadlines.find(client.incarnation);
  // A session that its daemon has ended says so in the slot, whether its program reads its socket or not.
  const bool valid = !client.slot.is_over() && stamped != machine.deadlines.end() &&
                     machine.clock(now_) < stamped->second;
  const Time until = valid ? machine.when(stamped->second, now_).count() - rounding : now_.count();
  // Once it has passed it stays where it was.
  if (!valid && program.deadline != 0 && program.deadline <= until) return;
  if (until == program.deadline) return;
  program.deadline = until;
  add(client, Kind::lease).valid_until = until;
}

void Recorder::fault(std::string_view what, std::string_view why) {
  Event& event = history_.events.emplace_back();
  event.at = now_.count();
  event.kind = Kind::fault;
  event.name = history_.text(what);
  event.why = history_.text(why);
}

void Recorder::healed() {
  Event& event = history_.events.emplace_back();
  event.at = now_.count();
  event.kind = Kind::healed;
}

}  // namespace holdfast::sim::history
