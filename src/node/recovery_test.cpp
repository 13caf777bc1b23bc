// SPDX-License-Identifier: Apache-2.0
// A recovery in pieces. What may come between two of them is the simulator's to try.
#include <fmt/format.h>

#include <sstream>

#include "node/node.hpp"
#include "node/small_world_test.hpp"

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;
constexpr NodeId n1{1}, n2{2}, n3{3};
constexpr std::uint64_t names = 100;

// Everything that the survivors hold when node 3, master of all of it, has been lost for longer than its lease.
struct Outcome {
  std::string locks;
  std::uint32_t pieces = 0;
};

Outcome lose_a_master(std::uint32_t turn_allowance) {
  SmallWorld world(3, {}, [&](NodeConfig& config) { config.turn_allowance = turn_allowance; });
  const ClientConn c = world.connect(n3), a = world.connect(n1), b = world.connect(n2);
  for (const ClientConn conn : {c, a, b})
    for (std::uint64_t i = 0; i < names; ++i) {
      const std::string name = fmt::format("r{}", i);
      world.call(conn, wire::Lock{.request = RequestId{i + 1}, .mode = Mode::CR, .resource = name});
    }
  world.crash(n3);
  world.advance(4s);
  Outcome outcome{.locks = {}, .pieces = world.pieces()};
  for (const std::uint32_t id : {1U, 2U})
    for (const Node::HeldLock& held : world.node(id).mastered())
      outcome.locks += fmt::format("n{} {} n{} {}\n", id, held.key.substr(held.key.find('r')), held.holder.value(), held.claim.value());
  EXPECT_EQ(world.node(1).held().size() + world.node(2).held().size(), 2 * names);
  return outcome;
}

TEST(Recovery, in_pieces_it_ends_as_in_one_go) {
  const Outcome at_once = lose_a_master(1'000'000);
  const Outcome in_pieces = lose_a_master(100);
  EXPECT_LT(at_once.pieces, 10U) << "only those that peers' frames put off";
  EXPECT_GT(in_pieces.pieces, names);
  EXPECT_EQ(std::ranges::count(at_once.locks, '\n'), std::ptrdiff_t{2 * names});
  EXPECT_EQ(in_pieces.locks, at_once.locks);
}

TEST(Recovery, whoever_asks_in_the_middle_is_served_when_it_is_over) {
  SmallWorld world(3, {}, [](NodeConfig& config) { config.turn_allowance = 100; });
  const ClientConn c = world.connect(n3), a = world.connect(n1);
  for (std::uint64_t i = 0; i < names; ++i) {
    const std::string name = fmt::format("r{}", i);
    world.call(c, wire::Lock{.request = RequestId{i + 1}, .mode = Mode::CR, .resource = name});
    world.call(a, wire::Lock{.request = RequestId{i + 1}, .mode = Mode::CR, .resource = name});
  }
  const ClientConn b = world.connect(n2);
  world.crash(n3);
  world.call(b, wire::Lock{.request = RequestId{1}, .mode = Mode::PR, .resource = "r99"});
  EXPECT_EQ(world.told(b).find("Granted"), std::string::npos);  // node 3 may still hold it in any mode
  world.advance(4s);
  EXPECT_EQ(world.last<wire::Granted>(b).mode, Mode::PR);
}

// "age=5000000000", in seconds, of all locks that were told of.
std::vector<double> ages_in(const std::string& told) {
  std::vector<double> ages;
  for (std::size_t at = told.find(" age="); at != std::string::npos; at = told.find(" age=", at + 1))
    ages.push_back(std::stod(told.substr(at + 5)) / 1e9);
  return ages;
}

