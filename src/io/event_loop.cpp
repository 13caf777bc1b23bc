// SPDX-License-Identifier: Apache-2.0
// A level-triggered epoll set: a watch is registered once, and a message that arrives costs no system call
// but the wait that tells of it and the read of it (docs/decisions/0003). One timerfd on boot time carries
// all timers, one signalfd all signals.
#include "io/event_loop.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "io/clock.hpp"
#include "io/fd.hpp"

namespace holdfast::io {
namespace {

constexpr int events_per_turn_max = 64;

}  // namespace

// What of a watch the loop may meet again in the turn in which it ends; see EventLoop::State::retired.
struct Watch::State {
  State(EventLoop::State& l, int f, OnReady ready) : loop(l), fd(f), on_ready(std::move(ready)) {}
  void happened(std::uint32_t events);
  [[nodiscard]] bool tells_of_an_end(std::uint32_t events) const {
    return (events & EPOLLHUP) != 0 || on_ready.urgency == OnReady::Urgency::tells_of_an_end;
  }
  [[nodiscard]] std::uint32_t wanted() const {
    return (reading ? EPOLLIN : 0U) | (write_wanted ? EPOLLOUT : 0U);
  }

  EventLoop::State& loop;
  int fd;
  OnReady on_ready;
  std::uint32_t registered = 0;  // 0: not in the set, which would go on telling of an error or a hang-up
  bool ended = false;
  bool reading = true;
  bool write_wanted = false;
};

struct Timer::State {
  State(EventLoop::State& l, std::function<void()> call) : loop(l), due(std::move(call)) {}

  EventLoop::State& loop;
  std::function<void()> due;
  Instant armed = Instant::never();
};

struct EventLoop::State {
  State();
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void follow(Watch::State& watch) const;
  void wait();
  void call_due();
  void arm(Timer::State& timer, Instant when);
  void set_clock();
  void listen_to(std::initializer_list<int> numbers);
  [[nodiscard]] Watch watch(int fd, OnReady on_ready);

  Fd set;
  Fd clock;
  Fd signals;
  sigset_t mask_before{};
  std::set<std::pair<Instant, Timer::State*>> armed;
  Instant clock_set = Instant::never();
  std::vector<std::shared_ptr<void>> retired;  // kept to the end of the turn, for whoever is being called
  Watch clock_watch, signal_watch;
  bool running = false;
  bool hurried = false;
};

// ---- watches --------------------------------------------------------------------------------------------

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
  state_->reading = state_->write_wanted = false;
  state_->loop.follow(*state_);
  EventLoop::State& loop = state_->loop;
  loop.retired.push_back(std::move(state_));
}

void Watch::want_write() {
  HF_ASSERT(state_ != nullptr);
  state_->write_wanted = true;
  state_->loop.follow(*state_);
}

void Watch::stop_reading() {
  HF_ASSERT(state_ != nullptr);
  state_->reading = false;
  state_->loop.follow(*state_);
}

void Watch::start_reading() {
  HF_ASSERT(state_ != nullptr);
  state_->reading = true;
  state_->loop.follow(*state_);
}

// An error or a hang-up shows by reading or by writing.
void Watch::State::happened(std::uint32_t events) {
  constexpr std::uint32_t broken = EPOLLERR | EPOLLHUP;
  if (reading && (events & EPOLLHUP) != 0 && on_ready.hung_up)
    on_ready.hung_up();
  else if (reading && (events & (EPOLLIN | broken)) != 0)
    on_ready.readable();
  if ((events & (EPOLLOUT | broken)) == 0 || !write_wanted) return;
  write_wanted = false;
  on_ready.writable();
  if (!ended) loop.follow(*this);
}

void EventLoop::State::follow(Watch::State& watch) const {
  const std::uint32_t wanted = watch.wanted();
  if (wanted == watch.registered) return;
  epoll_event event{.events = wanted, .data = {.ptr = &watch}};
  const int operation = wanted == 0 ? EPOLL_CTL_DEL : watch.registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  HF_ASSERT(::epoll_ctl(set.get(), operation, watch.fd, &event) == 0);
  watch.registered = wanted;
}

// ---- timers ---------------------------------------------------------------------------------------------

Timer::Timer(std::shared_ptr<State> state) : state_(std::move(state)) {}
Timer::~Timer() { end(); }

Timer& Timer::operator=(Timer&& other) noexcept {
  if (this == &other) return *this;
  end();
  state_ = std::move(other.state_);
  return *this;
}

void Timer::end() {
  if (!state_) return;
  arm(Instant::never());
  EventLoop::State& loop = state_->loop;
  loop.retired.push_back(std::move(state_));
}

