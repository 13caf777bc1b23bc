// SPDX-License-Identifier: Apache-2.0
#include "io/event_loop.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <memory>

#include "io/fd.hpp"
#include "io/temporary_dir_test.hpp"

namespace holdfast::io {
namespace {

struct Pair {
  Pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ours = Fd(ends[0]);
    theirs = Fd(ends[1]);
  }
  Fd ours, theirs;
};

TEST(EventLoop, tells_again_while_there_is_something_to_read) {
  EventLoop loop;
  Pair pair;
  ASSERT_EQ(::write(pair.theirs.get(), "abc", 3), 3);
  std::string got;
  const Watch watch = loop.watch(pair.ours.get(), {.readable = [&] {
    char c = 0;
    ASSERT_EQ(::read(pair.ours.get(), &c, 1), 1);
    got += c;
  }});
  run_until(loop, [&] { return got == "abc"; });
}

TEST(EventLoop, in_a_hurry_it_takes_the_next_turn_at_once) {
  EventLoop loop;
  int turns = 0;
  loop.hurry();
  loop.run([&] {
    if (++turns == 3) return loop.stop();
    loop.hurry();
  });
  EXPECT_EQ(turns, 3);
}

TEST(EventLoop, reading_can_be_stopped_and_started) {
  EventLoop loop;
  Pair pair;
  ASSERT_EQ(::write(pair.theirs.get(), "a", 1), 1);
  int told = 0;
  Watch watch = loop.watch(pair.ours.get(), {.readable = [&] { ++told; }});
  watch.stop_reading();
  Timer timer = loop.timer([&] {
    EXPECT_EQ(told, 0);
    watch.start_reading();
  });
  timer.arm(boot_now());
  run_until(loop, [&] { return told > 0; });
}

TEST(EventLoop, tells_of_what_has_ended_before_anything_else_of_the_turn) {
  EventLoop loop;
  Pair asks, ends;
  std::string told;
  const Watch first = loop.watch(asks.ours.get(), {.readable = [&] {
    char c = 0;
    ASSERT_EQ(::read(asks.ours.get(), &c, 1), 1);
    told += "asked ";
  }});
  Watch second;
  second = loop.watch(ends.ours.get(), {.readable = [&] { told += "readable "; }, .hung_up = [&] {
    told += "ended ";
    second = Watch();
  }});
  ASSERT_EQ(::write(asks.theirs.get(), "a", 1), 1);
  ASSERT_EQ(::write(ends.theirs.get(), "last words", 10), 10);
  ends.theirs = Fd();
  run_until(loop, [&] { return told.size() >= 12; });
  EXPECT_EQ(told, "ended asked ");
}

TEST(EventLoop, tells_of_room_to_write_once_for_each_asking) {
  EventLoop loop;
  Pair pair;
  int told = 0;
  Watch watch = loop.watch(pair.ours.get(), {.readable = [] {}, .writable = [&] { ++told; }});
  watch.want_write();
  watch.want_write();
  run_until(loop, [&] { return told == 1; });
  watch.want_write();
  run_until(loop, [&] { return told == 2; });
}

TEST(EventLoop, a_watch_may_end_within_its_own_call) {
  EventLoop loop;
  Pair pair;
  ASSERT_EQ(::write(pair.theirs.get(), "a", 1), 1);
  auto watch = std::make_unique<Watch>();
  int told = 0;
  *watch = loop.watch(pair.ours.get(), {.readable = [&] {
    ++told;
    watch.reset();
    pair.ours.reset();
  }});
  run_until(loop, [&] { return told == 1; });
}

TEST(EventLoop, who_was_ended_by_another_of_its_turn_is_not_called) {
  EventLoop loop;
  std::array<Pair, 2> pairs;
  std::array<Watch, 2> watches;
  int told = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(::write(pairs[i].theirs.get(), "a", 1), 1);
    watches[i] = loop.watch(pairs[i].ours.get(), {.readable = [&, i] {
      ++told;
      watches[i] = Watch();
      watches[1 - i] = Watch();
    }});
  }
  run_until(loop, [&] { return told > 0; });
  EXPECT_EQ(told, 1);
}

TEST(EventLoop, a_hang_up_that_nobody_wants_to_hear_of_wakes_nobody) {
  EventLoop loop;
  Pair deaf;
  int turns = 0;
  Watch watch = loop.watch(deaf.ours.get(), {.readable = [] { FAIL() << "reading was stopped"; }});
  watch.stop_reading();
  deaf.theirs.reset();
  Timer later = loop.timer([&] { loop.stop(); });
  later.arm(boot_now() + std::chrono::milliseconds(30));
  loop.run([&] { ++turns; });
  EXPECT_EQ(turns, 1);
}

TEST(EventLoop, a_hang_up_is_told_to_who_wants_to_write) {
  EventLoop loop;
  Pair pair;
  int told = 0;
  Watch watch = loop.watch(pair.ours.get(), {.readable = [] {}, .writable = [&] { ++told; }});
  watch.stop_reading();
  pair.theirs.reset();
  watch.want_write();
  run_until(loop, [&] { return told == 1; });
}

TEST(EventLoop, a_timer_comes_once_and_never_early) {
  EventLoop loop;
  std::vector<int> order;
  const Instant start = boot_now();
  Timer second = loop.timer([&] { order.push_back(2); });
  Timer first = loop.timer([&] { order.push_back(1); });
  Timer disarmed = loop.timer([&] { order.push_back(3); });
  second.arm(start + std::chrono::milliseconds(20));
  first.arm(start + std::chrono::hours(1));
  first.arm(start + std::chrono::milliseconds(10));
  disarmed.arm(start + std::chrono::milliseconds(5));
  disarmed.arm(Instant::never());
  run_until(loop, [&] { return order.size() == 2; });
  EXPECT_EQ(order, (std::vector{1, 2}));
  EXPECT_GE(boot_now(), start + std::chrono::milliseconds(20));
  EXPECT_EQ(first.armed(), Instant::never());
}

TEST(EventLoop, a_signal_is_an_event_like_others) {
  EventLoop loop;
  int arrived = 0;
  loop.on_signal({SIGUSR1}, [&](int number) { arrived = number; });
  ::raise(SIGUSR1);
  run_until(loop, [&] { return arrived == SIGUSR1; });
}

}  // namespace
}  // namespace holdfast::io
