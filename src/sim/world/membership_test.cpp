// SPDX-License-Identifier: Apache-2.0
// What the membership service of the simulated world tells whom.
#include "sim/world/membership.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::sim {
namespace {

using std::chrono::milliseconds;

struct Nobody final : ClientEvents {
  void on_event(std::size_t, const session::Event&) override {}
};

struct Cluster {
  explicit Cluster(std::uint32_t nodes)
      : world({.machines = nodes, .latency = Latency::steady, .membership = Membership::manual},
              nobody),
        membership(world, 1, {}) {
    run(milliseconds(100));
  }
  void run(Duration by) {
    for (const Duration end = world.now() + by; world.now() < end;) {
      membership.look();
      EXPECT_TRUE(world.pass(milliseconds(1)).has_value());
    }
  }
  [[nodiscard]] std::uint64_t epoch_at(std::uint32_t node) {
    return world.machine(NodeId{node})->node->view().epoch.value();
  }
  void cut_off(std::uint32_t node) {
    for (const Machine& other : world.machines()) {
      if (other.id == NodeId{node}) continue;
      world.block(NodeId{node}, other.id);
      world.block(other.id, NodeId{node});
    }
  }

  Nobody nobody;
  World world;
  MembershipService membership;
};

TEST(MembershipService, all_hear_of_the_first_view) {
  Cluster cluster(3);
  EXPECT_EQ(cluster.epoch_at(1), 1U);
  EXPECT_EQ(cluster.epoch_at(3), 1U);
  EXPECT_EQ(cluster.membership.view().configured_votes, 3U);
}

TEST(MembershipService, a_side_with_the_majority_goes_on_and_the_other_hears_nothing) {
  Cluster cluster(3);
  cluster.cut_off(3);
  cluster.run(milliseconds(800));
  EXPECT_EQ(cluster.epoch_at(1), 2U);
  EXPECT_FALSE(cluster.membership.view().has(NodeId{3}));
  EXPECT_EQ(cluster.membership.view().configured_votes, 3U);
  EXPECT_EQ(cluster.epoch_at(3), 1U);
}

TEST(MembershipService, half_is_no_majority) {
  Cluster cluster(2);
  cluster.cut_off(2);
  cluster.run(milliseconds(2000));
  EXPECT_EQ(cluster.membership.view().epoch.value(), 1U);
}

TEST(MembershipService, who_was_left_out_comes_back_as_another_incarnation) {
  Cluster cluster(3);
  cluster.cut_off(3);
  cluster.run(milliseconds(800));
  cluster.world.heal();
  cluster.run(milliseconds(2000));
  const Member* back = cluster.membership.view().find(NodeId{3});
  ASSERT_NE(back, nullptr);
  EXPECT_EQ(back->incarnation.value(), 2U);
  EXPECT_EQ(cluster.epoch_at(3), cluster.membership.view().epoch.value());
}

TEST(MembershipService, a_late_node_may_never_hear_of_a_view_that_was_overtaken) {
  Cluster cluster(4);
  cluster.membership.be_late(NodeId{1}, milliseconds(5000));
  cluster.world.crash(NodeId{4});
  cluster.run(milliseconds(1000));
  ASSERT_EQ(cluster.epoch_at(2), 2U);
  EXPECT_EQ(cluster.epoch_at(1), 1U);
  cluster.membership.see_clearly(NodeId{1});
  cluster.world.start(NodeId{4});
  cluster.run(milliseconds(1000));
  EXPECT_EQ(cluster.epoch_at(1), 3U);
}

TEST(MembershipService, it_can_be_wrong_about_the_living_and_the_dead) {
  Cluster cluster(4);
  cluster.membership.take_for_dead(NodeId{2});
  cluster.membership.take_for_alive(NodeId{3});
  cluster.world.crash(NodeId{3});
  cluster.run(milliseconds(1000));
  EXPECT_FALSE(cluster.membership.view().has(NodeId{2}));
  EXPECT_TRUE(cluster.membership.view().has(NodeId{3}));
}

}  // namespace
}  // namespace holdfast::sim