void Timer::arm(Instant when) {
  HF_ASSERT(state_ != nullptr);
  state_->loop.arm(*state_, when);
}

Instant Timer::armed() const { return state_ ? state_->armed : Instant::never(); }

void EventLoop::State::arm(Timer::State& timer, Instant when) {
  if (when == timer.armed) return;
  if (timer.armed != Instant::never()) armed.erase({timer.armed, &timer});
  timer.armed = when;
  if (when != Instant::never()) armed.emplace(when, &timer);
  set_clock();
}

// A clock that is set too early is left alone: a look for nothing costs less than setting it each time.
void EventLoop::State::set_clock() {
  if (armed.empty() || armed.begin()->first >= clock_set) return;
  clock_set = armed.begin()->first;
  // Zero would disarm it: a time that is over anyhow becomes the first moment after boot.
  const auto since_boot = std::max(clock_set.since_boot(), Duration{1});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
  const itimerspec time{.it_interval = {},
                        .it_value = {.tv_sec = seconds.count(), .tv_nsec = (since_boot - seconds).count()}};
  HF_ASSERT(::timerfd_settime(clock.get(), TFD_TIMER_ABSTIME, &time, nullptr) == 0);
}

void EventLoop::State::call_due() {
  std::uint64_t expirations = 0;
  [[maybe_unused]] const ssize_t read = ::read(clock.get(), &expirations, sizeof expirations);
  clock_set = Instant::never();
  const Instant now = boot_now();
  while (!armed.empty() && armed.begin()->first <= now) {
    Timer::State* timer = armed.begin()->second;
    armed.erase(armed.begin());
    timer->armed = Instant::never();
    timer->due();
  }
  set_clock();
}

// ---- the loop -------------------------------------------------------------------------------------------

EventLoop::State::State()
    : set(::epoll_create1(EPOLL_CLOEXEC)), clock(::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)) {
  HF_ASSERT(set && clock);
  clock_watch = watch(clock.get(), {.readable = [this] { call_due(); }});
}

EventLoop::State::~State() {
  if (signals) ::pthread_sigmask(SIG_SETMASK, &mask_before, nullptr);
}

Watch EventLoop::State::watch(int fd, OnReady on_ready) {
  auto state = std::make_shared<Watch::State>(*this, fd, std::move(on_ready));
  follow(*state);
  return Watch(std::move(state));
}

void EventLoop::State::wait() {
  std::array<epoll_event, events_per_turn_max> events;
  const int timeout = std::exchange(hurried, false) ? 0 : -1;
  const int count = ::epoll_wait(set.get(), events.data(), events_per_turn_max, timeout);
  HF_ASSERT(count >= 0 || errno == EINTR);
  const std::span<const epoll_event> ready(events.data(), static_cast<std::size_t>(std::max(count, 0)));
  for (const bool ends : {true, false})
    for (const epoll_event& event : ready) {
      auto* watch = static_cast<Watch::State*>(event.data.ptr);
      if (!watch->ended && watch->tells_of_an_end(event.events) == ends) watch->happened(event.events);
    }
}

EventLoop::EventLoop() : state_(std::make_unique<State>()) {}
EventLoop::~EventLoop() = default;

Watch EventLoop::watch(int fd, OnReady on_ready) { return state_->watch(fd, std::move(on_ready)); }

Timer EventLoop::timer(std::function<void()> due) {
  return Timer(std::make_shared<Timer::State>(*state_, std::move(due)));
}

void EventLoop::on_signal(std::initializer_list<int> numbers, std::function<void(int)> arrived) {
  HF_ASSERT(!state_->signals);
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int number : numbers) ::sigaddset(&wanted, number);
  ::pthread_sigmask(SIG_BLOCK, &wanted, &state_->mask_before);
  state_->signals = Fd(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
  HF_ASSERT(state_->signals);
  const auto read_all = [fd = state_->signals.get(), call = std::move(arrived)] {
    signalfd_siginfo info;
    while (::read(fd, &info, sizeof info) == sizeof info) call(static_cast<int>(info.ssi_signo));
  };
  state_->signal_watch = state_->watch(state_->signals.get(), {.readable = read_all});
}

void EventLoop::run(const std::function<void()>& end_of_turn) {
  for (state_->running = true; state_->running;) {
    state_->wait();
    end_of_turn();
    // What goes away here may end more of its kind.
    if (!state_->retired.empty()) (void)std::exchange(state_->retired, {});
  }
}

void EventLoop::stop() { state_->running = false; }

void EventLoop::hurry() { state_->hurried = true; }

}  // namespace holdfast::io