TEST(Recovery, a_lock_is_as_old_as_before) {
  SmallWorld world(3);
  const ClientConn c = world.connect(n3), a = world.connect(n1), b = world.connect(n2);
  world.call(c, wire::Lock{.request = RequestId{1}, .mode = Mode::NL, .resource = "x"});
  world.call(a, wire::Lock{.request = RequestId{1}, .mode = Mode::PR, .resource = "x"});
  world.advance(60s);
  world.call(b, wire::Lock{.request = RequestId{1}, .mode = Mode::EX, .resource = "x"});
  world.advance(10s);
  world.crash(n3);
  world.advance(4s);
  (void)world.told(b);
  world.call(b, wire::Query{.request = RequestId{9}, .lockspace_pattern = "*", .name_pattern = "x", .after_key = {}});
  const std::vector<double> ages = ages_in(world.told(b));
  ASSERT_EQ(ages.size(), 2U);
  EXPECT_NEAR(ages[0], 74, 1) << "held since before the master was lost";
  EXPECT_NEAR(ages[1], 14, 1) << "waits since before, too";
  // What is new is counted from then.
  world.close(a);
  world.advance(5s);
  (void)world.told(b);
  world.call(b, wire::Query{.request = RequestId{10}, .lockspace_pattern = "*", .name_pattern = "x", .after_key = {}});
  const std::vector<double> later = ages_in(world.told(b));
  ASSERT_EQ(later.size(), 1U);
  EXPECT_NEAR(later[0], 5, 1);
}

TEST(Recovery, a_report_says_that_it_is_not_complete_while_a_lost_master_is_waited_for) {
  SmallWorld world(3);
  const ClientConn c = world.connect(n3), a = world.connect(n1), b = world.connect(n2);
  for (const ClientConn conn : {c, a})
    for (std::uint64_t i = 0; i < names; ++i) {
      const std::string name = fmt::format("r{}", i);
      world.call(conn, wire::Lock{.request = RequestId{i + 1}, .mode = Mode::CR, .resource = name});
    }
  const auto status = [&] {
    world.call(b, wire::Query{.request = RequestId{9}, .lockspace_pattern = "*", .name_pattern = "*", .after_key = {}});
    return world.last<wire::QueryEnd>(b).status;
  };
  EXPECT_EQ(status(), Errc::ok);
  world.crash(n3);
  EXPECT_EQ(status(), Errc::recovering);
  world.advance(4s);
  EXPECT_EQ(status(), Errc::ok);
}

// ---- in the middle --------------------------------------------------------------------------------------

// Four nodes whose turns are so short that one does about one lock. Of all names node 4 is master, node 1 holds them
// in EX.
class Middle : public testing::Test {
 protected:
  Middle() {
    for (const ClientConn conn : {d, a})
      for (std::uint64_t i = 0; i < names; ++i) ask(conn, i, conn == d ? Mode::NL : Mode::EX);
    locks_of_a = granted(a);
    (void)world.told(d);
  }
  static std::string name(std::uint64_t i) { return fmt::format("r{:03}", i); }
  void ask(ClientConn conn, std::uint64_t i, Mode mode) {
    world.call(conn, wire::Lock{.request = RequestId{i + 1}, .mode = mode, .resource = name(i)});
  }
  // The locks that it was told of since the last look.
  std::vector<ClaimId> granted(ClientConn conn) {
    std::vector<ClaimId> locks;
    std::istringstream lines(world.told(conn));
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("Granted{")) locks.emplace_back(std::stoull(line.substr(line.find(" lock=") + 6)));
    return locks;
  }
  std::size_t held_at(std::uint32_t id) { return world.node(id).held().size(); }
  std::size_t mastered_by_survivors() {
    std::size_t locks = 0;
    for (const std::uint32_t id : {1U, 2U, 3U}) locks += world.node(id).mastered().size();
    return locks;
  }
  // Node 4 dies, its lease ends, and about half of what it was master of has a master again.
  void die_and_rebuild_half() {
    world.crash(n4);
    world.allow_pieces(0);
    for (int i = 0; i < 200 && mastered_by_survivors() < names / 2; ++i) world.advance(100ms);
    ASSERT_GT(mastered_by_survivors(), names / 4);
    ASSERT_LT(mastered_by_survivors(), names);
  }
  void finish() {
    world.allow_pieces(UINT32_MAX);
    world.advance(4s);
  }

  static constexpr NodeId n4{4};
  SmallWorld world{4, {}, [](NodeConfig& config) { config.turn_allowance = 40; }};
  ClientConn d = world.connect(n4), a = world.connect(n1), b = world.connect(n2);
  std::vector<ClaimId> locks_of_a;
};

