// SPDX-License-Identifier: Apache-2.0
// Who blocks whom, who waits in a circle, and the tree: on rows that no daemon has to be asked for.
#include "holdfast/wait_graph.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <sstream>

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// A page by words: "orders: a=EX b>PR c=PR>EX" (= holds, > waits for; both: converts). Each letter is an owner of its
// own at node 1; a digit behind it is its node.
QueryPage page_of(const std::string& text) {
  QueryPage page;
  std::istringstream lines(text);
  std::uint64_t id = 0;
  for (std::string line; std::getline(lines, line, ';');) {
    std::istringstream words(line);
    ResourceInfo resource;
    words >> resource.name;
    for (std::string word; words >> word;) {
      LockInfo lock;
      lock.node = NodeId{1};
      std::size_t at = 1;
      if (std::isdigit(static_cast<unsigned char>(word[1])) != 0) lock.node = NodeId{static_cast<std::uint32_t>(word[at++] - '0')};
      lock.id = ClaimId{++id};
      lock.owner.owner = OwnerId{static_cast<std::uint64_t>(word[0])};
      const auto mode_at = [&](std::size_t where) { return *parse_mode(word.substr(where + 1, 2)); };
      if (word[at] == '=') lock.granted = mode_at(at), at += 3;
      if (at < word.size() && word[at] == '>') {
        lock.standing = at > 2 ? LockStanding::converting : LockStanding::waiting;
        lock.wanted = mode_at(at), at += 3;
      }
      if (at < word.size() && word[at] == '!') lock.flags.set(Flag::noorder);
      if (at < word.size() && word[at] == '~') lock.flags.set(Flag::nodlckwt);
      resource.locks.push_back(lock);
    }
    page.resources.push_back(resource);
  }
  return page;
}

std::string letter(const LockInfo& lock) { return std::string(1, static_cast<char>(lock.owner.owner.value())); }
std::string text(const WaitGraph& graph, const WaitGraph::Edge& edge) {
  return letter(graph.lock(edge.waiter)) + (edge.kind == BlockKind::holds ? " for " : " behind ") +
         letter(graph.lock(edge.blocker));
}
std::vector<std::string> texts(const WaitGraph& graph, const std::vector<WaitGraph::Edge>& edges) {
  std::vector<std::string> lines;
  for (const WaitGraph::Edge& edge : edges) lines.push_back(text(graph, edge));
  return lines;
}
std::string drawn(const WaitGraph& graph, const WaitGraph::Places& waiters) {
  std::string lines;
  for (const WaitTree::Node& node : wait_tree(graph, waiters).nodes) {
    lines += std::string(2 * node.depth, ' ') + static_cast<char>(node.owner.owner.value());
    if (node.behind)
      lines += (node.kind == BlockKind::holds ? " for " : " behind ") + letter(graph.lock(*node.behind)) + " on " +
               graph.resource(*node.waits).name;
    if (node.others != 0) lines += " +" + std::to_string(node.others);
    if (node.cycle != 0) lines += " (cycle)";
    if (node.line == WaitTree::Line::again) lines += " again";
    if (node.line == WaitTree::Line::closes_cycle) lines += " closes";
    lines += "\n";
  }
  return "\n" + lines;
}

struct Waits : testing::Test {
  WaitGraph graph;
  void page(const std::string& text) { graph = WaitGraph(page_of(text)); }
  WaitGraph::Places of(char owner, unsigned node = 1) const {
    return graph.places(WaitOwner{NodeId{node}, OwnerId{static_cast<std::uint64_t>(owner)}});
  }
  std::vector<std::string> blockers(char owner) const { return texts(graph, graph.blockers(of(owner))); }
  std::vector<std::string> blocked(char owner) const { return texts(graph, graph.blocked(of(owner))); }
};

TEST_F(Waits, for_modes_in_conflict_and_behind_the_queue) {
  page("r a=PR b=PR>EX c>CR d>CW");
  EXPECT_THAT(blockers('b'), ElementsAre("b for a"));
  EXPECT_THAT(blockers('c'), ElementsAre("c behind b"));
  EXPECT_THAT(blockers('d'), ElementsAre("d for a", "d for b", "d behind c"));
  EXPECT_THAT(blockers('a'), IsEmpty());
}

TEST_F(Waits, are_told_in_the_other_direction) {
  page("r a=PR b=PR>EX c>CR d>CW");
  EXPECT_THAT(blocked('a'), ElementsAre("b for a", "d for a"));
  EXPECT_THAT(blocked('b'), ElementsAre("c behind b", "d for b"));
  EXPECT_THAT(blocked('d'), IsEmpty());
}

TEST_F(Waits, of_conversions_are_behind_conversions_only) {
  page("r a=PW b=NL>PR c=NL>CW");
  EXPECT_THAT(blockers('c'), ElementsAre("c for a", "c behind b"));
  EXPECT_THAT(blocked('c'), IsEmpty());
}

TEST_F(Waits, of_those_who_may_pass_are_behind_nobody) {
  page("r a=EX b>EX c>PR! d>PR");
  EXPECT_THAT(blockers('c'), ElementsAre("c for a"));
  EXPECT_THAT(blockers('d'), ElementsAre("d for a", "d behind b", "d behind c"));
}

