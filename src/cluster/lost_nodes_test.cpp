// SPDX-License-Identifier: Apache-2.0
// LostNodes: how long the locks of a lost node are still respected, and who may shorten that; and Barrier,
// which the homes wait at meanwhile.
#include "cluster/lost_nodes.hpp"

#include <gtest/gtest.h>

#include "cluster/barrier.hpp"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

constexpr NodeId n1{1};
constexpr NodeId n2{2};
constexpr Incarnation life{10};
constexpr Incarnation next_life{11};
constexpr Instant at(Duration since) { return Instant(since); }

TEST(LostNodes, the_wait_has_a_margin_for_drift) { EXPECT_EQ(LostNodes::wait_for(3000ms), 3030ms); }

TEST(LostNodes, nobody_waits_for_nobody) {
  LostNodes lost;
  EXPECT_FALSE(lost.waiting(at(0s)));
  EXPECT_EQ(lost.next(), Instant::never());
  EXPECT_TRUE(lost.take_over_due(at(1000s)).empty());
}

TEST(LostNodes, are_due_when_their_wait_is_over) {
  LostNodes lost;
  lost.note(n1, life, at(5s));
  lost.note(n2, life, at(7s));
  EXPECT_EQ(lost.next(), at(5s));
  EXPECT_TRUE(lost.take_over_due(at(5s) - 1ns).empty());
  EXPECT_EQ(lost.take_over_due(at(5s)), (std::vector<LostNodes::Lost>{{n1, life, at(5s)}}));
  EXPECT_TRUE(lost.waiting(at(5s)));
  EXPECT_EQ(lost.take_over_due(at(9s)), (std::vector<LostNodes::Lost>{{n2, life, at(7s)}}));
  EXPECT_FALSE(lost.waiting(at(9s)));
}

TEST(LostNodes, knowledge_never_shortens_a_wait) {
  LostNodes lost;
  lost.note(n1, life, at(5s));
  lost.note(n1, life, at(3s));
  EXPECT_EQ(lost.next(), at(5s));
  lost.note(n1, life, at(8s));
  EXPECT_EQ(lost.next(), at(8s));
}

TEST(LostNodes, a_confirmation_ends_the_wait_for_good) {
  LostNodes lost;
  lost.note(n1, life, at(5s));
  EXPECT_TRUE(lost.confirm(n1, life));
  lost.note(n1, life, at(9s));  // a late report of a peer
  EXPECT_FALSE(lost.waiting(at(0s)));
  EXPECT_EQ(lost.take_over_due(at(0s)).size(), 1U);
}

TEST(LostNodes, a_confirmation_is_for_one_life) {
  LostNodes lost;
  lost.note(n1, life, at(5s));
  EXPECT_FALSE(lost.confirm(n1, next_life));
  EXPECT_FALSE(lost.confirm(n2, Incarnation{}));
  EXPECT_TRUE(lost.waiting(at(0s)));
  EXPECT_TRUE(lost.confirm(n1, Incarnation{})) << "no life named: whichever was lost";
  lost.note(n1, next_life, at(20s));
  EXPECT_TRUE(lost.waiting(at(0s))) << "the next life was not confirmed";
}

TEST(LostNodes, report_what_is_left_and_never_less_than_nothing) {
  LostNodes lost;
  lost.note(n1, life, at(5s));
  lost.note(n2, life, at(1s));
  const auto report = lost.report(at(2s));
  ASSERT_EQ(report.size(), 2U);
  EXPECT_EQ(report[0].node, n1);
  EXPECT_EQ(report[0].left, 3s);
  EXPECT_EQ(report[1].left, 0s);
}

View three_members(Epoch epoch) {
  return {.epoch = epoch, .members = {{.node = n1}, {.node = n2}, {.node = NodeId{3}}}, .configured_votes = 0};
}

TEST(Barrier, opens_when_the_last_member_is_done) {
  Barrier barrier;
  EXPECT_EQ(barrier.phase(), HomePhase::closed);
  barrier.begin(three_members(Epoch{4}));
  EXPECT_EQ(barrier.phase(), HomePhase::collecting);
  EXPECT_FALSE(barrier.done(n2, Epoch{4}));
  EXPECT_FALSE(barrier.done(n2, Epoch{4}));
  EXPECT_FALSE(barrier.done(n1, Epoch{4}));
  EXPECT_EQ(barrier.missing(), std::vector<NodeId>{NodeId{3}});
  EXPECT_TRUE(barrier.done(NodeId{3}, Epoch{4}));
  EXPECT_EQ(barrier.phase(), HomePhase::open);
  EXPECT_FALSE(barrier.done(NodeId{3}, Epoch{4})) << "it opens once";
}

TEST(Barrier, starts_again_with_every_view) {
  Barrier barrier;
  barrier.begin(three_members(Epoch{4}));
  EXPECT_FALSE(barrier.done(n1, Epoch{4}));
  EXPECT_FALSE(barrier.done(n2, Epoch{4}));
  barrier.begin(three_members(Epoch{5}));
  EXPECT_FALSE(barrier.done(NodeId{3}, Epoch{4})) << "that was said of the older view";
  EXPECT_EQ(barrier.missing().size(), 3U);
  EXPECT_EQ(barrier.epoch(), Epoch{5});
}

}  // namespace
}  // namespace holdfast::cluster
