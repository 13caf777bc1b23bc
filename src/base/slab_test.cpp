// SPDX-License-Identifier: Apache-2.0
#include "base/slab.hpp"

#include "base/id.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <vector>

namespace holdfast {
namespace {

using ThingId = Id<struct ThingTag, std::uint64_t>;
struct Thing {
  int number = 0;
};
using Things = Slab<Thing, ThingId>;

TEST(Slab, gives_back_what_was_put_in) {
  Things things;
  const ThingId seven = things.emplace(7);
  const ThingId eight = things.emplace(8);
  EXPECT_EQ(things[seven].number, 7);
  EXPECT_EQ(things[eight].number, 8);
  EXPECT_EQ(things.size(), 2U);
}

TEST(Slab, an_id_is_never_zero) {
  Things things;
  EXPECT_TRUE(static_cast<bool>(things.emplace(0)));
  EXPECT_EQ(things.find(ThingId{}), nullptr);
}

TEST(Slab, an_ended_id_does_not_reach_the_younger_record_in_its_place) {
  Things things;
  const ThingId old = things.emplace(1);
  things.erase(old);
  const ThingId young = things.emplace(2);
  EXPECT_EQ(static_cast<std::uint32_t>(old.value()), static_cast<std::uint32_t>(young.value()))
      << "not the same place";
  EXPECT_NE(old, young);
  EXPECT_EQ(things.find(old), nullptr);
  EXPECT_EQ(things[young].number, 2);
}

TEST(Slab, an_id_from_outside_finds_nothing) {
  Things things;
  things.emplace(1);
  for (const std::uint64_t invented : {0x1'0000'0001ULL, 0x7'0000'0000ULL, 0x1'ffff'ffffULL, ~0ULL})
    EXPECT_EQ(things.find(ThingId{invented}), nullptr) << invented;
}

TEST(Slab, records_stay_where_they_are_while_it_grows) {
  Things things;
  const ThingId first = things.emplace(1);
  const Thing* const place = things.find(first);
  std::set<std::uint64_t> ids{first.value()};
  for (int i = 2; i <= 5000; ++i) ids.insert(things.emplace(i).value());
  EXPECT_EQ(ids.size(), 5000U) << "an id was given twice";
  EXPECT_EQ(things.find(first), place);
}

TEST(Slab, visits_live_records_in_order_of_their_place) {
  Things things;
  std::vector<ThingId> ids;
  for (int i = 0; i < 600; ++i) ids.push_back(things.emplace(i));
  for (std::size_t i = 0; i < 600; i += 2) things.erase(ids[i]);
  std::vector<int> seen;
  const Things& view = things;
  view.for_each([&](ThingId id, const Thing& thing) {
    EXPECT_EQ(things.find(id), &thing);
    seen.push_back(thing.number);
  });
  ASSERT_EQ(seen.size(), 300U);
  for (std::size_t i = 0; i < 300; ++i) EXPECT_EQ(seen[i], static_cast<int>(2 * i + 1));
}

TEST(SlabDeathTest, using_an_ended_id_ends_the_process) {
  Things things;
  const ThingId id = things.emplace(1);
  things.erase(id);
  EXPECT_DEATH(static_cast<void>(things[id]), "broken invariant");
  EXPECT_DEATH(things.erase(id), "broken invariant");
}

}  // namespace
}  // namespace holdfast
