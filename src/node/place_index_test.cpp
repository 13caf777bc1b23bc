// SPDX-License-Identifier: Apache-2.0
#include "node/place_index.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace holdfast::node {
namespace {

struct PlaceIndexTest : testing::Test {
  Place& add(std::string_view lockspace, const std::string& name) {
    Place& place = places.emplace_back();
    place.key = make_key({.lockspace = lockspace, .name = name});
    index.insert(NameSeed::of(lockspace, salt), place);
    return place;
  }
  [[nodiscard]] Place* find(std::string_view lockspace, std::string_view name) const {
    return index.find(NameSeed::of(lockspace, salt), {.lockspace = lockspace, .name = name});
  }
  static constexpr std::uint64_t salt = 42;
  std::deque<Place> places;
  PlaceIndex index;
};

TEST_F(PlaceIndexTest, finds_what_was_put_in_and_nothing_else) {
  for (int i = 0; i < 1000; ++i) add("default", std::to_string(i));
  for (int i = 0; i < 1000; ++i) {
    const Place* found = find("default", std::to_string(i));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(split_key(found->key)->name, std::to_string(i));
  }
  EXPECT_EQ(find("default", "1000"), nullptr);
  EXPECT_EQ(find("other", "1"), nullptr);
}

TEST_F(PlaceIndexTest, one_name_in_two_lockspaces_is_two_places) {
  const Place& ab = add("ab", "c");
  const Place& a = add("a", "bc");
  EXPECT_EQ(find("ab", "c"), &ab);
  EXPECT_EQ(find("a", "bc"), &a);
}

TEST_F(PlaceIndexTest, what_was_erased_is_gone_and_may_come_back) {
  Place& place = add("default", "");
  index.erase(NameSeed::of("default", salt), place);
  EXPECT_EQ(find("default", ""), nullptr);
  index.insert(NameSeed::of("default", salt), place);
  EXPECT_EQ(find("default", ""), &place);
}

}  // namespace
}  // namespace holdfast::node
