// SPDX-License-Identifier: Apache-2.0
// Leases: which answers are enough to be valid, with all the ways to count votes (design section 6).
#include "cluster/leases.hpp"

#include <gtest/gtest.h>

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

constexpr NodeId n1{1}, n2{2}, n3{3};
constexpr Incarnation life{10};
constexpr Instant at(Duration since) { return Instant(since); }

View view_of(std::initializer_list<NodeId> nodes, std::uint32_t configured) {
  View view{.epoch = Epoch{1}, .members = {}, .configured_votes = configured};
  for (const NodeId node : nodes) view.members.push_back({.node = node, .incarnation = life, .address = {}});
  return view;
}

Leases leases_of(const View& view, NodeId self = n1) {
  Leases leases;
  leases.take_view(view, self);
  return leases;
}

TEST(Leases, a_node_alone_agrees_with_itself_now) {
  EXPECT_EQ(leases_of(view_of({n1}, 1)).agreed(at(7s)), at(7s));
}

TEST(Leases, a_node_of_three_needs_one_answer_and_the_sending_counts) {
  Leases leases = leases_of(view_of({n1, n2, n3}, 3));
  EXPECT_EQ(leases.agreed(at(7s)), std::nullopt);
  leases.answered(n2, life, at(5s));
  EXPECT_EQ(leases.agreed(at(7s)), at(5s));
  leases.answered(n3, life, at(6s));
  EXPECT_EQ(leases.agreed(at(7s)), at(6s));
}

TEST(Leases, a_late_answer_to_an_early_heartbeat_takes_nothing_back) {
  Leases leases = leases_of(view_of({n1, n2, n3}, 3));
  leases.answered(n2, life, at(6s));
  leases.answered(n2, life, at(5s));
  EXPECT_EQ(leases.agreed(at(7s)), at(6s));
}

TEST(Leases, configured_votes_count_those_that_are_not_there) {
  Leases leases = leases_of(view_of({n1, n2}, 5));
  leases.answered(n2, life, at(6s));
  EXPECT_EQ(leases.agreed(at(7s)), std::nullopt);
}

TEST(Leases, answers_of_another_life_count_for_nothing) {
  Leases leases = leases_of(view_of({n1, n2, n3}, 3));
  leases.answered(n2, Incarnation{9}, at(6s));
  EXPECT_EQ(leases.agreed(at(7s)), std::nullopt);
}

TEST(Leases, answers_of_those_who_stay_survive_a_view_and_those_of_the_others_do_not) {
  Leases leases = leases_of(view_of({n1, n2, n3}, 3));
  leases.answered(n2, life, at(6s));
  leases.take_view(view_of({n1, n2}, 3), n1);
  EXPECT_EQ(leases.agreed(at(7s)), at(6s));
  leases.take_view(view_of({n1, n3}, 3), n1);
  EXPECT_EQ(leases.agreed(at(7s)), std::nullopt);
}

TEST(Leases, votes_weigh) {
  View view = view_of({n1, n2, n3}, 5);
  view.members[2].votes = 3;
  Leases leases = leases_of(view);
  leases.answered(n2, life, at(6s));
  EXPECT_EQ(leases.agreed(at(7s)), std::nullopt);
  leases.answered(n3, life, at(4s));
  EXPECT_EQ(leases.agreed(at(7s)), at(4s));
}

TEST(Leases, of_two_nodes_the_tie_breaker_is_enough_for_itself_and_the_other_needs_it) {
  View view = view_of({n1, n2}, 2);
  view.tie_breaker = n1;
  EXPECT_EQ(leases_of(view, n1).agreed(at(7s)), at(7s));
  Leases other = leases_of(view, n2);
  EXPECT_EQ(other.agreed(at(7s)), std::nullopt);
  other.answered(n1, life, at(5s));
  EXPECT_EQ(other.agreed(at(7s)), at(5s));
}

TEST(Leases, of_two_nodes_without_tie_breaker_nobody_is_valid_alone) {
  EXPECT_EQ(leases_of(view_of({n1, n2}, 2)).agreed(at(7s)), std::nullopt);
  EXPECT_EQ(leases_of(view_of({n1}, 2)).agreed(at(7s)), std::nullopt);
}

TEST(Leases, with_a_confirmation_the_survivor_is_valid_until_another_life_of_the_dead_joins) {
  Leases leases = leases_of(view_of({n1, n2}, 2));
  EXPECT_FALSE(leases.confirm_dead(n2)) << "it is a member";
  leases.take_view(view_of({n1}, 2), n1);
  EXPECT_EQ(leases.agreed(at(7s)), std::nullopt);
  EXPECT_TRUE(leases.confirm_dead(n2));
  EXPECT_EQ(leases.agreed(at(7s)), at(7s));
  leases.take_view(view_of({n1, n2}, 2), n1);
  EXPECT_EQ(leases.agreed(at(8s)), std::nullopt);
}

TEST(Leases, among_three_the_dead_do_not_vote_for_anybody) {
  Leases leases = leases_of(view_of({n1, n2, n3}, 3));
  leases.take_view(view_of({n1}, 3), n1);
  EXPECT_TRUE(leases.confirm_dead(n2));
  EXPECT_TRUE(leases.confirm_dead(n3));
  EXPECT_EQ(leases.agreed(at(7s)), std::nullopt) << "they can come back and be a majority without us";
}

TEST(Leases, a_confirmation_counts_for_what_an_earlier_life_knew) {
  Leases leases;
  leases.remember(n2, 1);
  leases.take_view(view_of({n1}, 2), n1);
  EXPECT_TRUE(leases.confirm_dead(n2));
  EXPECT_EQ(leases.agreed(at(7s)), at(7s));
}

TEST(Leases, a_lone_node_with_a_quorum_device_is_valid_by_its_last_poll) {
  View view = view_of({n1}, 3);
  view.device_votes = 1;
  Leases leases = leases_of(view);
  EXPECT_EQ(leases.agreed(at(7s)), std::nullopt);
  leases.device_answered(at(5s));
  EXPECT_EQ(leases.agreed(at(7s)), at(5s));
}

TEST(Leases, what_was_answered_is_remembered_for_each_life) {
  Leases leases = leases_of(view_of({n1, n2}, 2));
  EXPECT_EQ(leases.answered_until(n2, life), std::nullopt);
  leases.answer(n2, life, at(9s));
  leases.answer(n2, Incarnation{11}, at(20s));
  EXPECT_EQ(leases.answered_until(n2, life), at(9s));
  EXPECT_EQ(leases.answered_until(n2, Incarnation{11}), std::nullopt);
}

}  // namespace
}  // namespace holdfast::cluster
