// SPDX-License-Identifier: Apache-2.0
// EventLoop: one thread that waits for file descriptors, timers and signals. Everything else in io/ reads and
// writes its own descriptors, without blocking, when it is told that it can.
//
// A turn is what was ready in one go; `end_of_turn` is called behind each. Not thread-safe. Callbacks may
// destroy any Watch or Timer, also the one that called. A loop outlives its watches and timers.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "base/instant.hpp"

namespace holdfast::io {

struct OnReady {
  std::function<void()> readable;  // again and again while there is something to read, or the end of it
  std::function<void()> writable;  // once after each want_write()
  // The other end is gone for good, and there may still be something to read; if empty, `readable`. Whatever
  // else this turn brings is told later: who closed something and then asked elsewhere expects it to be gone.
  std::function<void()> hung_up;
  // The same for a descriptor that becomes readable when something has ended, such as a pidfd.
  enum class Urgency : std::uint8_t { usual, tells_of_an_end } urgency = Urgency::usual;
};

// Ends by itself when it is destroyed. Does not own the descriptor; REQUIRES: it goes before the descriptor.
class Watch {
 public:
  Watch() = default;
  Watch(Watch&&) noexcept = default;
  Watch& operator=(Watch&& other) noexcept;
  ~Watch();

  void want_write();
  // No `readable` any more.
  void stop_reading();
  void start_reading();

 private:
  friend class EventLoop;
  struct State;
  explicit Watch(std::shared_ptr<State> state);
  void end();
  std::shared_ptr<State> state_;
};

class Timer {
 public:
  Timer() = default;
  Timer(Timer&&) noexcept = default;
  Timer& operator=(Timer&& other) noexcept;
  ~Timer();

  // One call then, or soon after; replaces an earlier one. Instant::never() disarms.
  void arm(Instant when);
  // never(): not armed.
  [[nodiscard]] Instant armed() const;

 private:
  friend class EventLoop;
  struct State;
  explicit Timer(std::shared_ptr<State> state);
  void end();
  std::shared_ptr<State> state_;
};

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  [[nodiscard]] Watch watch(int fd, OnReady on_ready);
  [[nodiscard]] Timer timer(std::function<void()> due);
  // At most once in the life of a loop. While the loop lives, these signals are blocked in its thread.
  // REQUIRES: other threads do not take them either.
  void on_signal(std::initializer_list<int> numbers, std::function<void(int)> arrived);

  // Until stop(), which takes effect at the end of its turn.
  void run(const std::function<void()>& end_of_turn);
  void stop();
  // The next turn begins at once, with whatever has happened by then.
  void hurry();

 private:
  friend class Watch;
  friend class Timer;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::io
