// SPDX-License-Identifier: Apache-2.0
#include "cluster/wait_graph.hpp"

#include <gtest/gtest.h>

#include <string>

namespace holdfast::cluster {
namespace {

// Parties are letters, each an owner at node 1 with one lock that is held (100 + letter) and waits by number.
struct Story {
  static PartyId party(char who) { return {.transaction = 0, .node = NodeId{1}, .owner = OwnerId{std::uint64_t(who)}}; }
  static WaitId wait(char who, std::uint32_t which = 0) {
    return {.node = NodeId{1}, .claim = ClaimId{std::uint64_t(who) * 10 + which}, .number = 1};
  }
  static ClaimId held(char who) { return ClaimId{10'000 + std::uint64_t(who)}; }

  void waits(char who, std::uint32_t which = 0) { graph.add_wait(party(who), wait(who, which)); }
  // `who` waits for what `whom` holds.
  void waits_for(char who, char whom, std::uint32_t which = 0) {
    waits(who, which);
    graph.add_party({NodeId{1}, held(whom)}, party(whom));
    graph.add_edge(wait(who, which), {.node = NodeId{1}, .claim = held(whom), .number = 1, .mode = Mode::EX});
  }
  // `who` stands behind the wait of `whom`.
  void stands_behind(char who, char whom, std::uint32_t which = 0, std::uint32_t of_whom = 0) {
    waits(who, which);
    waits(whom, of_whom);
    graph.add_edge(wait(who, which), {.node = NodeId{1}, .claim = wait(whom, of_whom).claim, .number = 1, .waiting = 1,
                                      .mode = Mode::EX, .ahead = true});
  }
  std::string cycle(char who) const {
    const auto found = graph.cycle_through(party(who));
    if (!found) return "none";
    std::string text;
    for (const CycleMember& member : *found) text += static_cast<char>(member.wait.claim.value() / 10);
    return text;
  }
  WaitGraph graph;
};

TEST(WaitGraph, a_chain_is_no_cycle) {
  Story s;
  s.waits_for('a', 'b');
  s.waits_for('b', 'c');
  EXPECT_EQ(s.cycle('a'), "none");
  EXPECT_EQ(s.cycle('c'), "none");
}

TEST(WaitGraph, a_cycle_is_the_same_from_each_of_its_members) {
  Story s;
  s.waits_for('b', 'c');
  s.waits_for('c', 'a');
  s.waits_for('a', 'b');
  for (const char who : {'a', 'b', 'c'}) EXPECT_EQ(s.cycle(who), "abc");
}

TEST(WaitGraph, who_only_waits_for_a_cycle_is_in_none) {
  Story s;
  s.waits_for('a', 'b');
  s.waits_for('b', 'a');
  s.waits_for('x', 'a');
  EXPECT_EQ(s.cycle('x'), "none");
}

TEST(WaitGraph, the_shortest_one_is_told) {
  Story s;
  s.waits_for('a', 'b');
  s.waits_for('b', 'c');
  s.waits_for('c', 'a');
  s.waits_for('a', 'd', 1);
  s.waits_for('d', 'a');
  EXPECT_EQ(s.cycle('a'), "ad");
}

TEST(WaitGraph, any_of_the_waits_of_a_party_leads_on) {
  Story s;
  s.waits_for('a', 'b');
  s.waits_for('b', 'x');
  s.waits_for('b', 'a', 1);
  EXPECT_EQ(s.cycle('a'), "ab");
}

TEST(WaitGraph, a_place_in_a_queue_leads_on_through_that_wait_alone) {
  Story s;
  s.stands_behind('a', 'b');  // b waits there for x, who runs; what else b waits for does not hold a up
  s.waits_for('b', 'x');
  s.waits_for('b', 'a', 1);
  EXPECT_EQ(s.cycle('a'), "none");
  s.waits_for('x', 'a');
  EXPECT_EQ(s.cycle('a'), "abx");
}

TEST(WaitGraph, a_cycle_can_end_in_a_place_in_a_queue) {
  Story s;
  s.waits_for('a', 'b', 3);
  s.stands_behind('b', 'a', 0, 3);
  s.waits('a', 1);
  EXPECT_EQ(s.cycle('a'), "ab");
  EXPECT_EQ(s.cycle('b'), "ab");
}

TEST(WaitGraph, within_a_party_there_are_no_edges) {
  Story s;
  s.waits_for('a', 'a');
  EXPECT_EQ(s.cycle('a'), "none");
  s.stands_behind('a', 'a', 0, 1);
  EXPECT_EQ(s.cycle('a'), "none");
}

}  // namespace
}  // namespace holdfast::cluster
