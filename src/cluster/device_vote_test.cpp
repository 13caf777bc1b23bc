// SPDX-License-Identifier: Apache-2.0
// When the vote of a quorum device counts; the last test lets a device, two quorum services and a cut cable run at all
// the speeds that they may have, and looks for two sides that go on.
#include "cluster/device_vote.hpp"

#include <gtest/gtest.h>

#include <iostream>

#include "base/prng.hpp"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

constexpr DeviceTimes times{.timeout = 1000ms, .sync_timeout = 2000ms, .ring_break = 500ms, .gap_max = 500ms};
constexpr Ring together{.node = NodeId{1}, .sequence = 4};
constexpr Ring alone{.node = NodeId{1}, .sequence = 8};

enum class Whole : std::uint8_t { no, yes };

class Node {
 public:
  Node() { vote_.set(times); }
  // Polls as it should, for so long.
  void poll(Duration time, DeviceSays says, Ring ring, Whole whole) {
    for (const Instant end = now_ + time; now_ < end; now_ = now_ + 100ms) one(says, ring, whole);
  }
  void one(DeviceSays says, Ring ring, Whole whole) {
    vote_.on_poll(now_, {.says = says, .ring = ring, .whole = whole == Whole::yes});
  }
  void pause(Duration time) { now_ = now_ + time; }
  // With all others, for as long as it takes.
  void settle() { poll(times.settling() + 100ms, DeviceSays::stands, together, Whole::yes); }
  [[nodiscard]] bool counts() const { return vote_.counts(); }
  [[nodiscard]] bool is_settled(Ring ring) const { return vote_.is_settled(now_, ring); }
  void forget() { vote_.forget(); }

 private:
  DeviceVote vote_;
  Instant now_{1000s};
};

TEST(DeviceVote, the_settling_time_is_longer_than_an_old_answer_can_live) {
  EXPECT_EQ(times.settling(), 2000ms + 2 * 1000ms + 500ms + 500ms);
  EXPECT_EQ((DeviceTimes{.timeout = 100ms}).blind(), 2s) << "heartbeats of the device are a second apart at least";
}

TEST(DeviceVote, it_counts_when_it_has_stood_with_all_together_for_the_settling_time) {
  Node n;
  n.poll(times.settling(), DeviceSays::stands, together, Whole::yes);
  EXPECT_FALSE(n.counts());
  n.one(DeviceSays::stands, together, Whole::yes);
  EXPECT_TRUE(n.counts());
  EXPECT_TRUE(n.is_settled(together));
  EXPECT_FALSE(n.is_settled(alone)) << "of that nobody has asked yet";
  n.pause(times.gap_max + 1ms);
  EXPECT_FALSE(n.is_settled(together));
}

TEST(DeviceVote, who_was_never_with_all_others_is_behind_whomever_the_device_chooses) {
  Node n;
  n.poll(60s, DeviceSays::stands, alone, Whole::no);
  EXPECT_FALSE(n.counts());
  EXPECT_FALSE(n.is_settled(alone));
}

TEST(DeviceVote, alone_it_counts_for_the_lease_at_once_and_for_a_view_when_it_is_settled) {
  Node n;
  n.settle();
  n.poll(1s, DeviceSays::waiting, together, Whole::no);
  EXPECT_TRUE(n.counts());
  EXPECT_FALSE(n.is_settled(alone));
  n.poll(times.settling(), DeviceSays::stands, alone, Whole::no);
  EXPECT_TRUE(n.counts());
  EXPECT_FALSE(n.is_settled(alone));
  n.one(DeviceSays::stands, alone, Whole::no);
  EXPECT_TRUE(n.is_settled(alone));
}

TEST(DeviceVote, whoever_was_without_it_once_does_not_get_it_back_alone) {
  Node n;
  n.settle();
  n.one(DeviceSays::no, alone, Whole::no);
  EXPECT_FALSE(n.counts());
  n.poll(60s, DeviceSays::stands, alone, Whole::no);
  EXPECT_FALSE(n.counts());
  n.settle();
  EXPECT_TRUE(n.counts()) << "together with all it does";
}

