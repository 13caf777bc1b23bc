// SPDX-License-Identifier: Apache-2.0
#include "model/view.hpp"

#include "base/limits.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace holdfast {
namespace {

Member member(std::uint32_t node) {
  return Member{
      .node = NodeId{node}, .incarnation = Incarnation{node + 100}, .address = "127.0.0.1:7001"};
}
View view() {
  return View{
      .epoch = Epoch{3}, .members = {member(2), member(1), member(3)}, .configured_votes = 3};
}

TEST(View, members_are_sorted_and_found) {
  const Result<View> fine = checked(view());
  ASSERT_TRUE(fine.has_value());
  EXPECT_EQ(fine->members.front().node, NodeId{1});
  EXPECT_TRUE(fine->has(NodeId{2}));
  EXPECT_FALSE(fine->has(NodeId{4}));
  EXPECT_TRUE(fine->has(NodeId{2}, Incarnation{102}));
  EXPECT_FALSE(fine->has(NodeId{2}, Incarnation{103}))
      << "another life of the node is another member";
}

TEST(View, what_makes_no_sense_is_refused) {
  const std::function<void(View&)> faults[] = {
      [](View& v) { v.epoch = Epoch{}; },
      [](View& v) { v.members.clear(); },
      [](View& v) { v.members[1].node = v.members[0].node; },
      [](View& v) { v.members[1].node = NodeId{}; },
      [](View& v) { v.members[1].incarnation = Incarnation{}; },
      [](View& v) { v.members[1].weight = limits::weight_max + 1; },
      [](View& v) { v.members[1].address = std::string(limits::address_bytes_max + 1, 'x'); },
      [](View& v) {
        for (std::uint32_t node = 10; v.members.size() <= limits::nodes_max; ++node)
          v.members.push_back(member(node));
      }};
  for (const auto& fault : faults) {
    View broken = view();
    fault(broken);
    const Result<View> result = checked(broken);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::bad_view);
  }
}

TEST(View, the_digest_tells_every_difference) {
  const std::uint64_t digest = checked(view())->digest();
  EXPECT_EQ(checked(view())->digest(), digest);
  const std::function<void(View&)> changes[] = {
      [](View& v) { v.epoch = Epoch{4}; },
      [](View& v) { v.members.pop_back(); },
      [](View& v) { v.members[0].incarnation = Incarnation{999}; },
      [](View& v) { v.members[0].address = "127.0.0.1:7002"; },
      [](View& v) { v.members[0].weight = 2; },
      [](View& v) { v.members[0].votes = 2; },
      [](View& v) { v.configured_votes = 5; },
      [](View& v) { v.quorate = false; }};
  for (const auto& change : changes) {
    View other = view();
    change(other);
    EXPECT_NE(checked(other)->digest(), digest);
  }
}

}  // namespace
}  // namespace holdfast
