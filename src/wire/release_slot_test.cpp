// SPDX-License-Identifier: Apache-2.0
#include "wire/release_slot.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace holdfast::wire {
namespace {

constexpr ClaimId a{7};
constexpr ClaimId b{8};

TEST(ReleaseSlot, holds_one_release_for_whoever_comes_first) {
  ReleaseSlot slot;
  EXPECT_TRUE(slot.put(a));
  EXPECT_FALSE(slot.put(b)) << "it is full";
  EXPECT_EQ(slot.take(), a);
  EXPECT_EQ(slot.take(), ClaimId{});
  EXPECT_TRUE(slot.put(b));
  EXPECT_EQ(slot.take(), b);
  EXPECT_TRUE(slot.put(a)) << "looking changes nothing";
}

TEST(ReleaseSlot, after_a_recall_releases_are_sent_until_it_is_allowed_again) {
  ReleaseSlot slot;
  EXPECT_TRUE(slot.put(a));
  EXPECT_EQ(slot.recall(), a);
  EXPECT_EQ(slot.recall(), ClaimId{});
  EXPECT_FALSE(slot.put(b));
  EXPECT_EQ(slot.take(), ClaimId{});
  EXPECT_EQ(slot.take(), ClaimId{});
  EXPECT_FALSE(slot.put(b)) << "looking does not end the recall";
  slot.allow();
  EXPECT_TRUE(slot.put(b));
}

// Both sides at once, many times: every release is got by one of them, none by both.
TEST(ReleaseSlot, no_release_is_lost_or_got_twice) {
  constexpr std::uint64_t count = 200'000;
  ReleaseSlot slot;
  std::uint64_t recalled = 0;
  std::atomic<bool> done = false;
  std::thread daemon([&] {
    while (!done) {
      recalled += slot.recall().value();
      slot.allow();
    }
    recalled += slot.take().value();
  });
  std::uint64_t sent = 0;
  for (std::uint64_t i = 1; i <= count; ++i) {
    if (!slot.put(ClaimId{i})) sent += i;
    if (i % 3 == 0) sent += slot.take().value();
  }
  done = true;
  daemon.join();
  EXPECT_EQ(sent + recalled, count * (count + 1) / 2);
}

}  // namespace
}  // namespace holdfast::wire