TEST(DeviceVote, waiting_for_its_word_comes_to_an_end_also_if_rings_break_again_and_again) {
  Node n;
  n.settle();
  for (std::uint64_t ring = 8; ring < 14; ++ring)
    n.poll(500ms, DeviceSays::waiting, {.node = NodeId{1}, .sequence = ring}, Whole::no);
  EXPECT_FALSE(n.counts());
}

TEST(DeviceVote, after_a_pause_every_answer_is_an_old_one) {
  Node n;
  n.settle();
  n.pause(times.gap_max + 1ms);
  n.one(DeviceSays::stands, together, Whole::yes);
  EXPECT_FALSE(n.counts());
  n.settle();
  EXPECT_TRUE(n.counts());
}

TEST(DeviceVote, a_quorum_service_that_is_gone_takes_what_was_known_along) {
  Node n;
  n.settle();
  n.forget();
  EXPECT_FALSE(n.counts());
}

// ---- two sides ------------------------------------------------------------------------------------------

// One of two nodes with its quorum service, as far as it lies about the device: a word of the device that came in time
// is told until the device's next one or until the node has noticed that it cannot be reached; no word, until the
// service gives up.
struct Side {
  Instant breaks;             // when it notices that the ring has broken
  Instant word, ends;         // the device's first word for its new ring, and when that is taken for true no more
  DeviceVote vote;
  bool renews = false, goes_on = false;

  [[nodiscard]] DeviceSays says(Instant now) const {
    if (now < breaks) return DeviceSays::stands;
    const Instant gives_up = breaks + times.sync_timeout;
    if (now < word) return now < gives_up ? DeviceSays::waiting : DeviceSays::no;
    return now < ends ? DeviceSays::stands : DeviceSays::no;
  }
  void poll(Instant now) {
    look(now);
    const Ring ring = now < breaks ? together : alone;
    vote.on_poll(now, {.says = says(now), .ring = ring, .whole = now < breaks});
    renews = vote.counts();
    look(now);
  }
  // What an announcement of this moment would say.
  void look(Instant now) {
    if (now >= breaks && vote.is_settled(now, alone)) goes_on = true;
  }
};

TEST(DeviceVote, of_two_sides_never_both_go_on_and_the_other_renews_no_lease_any_more) {
  int one = 0, none = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    Prng prng(seed);
    const auto up_to = [&](Duration most) {
      return Duration(static_cast<std::int64_t>(prng.below(static_cast<std::uint64_t>(most.count()) + 1)));
    };
    const Instant cut{100s};
    Side a, b;
    a.vote.set(times);
    b.vote.set(times);
    a.breaks = cut + up_to(times.ring_break);
    b.breaks = cut + up_to(times.ring_break);
    // The device chooses one of them at first, and may think better of it. Nobody hears of it at once.
    Side& first = prng.chance(50) ? a : b;
    Side& second = &first == &a ? b : a;
    first.word = first.breaks + up_to(times.sync_timeout * 3 / 2);
    const Instant change = first.word + up_to(12s);
    first.ends = change + up_to(times.blind());
    second.word = std::max(second.breaks, change);
    second.ends = Instant::never();
    if (prng.chance(30)) first.ends = second.word = Instant::never();
    Instant next_a{80s}, next_b{80s};
    for (Instant now{80s}; now < Instant{140s}; now = std::min(next_a, next_b)) {
      if (now == next_a) a.poll(now), next_a = now + 50ms + up_to(times.gap_max - 50ms);
      if (now == next_b) b.poll(now), next_b = now + 50ms + up_to(times.gap_max - 50ms);
      ASSERT_FALSE(a.goes_on && b.goes_on) << "seed " << seed;
      ASSERT_FALSE(a.goes_on && b.renews) << "seed " << seed << ": the lost node would be waited for too short";
      ASSERT_FALSE(b.goes_on && a.renews) << "seed " << seed << ": the lost node would be waited for too short";
    }
    ++(a.goes_on || b.goes_on ? one : none);
  }
  EXPECT_GT(one, 500);
  EXPECT_GT(none, 100);
  std::cout << "report: a quorum device chose, and changed its mind, in 2000 cuts: one side went on in " << one
            << ", none in " << none << ", both in 0\n";
}

}  // namespace
}  // namespace holdfast::cluster
