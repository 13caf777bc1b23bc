// SPDX-License-Identifier: Apache-2.0
// Resources that go by themselves to whoever uses them, and those that stay.
#include "node/small_world_test.hpp"

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;
constexpr NodeId n1{1}, n2{2}, n3{3};

struct Migration : testing::Test {
  using Adjust = std::function<void(NodeConfig&)>;
  void begin(LockspacePolicy policy = {}, Adjust adjust = {}) {
    world.emplace(3, std::move(policy), std::move(adjust));
    for (const NodeId node : {n1, n2, n3}) programs[node] = world->connect(node);
  }
  ClaimId lock(NodeId node, std::string_view name, Mode mode = Mode::EX, ClaimId parent = {}) {
    world->call(programs[node], wire::Lock{.request = RequestId{++requests}, .mode = mode, .parent = parent, .resource = name});
    const auto granted = world->last<wire::Granted>(programs[node]);
    EXPECT_EQ(granted.request, RequestId{requests});
    return granted.lock;
  }
  void unlock(NodeId node, ClaimId lock) {
    world->call(programs[node], wire::Unlock{.request = RequestId{++requests}, .lock = lock, .value = {}});
  }
  void use(NodeId node, std::string_view name, int times) {
    for (int i = 0; i < times; ++i) unlock(node, lock(node, name));
  }
  // Who serves it, seen while somebody has it; 0: nobody.
  std::uint32_t master(std::string_view name) {
    const ClaimId seen = lock(n3, name, Mode::NL);
    std::uint32_t at = 0;
    for (const std::uint32_t node : {1U, 2U, 3U})
      for (const Node::HeldLock& held : world->node(node).mastered())
        if (held.key == make_key({default_lockspace, name})) at = node;
    unlock(n3, seen);
    return at;
  }
  wire::NodeStatus status(NodeId node) {
    world->call(programs[node], wire::StatusQuery{.request = RequestId{++requests}});
    return world->last<wire::NodeStatus>(programs[node]);
  }

  std::optional<SmallWorld> world;
  std::map<NodeId, ClientConn> programs;
  std::uint64_t requests = 0;
};

TEST_F(Migration, a_resource_goes_to_the_one_node_that_uses_it_and_costs_no_message_there) {
  begin();
  use(n1, "x", 1);
  use(n2, "x", 63);
  EXPECT_EQ(master("x"), 1U) << "n3 looked, too";
  use(n2, "x", 1);
  EXPECT_EQ(master("x"), 2U) << "in the very turn in which that was enough";
  (void)world->traffic();
  use(n2, "x", 100);
  EXPECT_EQ(world->traffic(), std::vector<std::string>{});
  EXPECT_EQ(status(n1).moved_by_use, 1U);
  EXPECT_EQ(status(n1).moved, 1U);
  EXPECT_EQ(status(n2).moved, 0U);
}

TEST_F(Migration, two_that_use_it_alike_move_nothing) {
  begin();
  use(n1, "x", 1);
  for (int i = 0; i < 1000; ++i) {
    use(n1, "x", 1);
    use(n2, "x", 1);
    use(n2, "y", 1);
    use(n3, "y", 1);
    if (i % 10 == 0) world->advance(100ms);
  }
  for (const NodeId node : {n1, n2, n3}) EXPECT_EQ(status(node).moved, 0U);
}

TEST_F(Migration, what_has_arrived_stays_for_a_while) {
  begin();
  use(n1, "x", 1);
  use(n2, "x", 64);
  ASSERT_EQ(status(n1).moved, 1U);
  use(n1, "x", 1000);
  EXPECT_EQ(status(n2).moved, 0U);
  for (int i = 0; i < 60; ++i) {
    use(n1, "x", 20);
    world->advance(100ms);
  }
  EXPECT_EQ(status(n2).moved, 1U) << "then it follows whoever uses it still";
  EXPECT_EQ(status(n1).moved, 1U);
}

