// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/record.hpp"

#include "sim/scenario/compare.hpp"

#include <gtest/gtest.h>

namespace holdfast::sim {
namespace {

std::vector<std::string> texts(Record& record) {
  std::vector<std::string> out;
  for (const Line& line : record.take()) out.push_back(line.text);
  return out;
}

Token token(std::uint64_t counter) { return {Epoch{1}, counter}; }

TEST(Record, puts_the_answer_in_front_of_what_the_command_caused) {
  Record record;
  record.begin_command();
  record.told("b", Mode::EX);
  record.waits_for("a", {"c", "b"}, Place::answer);
  record.waits_behind("a", {"d"}, Place::answer);
  EXPECT_EQ(texts(record), (std::vector<std::string>{"a waits for b c", "a waits behind d",
                                                     "b told EX is wanted"}));
}

TEST(Record, gathers_nodes_of_a_phase_at_the_place_of_the_first) {
  Record record;
  record.begin_command();
  record.reached(NodeId{3}, "open", Epoch{2});
  record.granted({.who = "b", .name = "x", .mode = Mode::EX, .token = token(1)}, Place::answer);
  record.reached(NodeId{2}, "open", Epoch{2});
  EXPECT_EQ(texts(record), (std::vector<std::string>{"b granted EX", "n2 n3 open epoch=2"}));
}

TEST(Record, finds_tokens_that_do_not_rise_between_grants_that_exclude_each_other) {
  Record record;
  record.granted({.who = "a", .name = "x", .mode = Mode::PR, .token = token(5)}, Place::answer);
  record.granted({.who = "b", .name = "x", .mode = Mode::PR, .token = token(4)}, Place::answer);
  EXPECT_TRUE(record.check().has_value());
  record.granted({.who = "c", .name = "x", .mode = Mode::EX, .token = token(5)}, Place::answer);
  EXPECT_FALSE(record.check().has_value());
}

TEST(Compare, per_owner_forgives_order_between_owners_only) {
  const std::vector<std::string> expected{"a done", "b granted EX", "b told PR is wanted"};
  EXPECT_TRUE(as_expected(expected, {"b granted EX", "b told PR is wanted", "a done"},
                          LineOrder::per_owner));
  EXPECT_FALSE(as_expected(expected, {"a done", "b told PR is wanted", "b granted EX"},
                           LineOrder::per_owner));
  EXPECT_FALSE(
      as_expected(expected, {"b granted EX", "b told PR is wanted", "a done"}, LineOrder::exact));
}

TEST(Compare, difference_shows_both_sides) {
  EXPECT_EQ(difference({"a", "b", "c"}, {"a", "c", "d"}), "      a\n    - b\n      c\n    + d\n");
}

}  // namespace
}  // namespace holdfast::sim
