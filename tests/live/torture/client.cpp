// SPDX-License-Identifier: Apache-2.0
// A program that locks, converts, reads, writes and lets go at random, and takes down all of it. It looks at
// its deadline before it touches the storage; and now and then an access is still on its way when its lock has
// gone: then only the token stands between it and the storage.
//
// SIGTERM: no more chance, take every name once more in EX, then end with 0.
#include "session.hpp"
#include "storage.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <optional>
#include <random>
#include <thread>
#include <unistd.h>

namespace torture {
namespace {

using holdfast::Flag;
using holdfast::FlagSet;
using holdfast::Mode;
using std::chrono::milliseconds;

volatile std::sig_atomic_t asked_to_finish = 0;

struct Options {
  std::string socket, name, history, storage;
  std::uint64_t seed = 1;
  int names = 8;
};

class Program {
 public:
  explicit Program(const Options& options)
      : options_(options), log_(options.history), storage_(options.storage), chance_(options.seed) {}

  int run() {
    while (asked_to_finish == 0) {
      if (!connected()) continue;
      act();
      if (session_->over()) end_session();
    }
    return finish();
  }

 private:
  std::int64_t below(std::int64_t n) { return std::uniform_int_distribution<std::int64_t>(0, n - 1)(chance_); }
  bool once_in(std::int64_t n) { return below(n) == 0; }
  milliseconds some_ms(std::int64_t from, std::int64_t to) { return milliseconds(from + below(to - from + 1)); }
  std::string some_name() { return "r" + std::to_string(below(options_.names)); }
  Mode some_mode() { return holdfast::all_modes[static_cast<std::size_t>(below(holdfast::mode_count))]; }

  bool connected() {
    if (session_ != nullptr) return true;
    session_ = Session::open(log_, options_.name + "." + std::to_string(++sessions_), options_.socket);
    // The daemon is being restarted: between two questions, not instead of one.
    if (session_ == nullptr) std::this_thread::sleep_for(milliseconds(50));
    return session_ != nullptr;
  }

  // What it held is still its own until the deadline, if the daemon just went away.
  void end_session() {
    session_->poll(milliseconds(0));
    session_->say_end();
    while (std::ranges::any_of(held_, [](const auto& held) { return held->lock.held(); })) {
      touch(*held_[static_cast<std::size_t>(below(static_cast<std::int64_t>(held_.size())))]);
      std::this_thread::sleep_for(some_ms(1, 30));
    }
    if (!held_.empty() && once_in(2)) late_ = access_with(*held_.front());
    held_.clear();
    session_.reset();
  }

  // ---- chance ----
  void act() {
    const std::int64_t dice = below(100);
    if (held_.empty() || (held_.size() < 2 && dice < 25)) {
      lock();
    } else {
      const auto which = static_cast<std::size_t>(below(static_cast<std::int64_t>(held_.size())));
      Held& held = *held_[which];
      if (dice < 50)
        touch(held);
      else if (dice < 70 && !held.fate->wanted)
        convert(held);
      else if (dice < 95 || held.fate->wanted)
        release(which);
    }
    session_->poll(some_ms(0, 40));
    if (late_ && once_in(10)) arrive_late();
  }

  void lock() {
    Wish wish{.name = some_name(), .mode = some_mode(), .wait_max = some_ms(20, 2000), .read = once_in(2)};
    // Two at a time are taken in the order of their names, so that nobody waits in a circle.
    if (!held_.empty() && wish.name <= held_.back()->name) return;
    if (once_in(5)) wish.flags.set(Flag::noqueue);
    if (once_in(25)) wish.flags.set(once_in(2) ? Flag::noorder : Flag::headque);
    if (once_in(25)) wish.flags.set(once_in(2) ? Flag::altpr : Flag::altcw);
    if (auto held = session_->lock(wish)) held_.push_back(std::move(held));
  }

  // Looks first. Now and then it loses time between the look and the access.
  void touch(Held& held) {
    session_->look_at_deadline();
    if (!held.lock.held()) {
      late_ = access_with(held);
      return;
    }
    if (once_in(20)) std::this_thread::sleep_for(some_ms(1, 50));
    access(held);
  }
  // An access that was on its way when its lock went: the storage sees it some time later.
  struct Late {
    std::string name;
    Access access;
  };
  std::optional<Late> access_with(const Held& held) {
    const Mode mode = held.lock.mode();
    if (mode == Mode::NL) return std::nullopt;
    return Late{held.name, {session_->name(), held.id(), mode, held.lock.token()}};
  }
  void access(const Held& held) {
    if (const auto now = access_with(held)) (void)storage_.access(now->name, now->access);
  }
  void arrive_late() {
    (void)storage_.access(late_->name, late_->access);
    late_.reset();
  }

  void convert(Held& held) {
    const Mode from = held.lock.mode();
    Change change{.mode = some_mode(), .wait_max = some_ms(20, 1000)};
    const holdfast::ValueMove move = value_move(from, change.mode);
    change.read = move == holdfast::ValueMove::read && once_in(2);
    change.write = move == holdfast::ValueMove::write && once_in(2);
    change.at_once = is_down_conversion(from, change.mode) && once_in(3);
    if (once_in(5)) change.flags.set(Flag::noqueue);
    else if (once_in(8)) change.flags.set(Flag::convdeadlk);
    if (queued_conversion_allowed(from, change.mode) && once_in(10)) change.flags.set(Flag::quecvt);
    (void)session_->convert(held, change);
  }

  void release(std::size_t which) {
    auto held = std::move(held_[which]);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(which));
    const bool write = writes_value(held->lock.mode()) && !once_in(3);
    if (!late_ && once_in(20)) late_ = access_with(*held);
    session_->release(std::move(held), write, once_in(3) ? Answer::unwanted : Answer::wanted);
  }

  // ---- the end ----
  int finish() {
    for (int next = 0; next < options_.names;) {
      if (!connected()) continue;
      while (!held_.empty()) release(0);
      auto held = session_->lock({.name = "r" + std::to_string(next), .mode = Mode::EX, .read = true});
      if (held != nullptr && held->lock.held()) {
        access(*held);
        ++next;
        session_->release(std::move(held), true, Answer::wanted);
      }
      session_->poll(milliseconds(0));
      if (session_->over()) end_session();
    }
    if (session_ != nullptr) session_->say_end();
    return 0;
  }

  const Options& options_;
  Log log_;
  Storage storage_;
  std::mt19937_64 chance_;
  std::unique_ptr<Session> session_;
  std::vector<std::unique_ptr<Held>> held_;  // go before their session
  std::optional<Late> late_;
  int sessions_ = 0;
};

int run_program(int argc, char** argv) {
  CLI::App app{"torture_client: locks at random and writes its history"};
  Options options;
  app.add_option("--socket", options.socket, "of the daemon")->required();
  app.add_option("--name", options.name, "of this program in the history; no other may have it")->required();
  app.add_option("--history", options.history, "file to write")->required();
  app.add_option("--storage", options.storage, "directory of what the locks protect")->required();
  app.add_option("--seed", options.seed, "of its chance");
  app.add_option("--names", options.names, "how many names there are")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  struct sigaction on_term {};
  on_term.sa_handler = [](int) { asked_to_finish = 1; };
  ::sigaction(SIGTERM, &on_term, nullptr);
  return Program(options).run();
}

}  // namespace
}  // namespace torture

int main(int argc, char** argv) { return torture::run_program(argc, argv); }
