// SPDX-License-Identifier: Apache-2.0
// Asio is asked for readiness only (async_wait): one such wait costs one epoll_ctl per turn of a
// connection, as async_read_some would cost one recv that fails, but all connections share one buffer and
// nothing has to outlive its read.
#include "io/event_loop.hpp"

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <utility>

#include "base/assert.hpp"
#include "io/clock.hpp"

namespace holdfast::io {

namespace asio = boost::asio;
using boost::system::error_code;
using Descriptor = asio::posix::stream_descriptor;

namespace {

struct BootClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock, duration>;
  static constexpr bool is_steady = true;
  static time_point now() { return time_point(boot_now().since_boot()); }
};

// Asio sleeps on a clock that stands still while the machine does, so it must look up now and then.
struct BootWait {
  static Duration to_wait_duration(const Duration& left) { return std::min<Duration>(left, std::chrono::seconds(1)); }
  static Duration to_wait_duration(const BootClock::time_point& when) { return to_wait_duration(when - BootClock::now()); }
};

}  // namespace

// Kept alive by the operations in flight; `ended` is how these learn that nobody wants to hear any more.
struct Watch::State {
  State(asio::io_context& context, OnReady ready) : descriptor(context), on_ready(std::move(ready)) {}

  static void wait_readable(const std::shared_ptr<State>& state) {
    state->descriptor.async_wait(Descriptor::wait_read, [state](const error_code& failed) {
      if (failed || state->ended || !state->reading) return;
      state->on_ready.readable();
      if (!state->ended && state->reading) wait_readable(state);
    });
  }
  static void wait_writable(const std::shared_ptr<State>& state) {
    state->descriptor.async_wait(Descriptor::wait_write, [state](const error_code& failed) {
      if (failed || state->ended) return;
      state->write_wanted = false;
      state->on_ready.writable();
    });
  }

  Descriptor descriptor;
  OnReady on_ready;
  bool ended = false;
  bool reading = true;
  bool write_wanted = false;
};

Watch::Watch(std::shared_ptr<State> state) : state_(std::move(state)) {}
Watch::~Watch() { end(); }

Watch& Watch::operator=(Watch&& other) noexcept {
  if (this == &other) return *this;
  end();
  state_ = std::move(other.state_);
  return *this;
}

void Watch::end() {
  if (!state_) return;
  state_->ended = true;
  state_->descriptor.release();
  state_.reset();
}

void Watch::want_write() {
  HF_ASSERT(state_ != nullptr);
  if (std::exchange(state_->write_wanted, true)) return;
  State::wait_writable(state_);
}

void Watch::stop_reading() {
  HF_ASSERT(state_ != nullptr);
  state_->reading = false;
}

struct Timer::State {
  State(asio::io_context& context, std::function<void()> call) : timer(context), due(std::move(call)) {}

  asio::basic_waitable_timer<BootClock, BootWait> timer;
  std::function<void()> due;
  Instant armed = Instant::never();
};

Timer::Timer(std::shared_ptr<State> state) : state_(std::move(state)) {}
Timer::~Timer() { end(); }

Timer& Timer::operator=(Timer&& other) noexcept {
  if (this == &other) return *this;
  end();
  state_ = std::move(other.state_);
  return *this;
}

void Timer::end() {
  if (state_) arm(Instant::never());
  state_.reset();
}

void Timer::arm(Instant when) {
  HF_ASSERT(state_ != nullptr);
  if (when == state_->armed) return;
  state_->armed = when;
  // This also ends the earlier wait; what of it is already on its way finds that `armed` has changed.
  state_->timer.expires_at(BootClock::time_point(when.since_boot()));
  if (when == Instant::never()) return;
  state_->timer.async_wait([state = state_, when](const error_code& failed) {
    if (failed || state->armed != when) return;
    state->armed = Instant::never();
    state->due();
  });
}

Instant Timer::armed() const { return state_ ? state_->armed : Instant::never(); }

struct EventLoop::State {
  // One thread: Asio needs no locks.
  State() : context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE), keep(context.get_executor()), signals(context) {}

  void wait_signal() {
    signals.async_wait([this](const error_code& failed, int number) {
      if (failed) return;
      arrived(number);
      wait_signal();
    });
  }

  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> keep;
  asio::signal_set signals;
  std::function<void(int)> arrived;
};

EventLoop::EventLoop() : state_(std::make_unique<State>()) {}
EventLoop::~EventLoop() = default;

Watch EventLoop::watch(int fd, OnReady on_ready) {
  auto state = std::make_shared<Watch::State>(state_->context, std::move(on_ready));
  error_code failed;
  state->descriptor.assign(fd, failed);
  HF_ASSERT(!failed);
  Watch::State::wait_readable(state);
  return Watch(std::move(state));
}

Timer EventLoop::timer(std::function<void()> due) {
  return Timer(std::make_shared<Timer::State>(state_->context, std::move(due)));
}

void EventLoop::on_signal(std::initializer_list<int> numbers, std::function<void(int)> arrived) {
  HF_ASSERT(!state_->arrived);
  state_->arrived = std::move(arrived);
  error_code failed;
  for (const int number : numbers) {
    state_->signals.add(number, failed);
    HF_ASSERT(!failed);
  }
  state_->wait_signal();
}

void EventLoop::run(const std::function<void()>& end_of_turn) {
  state_->context.restart();
  while (state_->context.run_one() != 0) end_of_turn();
}

void EventLoop::stop() { state_->context.stop(); }

}  // namespace holdfast::io
