// SPDX-License-Identifier: Apache-2.0
#include "cli/top_look_test.hpp"
#include "cli/top_waits.hpp"

#include <gtest/gtest.h>

namespace holdfast::cli {
namespace {

OwnerKey owner(std::uint32_t process) { return {NodeId{process / 10}, OwnerId{process}}; }

std::string drawn(const std::vector<std::string>& lines) {
  std::string text = "\n";
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// 11 holds a; 21 waits for it and holds b; 31 and 32 wait for b.
void look_at_chain(TopModel& model) {
  look(model,
       {resource("a", {holds(11, Mode::EX), waits(21, Mode::PR, 9s)}),
        resource("b", {holds(21, Mode::PW), waits(31, Mode::EX, 5s), waits(32, Mode::CR, 1s)})},
       1s);
}

TEST(TopWaits, the_root_of_a_chain_blocks_all_of_it) {
  TopModel model;
  look_at_chain(model);
  const Waits waits(model);
  const auto roots = waits.roots();
  ASSERT_EQ(roots.size(), 1U);
  EXPECT_EQ(key_of(*roots[0].lock), owner(11));
  EXPECT_EQ(roots[0].resource, "a");
  EXPECT_EQ(roots[0].direct, 1U);
  EXPECT_EQ(roots[0].all, 3U);
  EXPECT_EQ(roots[0].longest, 9s);
  EXPECT_EQ(waits.root_of(owner(32)), owner(11));
  EXPECT_EQ(waits.root_of(owner(11)), owner(11));
}

TEST(TopWaits, the_tree_stands_below_its_root) {
  TopModel model;
  look_at_chain(model);
  EXPECT_EQ(drawn(Waits(model).tree_of(owner(11))), R"(
n1  pid 11  ann  job 11
  n2  pid 21  ann  job 21: waits 9 s for PR on a  n2#2109: held in EX (for 10 s)
    n3  pid 31  ann  job 31: waits 5 s for EX on b  n3#3105: held in PW (for 10 s)
      n3  pid 32  ann  job 32: waits 1 s for CR on b  n3#3201: behind EX in the queue (for 5 s)
)");
}

TEST(TopWaits, who_is_only_behind_in_the_queue_waits_for_the_one_in_front) {
  TopModel model;
  look(model, {resource("a", {holds(11, Mode::PR), waits(12, Mode::EX, 2s), waits(13, Mode::PR, 1s)})}, 1s);
  const Waits waits(model);
  ASSERT_EQ(waits.all().size(), 2U);
  EXPECT_TRUE(waits.all()[0].hard);
  EXPECT_FALSE(waits.all()[1].hard);
  EXPECT_EQ(key_of(*waits.all()[1].blockers.at(0)), owner(12));
}

TEST(TopWaits, a_conversion_waits_for_others_and_not_for_itself) {
  TopModel model;
  look(model, {resource("a", {converts(11, Mode::PR, Mode::EX, 2s), holds(12, Mode::PR)})}, 1s);
  const Waits waits(model);
  ASSERT_EQ(waits.all().size(), 1U);
  ASSERT_EQ(waits.all()[0].blockers.size(), 1U);
  EXPECT_EQ(key_of(*waits.all()[0].blockers[0]), owner(12));
}

TEST(TopWaits, a_circle_has_no_root_and_its_tree_an_end) {
  TopModel model;
  look(model,
       {resource("a", {holds(11, Mode::EX), waits(12, Mode::EX, 2s)}),
        resource("b", {holds(12, Mode::EX), waits(11, Mode::EX, 1s)})},
       1s);
  const Waits waits(model);
  EXPECT_TRUE(waits.roots().empty());
  EXPECT_EQ(waits.root_of(owner(11)), owner(11));
  EXPECT_EQ(waits.tree_of(owner(11)).size(), 3U);
}

TEST(TopWaits, a_long_chain_is_followed_to_its_end) {
  constexpr std::uint32_t length = 20'000;
  TopModel model;
  model.begin_sweep();
  for (std::uint32_t i = 0; i < length; ++i)
    model.add(resource("r" + std::to_string(i), {holds(20 + i, Mode::EX), waits(21 + i, Mode::EX, 1s)}), Instant(1s));
  model.end_sweep(true);
  const Waits waits(model);
  const auto roots = waits.roots();
  ASSERT_EQ(roots.size(), 1U);
  EXPECT_EQ(roots[0].all, length);
}

}  // namespace
}  // namespace holdfast::cli
