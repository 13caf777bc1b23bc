// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include <fmt/format.h>

#include <array>
#include <algorithm>

namespace torture {
namespace {

using holdfast::Errc;
using holdfast::Flag;
using holdfast::FlagSet;

std::string flags_text(FlagSet flags) {
  if (flags.empty()) return {};
  std::string names;
  for (const holdfast::FlagRow& row : holdfast::flag_table)
    if (flags.has(row.flag)) names += fmt::format("{}\"{}\"", names.empty() ? "" : ",", row.name);
  return fmt::format(",\"flags\":[{}]", names);
}

// Was it refused, or will nobody ever tell?
bool is_refusal(const holdfast::Error& error) {
  constexpr std::array refusals{Errc::blocked,    Errc::deadlock,    Errc::cancelled,    Errc::no_quorum,
                                Errc::recovering, Errc::no_such_lock, Errc::busy,         Errc::bad_conversion};
  if (error.code == Errc::timed_out) return error.detail != "the daemon did not answer in time";
  return std::ranges::find(refusals, error.code) != refusals.end();
}

}  // namespace

std::unique_ptr<Session> Session::open(Log& log, const std::string& name, const std::string& socket) {
  auto client = holdfast::Client::connect(
      {.socket = socket, .label = name, .connect_max = std::chrono::seconds(3)});
  if (!client) return nullptr;
  std::unique_ptr<Session> session(new Session(log, name, std::move(*client)));
  const holdfast::Client& made = session->client_;
  session->deadline_ = to_ns(made.valid_until());
  session->say(fmt::format(R"("event":"session","node":{},"incarnation":{},"owner":{},"valid_until":{})",
                           made.node().value(), made.incarnation().value(), made.owner().value(), session->deadline_));
  return session;
}

void Session::say(const std::string& rest) { log_.line(fmt::format("{},\"client\":{}", rest, quoted(name_))); }

void Session::say_answer(std::uint64_t op, const holdfast::Error& error) {
  say(fmt::format(R"("event":"{}","op":{},"why":"{}")", is_refusal(error) ? "fail" : "unknown", op,
                  name_of(error.code)));
}

void Session::say_grant(std::uint64_t op, std::uint64_t lock, const holdfast::Grant& grant, bool read) {
  constexpr std::array<std::string_view, 3> states{"never_written", "valid", "doubtful"};
  std::string value;
  if (read)
    value = fmt::format(R"(,"value_state":"{}","value":{},"number":{})",
                        states[static_cast<std::size_t>(grant.value_state)], quoted(grant.value), grant.write_number);
  deadline_ = to_ns(client_.valid_until());
  say(fmt::format(R"("event":"ok","op":{},"lock":{},"mode":"{}","token":"{}","valid_until":{}{})", op, lock,
                  name_of(grant.mode), to_text(grant.token), deadline_, value));
}

// A value that nobody else writes, and the words about it.
std::string Session::written(bool write, std::string& value) {
  if (!write) return {};
  value = fmt::format("{}/{}", name_, ops_);
  return fmt::format(",\"write\":{}", quoted(value));
}

std::unique_ptr<Held> Session::lock(const Wish& wish) {
  const std::uint64_t op = ++ops_;
  auto held = std::make_unique<Held>(Held{.name = wish.name, .lock = {}, .fate = std::make_shared<Fate>()});
  holdfast::LockOptions options{.wait_max = wish.wait_max, .notices = holdfast::Notices::wanted, .flags = wish.flags};
  if (wish.read) options.read_value = holdfast::ReadValue::read;
  options.on_notice = [this, fate = held->fate](holdfast::Mode mode) {
    fate->wanted = true;
    say(fmt::format(R"("event":"notice","lock":{},"mode":"{}")", fate->id, name_of(mode)));
  };
  options.on_lost = [this, fate = held->fate](const holdfast::Error& why) {
    // After a broken connection it still holds until the deadline.
    if (why.code != Errc::disconnected)
      say(fmt::format(R"("event":"lost","lock":{},"why":"{}")", fate->id, name_of(why.code)));
  };
  options.on_waiting = [this, op](const auto&) { say(fmt::format(R"("event":"waiting","op":{})", op)); };
  say(fmt::format(R"("event":"invoke","op":{},"call":"lock","resource":{},"mode":"{}","notices":true{})", op,
                  quoted(wish.name), name_of(wish.mode), flags_text(wish.flags)));
  auto lock = client_.lock(wish.name, wish.mode, options);
  if (!lock) {
    say_answer(op, lock.error());
    return nullptr;
  }
  held->lock = std::move(*lock);
  held->fate->id = held->lock.id().value();
  say_grant(op, held->id(), held->lock.grant(), wish.read);
  return held;
}

bool Session::convert(Held& held, const Change& change) {
  const std::uint64_t op = ++ops_;
  std::string value;
  const std::string write = written(change.write, value);
  holdfast::ConvertOptions options{.wait_max = change.wait_max, .flags = change.flags};
  if (change.read) options.read_value = holdfast::ReadValue::read;
  if (change.write) options.write_value = value;
  if (change.at_once) options.applied = holdfast::Applied::at_once;
  say(fmt::format(R"("event":"invoke","op":{},"call":"convert","lock":{},"from":"{}","mode":"{}"{}{})", op, held.id(),
                  name_of(held.lock.mode()), name_of(change.mode), flags_text(change.flags), write));
  const auto grant = held.lock.convert(change.mode, options);
  if (grant)
    say_grant(op, held.id(), *grant, change.read);
  else
    say_answer(op, grant.error());
  return grant.has_value();
}

void Session::release(std::unique_ptr<Held> held, bool write, Answer answer) {
  const std::uint64_t op = ++ops_;
  std::string value;
  const std::string text = written(write, value);
  holdfast::ReleaseOptions options;
  if (write) options.write_value = value;
  say(fmt::format(R"("event":"invoke","op":{},"call":"release","lock":{}{})", op, held->id(), text));
  if (answer == Answer::unwanted) {
    (void)held->lock.release_unanswered(options);
    return;
  }
  const auto done = held->lock.release(options);
  if (done)
    say(fmt::format(R"("event":"ok","op":{})", op));
  else
    say_answer(op, done.error());
}

void Session::poll(std::chrono::nanoseconds time) {
  (void)client_.poll(time);
  while (client_.next_event()) {
  }
  look_at_deadline();
}

void Session::look_at_deadline() {
  const std::int64_t seen = to_ns(client_.valid_until());
  if (seen == deadline_) return;
  deadline_ = seen;
  say(fmt::format(R"("event":"lease","valid_until":{})", seen));
}

void Session::say_end() {
  if (std::exchange(ended_, true)) return;
  const holdfast::Error* why = client_.ended();
  say(fmt::format(R"("event":"end","why":"{}")", why == nullptr ? "closed" : name_of(why->code)));
}

}  // namespace torture