TEST_F(Migration, no_more_than_the_budget_in_a_second) {
  begin({}, [](NodeConfig& config) { config.migration.per_second = 10; });
  for (int i = 0; i < 30; ++i) use(n1, "x" + std::to_string(i), 1);
  for (int i = 0; i < 30; ++i) use(n2, "x" + std::to_string(i), 100);
  EXPECT_EQ(status(n1).moved, 10U);
  world->advance(500ms);
  EXPECT_EQ(status(n1).moved, 15U) << "the others wait for their turn";
  for (int i = 0; i < 30; ++i) use(n2, "x" + std::to_string(i), 400);
  world->advance(3s);
  EXPECT_EQ(status(n1).moved, 30U);
}

TEST_F(Migration, only_where_chance_chose_the_master) {
  for (const LockspacePolicy& policy :
       {LockspacePolicy{.lockspace = {}, .mastering = Mastering::home, .pinned = {}},
        LockspacePolicy{.lockspace = {}, .mastering = Mastering::pinned, .pinned = {{n1, 1}, {n2, 1}}}}) {
    begin(policy);
    for (const NodeId node : {n1, n2, n3})
      for (const std::string_view name : {"x", "y", "z"}) use(node, name, 200);
    for (const NodeId node : {n1, n2, n3}) EXPECT_EQ(status(node).moved, 0U);
  }
}

TEST_F(Migration, not_at_all_if_nothing_is_to_move_by_itself) {
  begin({}, [](NodeConfig& config) { config.migration.per_second = 0; });
  use(n1, "x", 1);
  use(n2, "x", 1000);
  world->advance(10s);
  EXPECT_EQ(status(n1).moved, 0U);
}

TEST_F(Migration, not_to_a_node_that_leaves_or_is_to_have_no_share) {
  begin({}, [](NodeConfig& config) { config.migration.stay = {}; });
  use(n1, "x", 1);
  const ClaimId held = lock(n2, "y");
  world->weigh(n2, 0);
  use(n2, "x", 1000);
  EXPECT_EQ(status(n1).moved, 0U);
  world->weigh(n2, 1);
  use(n2, "x", 1000);
  EXPECT_EQ(status(n1).moved, 1U);
  unlock(n2, held);
}

TEST_F(Migration, a_tree_follows_the_use_of_what_is_below_its_root) {
  begin();
  const ClaimId root = lock(n1, "orders", Mode::CW);
  const ClaimId theirs = lock(n2, "orders", Mode::CW);
  for (int i = 0; i < 100; ++i) unlock(n2, lock(n2, std::to_string(i), Mode::EX, theirs));
  EXPECT_EQ(status(n1).moved_by_use, 1U) << "though each of them was used but once";
  EXPECT_EQ(world->node(1).served().size(), 0U);
  EXPECT_EQ(world->node(2).served().size(), 1U);
  const ClaimId below = lock(n1, "1", Mode::EX, root);
  EXPECT_EQ(world->node(2).served().size(), 2U);
  unlock(n1, below);
}

TEST_F(Migration, a_queue_and_a_value_go_along) {
  begin();
  const ClaimId ours = lock(n1, "x", Mode::NL);
  const ClaimId held = lock(n2, "x", Mode::EX);
  for (int i = 0; i < 100; ++i) {
    world->call(programs[n2], wire::Convert{.request = RequestId{++requests}, .lock = held, .mode = i % 2 == 0 ? Mode::NL : Mode::EX,
                                            .flags = {Flag::valblk}, .value = "seven"});
    if (i % 10 == 0) world->advance(100ms);  // now and then the copy of the value has been made at the end of a turn
  }
  EXPECT_EQ(status(n1).moved_by_use, 1U);
  world->call(programs[n2], wire::Convert{.request = RequestId{++requests}, .lock = held, .mode = Mode::NL, .flags = {}, .value = {}});
  world->call(programs[n1], wire::Convert{.request = RequestId{++requests}, .lock = ours, .mode = Mode::PR,
                                          .flags = {Flag::valblk}, .value = {}});
  EXPECT_EQ(world->last<wire::Granted>(programs[n1]).value, "seven");
}

}  // namespace
}  // namespace holdfast::node
