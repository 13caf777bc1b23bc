// SPDX-License-Identifier: Apache-2.0
#include "cli/top_look_test.hpp"

#include <gtest/gtest.h>

namespace holdfast::cli {
namespace {

LockInfo with_token(LockInfo lock, std::uint64_t counter) {
  lock.token = {Epoch{1}, counter};
  return lock;
}

TEST(TopModel, keeps_what_somebody_waits_for_and_drops_it_when_nobody_does) {
  TopModel model;
  look(model, {resource("a", {holds(11, Mode::EX), waits(21, Mode::PR, 3s)}), resource("b", {holds(11, Mode::EX)})}, 1s);
  ASSERT_EQ(model.resources().size(), 1U);
  EXPECT_EQ(model.resources().at("a").waiters(), 1U);
  look(model, {resource("a", {holds(21, Mode::PR)}), resource("b", {holds(11, Mode::EX)})}, 2s);
  EXPECT_TRUE(model.resources().empty());
}

TEST(TopModel, counts_the_grants_that_two_looks_show) {
  TopModel model;
  look(model, {resource("a", {with_token(holds(11, Mode::PR), 5), with_token(holds(12, Mode::PR), 7)})}, 1s);
  EXPECT_TRUE(model.resources().empty()) << "one look shows no rate";
  look(model, {resource("a", {with_token(holds(11, Mode::PR), 9), with_token(holds(12, Mode::PR), 7)})}, 3s);
  EXPECT_DOUBLE_EQ(model.resources().at("a").changes, 0.5);
  look(model, {resource("a", {with_token(holds(11, Mode::PR), 9), with_token(holds(12, Mode::PR), 7)})}, 4s);
  EXPECT_TRUE(model.resources().empty()) << "nothing happened";
}

TEST(TopModel, counts_each_write_of_a_value) {
  TopModel model;
  ResourceInfo a = resource("a", {holds(11, Mode::EX)});
  a.write_number = 100;
  look(model, {a}, 1s);
  a.write_number = 160;
  look(model, {a}, 3s);
  EXPECT_DOUBLE_EQ(model.resources().at("a").changes, 30);
  a.write_number = 2;  // it was gone in between
  look(model, {a}, 5s);
  EXPECT_TRUE(model.resources().empty());
}

TEST(TopModel, heat_is_changes_times_those_who_want_it) {
  TopModel model;
  for (std::uint64_t turn = 1; turn <= 2; ++turn)
    look(model, {resource("a", {with_token(holds(11, Mode::EX), turn), waits(12, Mode::EX, 1s), waits(13, Mode::EX, 1s)})},
         turn * 1s);
  EXPECT_DOUBLE_EQ(model.resources().at("a").heat(), 3);
}

TEST(TopModel, adds_up_what_each_master_has_and_shows_whole_sweeps_only) {
  TopModel model;
  model.begin_sweep();
  model.add(resource("a", {holds(11, Mode::EX), waits(12, Mode::EX, 1s)}, 1), Instant(1s));
  EXPECT_EQ(model.masters().at(NodeId{1}).resources, 1U) << "of the first sweep: as far as it came";
  model.add(resource("b", {holds(11, Mode::EX)}, 2), Instant(1s));
  model.end_sweep(true);
  model.begin_sweep();
  model.add(resource("a", {holds(12, Mode::EX)}, 1), Instant(2s));
  const auto& masters = model.masters();
  EXPECT_EQ(masters.size(), 2U);
  EXPECT_EQ(masters.at(NodeId{1}).waits, 1U);
  EXPECT_EQ(masters.at(NodeId{2}).locks, 1U);
}

TEST(TopModel, does_not_take_for_gone_what_a_node_that_is_silent_did_not_tell) {
  TopModel model;
  look(model, {resource("a", {holds(11, Mode::EX), waits(12, Mode::EX, 1s)})}, 1s);
  model.begin_sweep();
  model.end_sweep(false);
  EXPECT_EQ(model.resources().size(), 1U);
  EXPECT_FALSE(model.complete());
}

TEST(TopModel, keeps_a_bounded_number_of_those_nobody_waits_for_and_the_hottest_ones) {
  TopModel model;
  for (std::uint64_t turn = 1; turn <= 2; ++turn) {
    std::vector<ResourceInfo> all;
    for (std::uint64_t i = 0; i < 2 * TopModel::hot_max; ++i) {
      all.push_back(resource("n" + std::to_string(i), {holds(11, Mode::EX)}));
      all.back().write_number = turn * (i + 1);
    }
    look(model, all, turn * 1s);
  }
  EXPECT_EQ(model.resources().size(), TopModel::hot_max);
  EXPECT_TRUE(model.resources().contains("n999"));
  EXPECT_FALSE(model.resources().contains("n0"));
}

}  // namespace
}  // namespace holdfast::cli
