// SPDX-License-Identifier: Apache-2.0
// Homes: every node must compute the same ones, shares follow weights, and a member that comes or goes
// moves its own share and nothing else.
#include "cluster/homes.hpp"

#include <gtest/gtest.h>

#include <map>

namespace holdfast::cluster {
namespace {

View view_of(std::initializer_list<Member> members) {
  return View{.epoch = Epoch{1}, .members = members, .configured_votes = 0};
}
Member member(std::uint32_t node, std::uint32_t weight = 1, std::uint64_t incarnation = 1) {
  return {.node = NodeId{node}, .incarnation = Incarnation{incarnation}, .weight = weight};
}
std::map<std::uint32_t, int> shares(const Homes& homes) {
  std::map<std::uint32_t, int> count;
  for (std::uint32_t slot = 0; slot < limits::slots; ++slot) ++count[homes.home(Slot{slot}).value()];
  return count;
}

TEST(Homes, nobody_is_home_before_a_view) { EXPECT_FALSE(Homes().home(Slot{0})); }

TEST(Homes, a_lone_node_is_home_of_everything) {
  EXPECT_EQ(shares(Homes(view_of({member(7)}))), (std::map<std::uint32_t, int>{{7, 4096}}));
}

TEST(Homes, equal_weights_share_equally) {
  for (const auto& [node, count] : shares(Homes(view_of({member(1), member(2), member(3), member(4)}))))
    EXPECT_NEAR(count, 1024, 120) << node;
}

TEST(Homes, shares_follow_weights) {
  auto count = shares(Homes(view_of({member(1, 1), member(2, 2), member(3, 5), member(4, 0)})));
  EXPECT_NEAR(count[1], 512, 90);
  EXPECT_NEAR(count[2], 1024, 110);
  EXPECT_NEAR(count[3], 2560, 130);
  EXPECT_EQ(count[4], 0);
}

TEST(Homes, weights_of_zero_alone_count_as_one) {
  const auto count = shares(Homes(view_of({member(1, 0), member(2, 0)})));
  EXPECT_EQ(count, shares(Homes(view_of({member(1), member(2)}))));
}

TEST(Homes, a_member_that_leaves_moves_only_its_share) {
  const Homes before(view_of({member(1), member(2), member(3)}));
  const Homes after(view_of({member(1), member(3)}));
  for (std::uint32_t slot = 0; slot < limits::slots; ++slot) {
    const bool was_lost = before.home(Slot{slot}) == NodeId{2};
    EXPECT_EQ(after.moved(Slot{slot}, before), was_lost) << slot;
  }
}

TEST(Homes, a_member_that_comes_takes_only_its_share) {
  const Homes before(view_of({member(1), member(3)}));
  const Homes after(view_of({member(1), member(2), member(3)}));
  int moved = 0;
  for (std::uint32_t slot = 0; slot < limits::slots; ++slot) {
    if (!after.moved(Slot{slot}, before)) continue;
    ++moved;
    EXPECT_EQ(after.home(Slot{slot}), NodeId{2});
  }
  EXPECT_NEAR(moved, 4096 / 3, 150);
}

TEST(Homes, the_slots_of_a_restarted_member_have_moved) {
  const Homes before(view_of({member(1), member(2, 1, 4)}));
  const Homes after(view_of({member(1), member(2, 1, 5)}));
  for (std::uint32_t slot = 0; slot < limits::slots; ++slot) {
    EXPECT_EQ(after.home(Slot{slot}), before.home(Slot{slot}));
    EXPECT_EQ(after.moved(Slot{slot}, before), after.home(Slot{slot}) == NodeId{2});
  }
}

// Nodes of two releases must agree to the last slot.
TEST(Homes, are_pinned) {
  const Homes homes(view_of({member(1), member(2, 3), member(5)}));
  std::string first;
  for (std::uint32_t slot = 0; slot < 32; ++slot) first += std::to_string(homes.home(Slot{slot}).value());
  EXPECT_EQ(first, "51222522152212221252211211251122");
  auto count = shares(homes);
  EXPECT_EQ(count[1], 815);
  EXPECT_EQ(count[2], 2470);
}

}  // namespace
}  // namespace holdfast::cluster