TEST_F(Waits, are_found_by_node_resource_and_lock) {
  page("r a=EX b2>EX; s b2=PR c3>EX");
  EXPECT_THAT(texts(graph, graph.blockers(graph.places(NodeId{2}))), ElementsAre("b for a"));
  EXPECT_THAT(texts(graph, graph.blocked(graph.places(NodeId{2}))), ElementsAre("c for b"));
  EXPECT_THAT(texts(graph, graph.blockers(graph.places(graph.page().resources[1]))), ElementsAre("c for b"));
  EXPECT_EQ(graph.find(NodeId{3}, ClaimId{4}), (WaitGraph::Place{.resource = 1, .lock = 1}));
  EXPECT_FALSE(graph.find(NodeId{3}, ClaimId{1})) << "another node's lock";
  EXPECT_THAT(texts(graph, graph.blockers(graph.waiting())), ElementsAre("b for a", "c for b"));
}

TEST_F(Waits, in_a_circle_are_found_over_resources_and_nodes) {
  page("r a=EX b2>EX; s b2=PR c3>EX; t c3=PW a>PR; u d=EX e>EX");
  ASSERT_EQ(graph.cycles().size(), 1U);
  EXPECT_EQ(graph.cycles()[0].size(), 3U);
  EXPECT_EQ(graph.cycle_of({NodeId{3}, OwnerId{'c'}}), 1U);
  EXPECT_EQ(graph.cycle_of({NodeId{1}, OwnerId{'e'}}), 0U);
}

TEST_F(Waits, in_a_circle_through_the_queue_are_found) {
  page("r h=PR a>EX b>PR; s b=EX a>EX");
  ASSERT_EQ(graph.cycles().size(), 1U) << "b waits behind a, and a for b";
  EXPECT_THAT(graph.cycles()[0], UnorderedElementsAre(WaitOwner{NodeId{1}, OwnerId{'a'}}, WaitOwner{NodeId{1}, OwnerId{'b'}}));
}

TEST_F(Waits, of_two_conversions_are_a_circle) {
  page("r a=PR>EX b=PR>EX");
  EXPECT_EQ(graph.cycles().size(), 1U);
}

TEST_F(Waits, that_are_no_circle_are_not_taken_for_one) {
  page("r a=PR>EX b=PR; s b=EX c>EX");
  EXPECT_THAT(graph.cycles(), IsEmpty()) << "a conversion meets its own mode";
  page("r a=EX a>EX");
  EXPECT_THAT(graph.cycles(), IsEmpty()) << "one thread waits for another of its session";
  page("r a=EX b>EX~; s b=EX a>EX");
  EXPECT_THAT(graph.cycles(), IsEmpty()) << "b takes no part in the search for deadlocks";
}

TEST_F(Waits, are_drawn_with_the_root_blocker_first) {
  page("r a=EX b2>EX c>PR; s b2=PR d3>EX");
  EXPECT_EQ(drawn(graph, of('d', 3)), R"(
a
  b for a on r
    d for b on s
)");
  EXPECT_EQ(drawn(graph, graph.waiting()), R"(
a
  b for a on r
    d for b on s
  c for a on r +1
)");
}

TEST_F(Waits, that_only_the_queue_delays_are_drawn_below_the_one_they_would_conflict_with) {
  page("r a=PR b>EX c>PR d>PR");
  EXPECT_EQ(drawn(graph, graph.waiting()), R"(
a
  b for a on r
    c behind b on r
    d behind b on r +1
)");
}

TEST_F(Waits, for_two_are_drawn_below_both_and_in_full_once) {
  page("r a=PR b=PR c>EX; s c=EX d>EX");
  EXPECT_EQ(drawn(graph, of('d')), R"(
a
  c for a on r
    d for c on s
b
  c for b on r again
)");
}

TEST_F(Waits, in_a_circle_are_drawn_with_the_place_where_it_closes) {
  page("r a=EX b>EX; s b=EX a>EX; t a=EX c>EX");
  EXPECT_EQ(drawn(graph, of('c')), R"(
a (cycle)
  c for a on t
  b for a on r (cycle)
    a for b on s (cycle) closes
)");
}

TEST_F(Waits, with_nobody_in_the_way_are_roots) {
  page("r a>EX");
  EXPECT_EQ(drawn(graph, graph.waiting()), "\na\n");
}

TEST_F(Waits, for_a_crowd_are_drawn_below_a_few_and_those_first_who_wait_themselves) {
  std::string crowd = "r";
  for (char who = 'a'; who <= 't'; ++who) crowd += std::string(" ") + who + "=PR";
  page(crowd + " z>EX; s y=EX t>EX");
  const WaitTree tree = wait_tree(graph, of('z'));
  std::size_t times = 0;
  for (const WaitTree::Node& node : tree.nodes) {
    if (node.owner.owner != OwnerId{'z'}) continue;
    ++times;
    EXPECT_EQ(node.others, 12U);
  }
  EXPECT_EQ(times, 8U);
  EXPECT_THAT(drawn(graph, of('z')), testing::HasSubstr("\ny\n  t for y on s\n    z for t on r +12 again\n"));
}

TEST_F(Waits, of_a_long_queue_cost_about_its_length) {
  QueryPage page = page_of("r a=EX");
  for (std::uint64_t k = 0; k < 50'000; ++k) {
    LockInfo lock{.node = NodeId{1}, .id = ClaimId{100 + k}, .standing = LockStanding::waiting, .wanted = Mode::EX};
    lock.owner.owner = OwnerId{1000 + k};
    page.resources[0].locks.push_back(lock);
  }
  graph = WaitGraph(std::move(page));
  const WaitTree tree = wait_tree(graph, graph.waiting());
  EXPECT_EQ(tree.nodes.size(), 50'001U);
  EXPECT_EQ(tree.nodes.back().others, 49'999U);
  EXPECT_THAT(graph.cycles(), IsEmpty());
}

}  // namespace
}  // namespace holdfast