TEST_F(Middle, a_further_view_forgets_nothing_that_was_not_rebuilt_yet) {
  die_and_rebuild_half();
  world.take_away(n3);
  world.publish();
  for (std::uint64_t i = 0; i < names; ++i) ask(b, i, Mode::EX);
  finish();
  EXPECT_EQ(granted(b).size(), 0U);
  EXPECT_EQ(held_at(1), names);
  for (const ClaimId lock : locks_of_a) world.call(a, wire::Unlock{.request = RequestId{1}, .lock = lock});
  EXPECT_EQ(granted(b).size(), names);
}

TEST_F(Middle, what_is_given_up_before_it_is_reported_is_free_afterwards) {
  world.allow_pieces(0);
  world.crash(n4);
  for (const ClaimId lock : locks_of_a) world.call(a, wire::Unlock{.request = RequestId{1}, .lock = lock});
  for (std::uint64_t i = 0; i < names; ++i) ask(b, i, Mode::EX);
  finish();
  EXPECT_EQ(held_at(1), 0U);
  EXPECT_EQ(granted(b).size(), names);
}

TEST_F(Middle, a_session_that_ends_leaves_nothing_behind) {
  die_and_rebuild_half();
  world.close(a);
  for (std::uint64_t i = 0; i < names; ++i) ask(b, i, Mode::EX);
  finish();
  EXPECT_EQ(granted(b).size(), names);
  EXPECT_EQ(mastered_by_survivors(), names);
}

TEST_F(Middle, conversions_and_requests_of_all_moments_end_as_they_should) {
  world.allow_pieces(0);
  world.crash(n4);
  std::uint64_t i = 0;
  for (const ClaimId lock : locks_of_a) {
    world.call(a, wire::Convert{.request = RequestId{++i}, .lock = lock, .mode = Mode::CR});
    world.advance(50ms);
    ask(b, i - 1, Mode::PW);
  }
  finish();
  EXPECT_EQ(granted(b).size(), names);
  EXPECT_EQ(held_at(1), names);
  EXPECT_EQ(mastered_by_survivors(), 2 * names);
}

TEST_F(Middle, a_home_that_learns_late_of_the_view_hears_all_the_same) {
  world.take_away(n4);
  world.publish(n2);
  finish();
  EXPECT_EQ(held_at(1), names);
  EXPECT_EQ(mastered_by_survivors(), names);
  for (std::uint64_t i = 0; i < names; ++i) ask(b, i, Mode::EX);
  EXPECT_EQ(granted(b).size(), 0U);
}

TEST_F(Middle, a_dead_node_that_waits_is_granted_nothing_on_a_resource_that_was_not_looked_at_yet) {
  const ClientConn c = world.connect(n3);
  for (std::uint64_t i = names; i < 2 * names; ++i) ask(a, i, Mode::EX);  // node 1 is master
  const std::vector<ClaimId> more = granted(a);
  for (std::uint64_t i = names; i < 2 * names; ++i) ask(c, i, Mode::EX);
  for (std::uint64_t i = names; i < 2 * names; ++i) ask(b, i, Mode::EX);
  world.allow_pieces(0);
  world.crash(n3);
  for (const ClaimId lock : more) world.call(a, wire::Unlock{.request = RequestId{1}, .lock = lock});
  EXPECT_EQ(granted(b).size(), names);  // long before the lease of node 3 is over
}

}  // namespace
}  // namespace holdfast::node
