// SPDX-License-Identifier: Apache-2.0
// Sub-locks: a resource of its own below each parent's, one master per tree, and parents that stay until their
// last sub-lock is gone.
#include "node/small_world_test.hpp"

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;

struct SubLock : testing::Test {
  SmallWorld world{3};
  std::uint64_t requests = 0;
  ClientConn a = world.connect(NodeId{1}), b = world.connect(NodeId{2});

  // The lock, or none if it is not granted at once.
  ClaimId lock(ClientConn conn, Mode mode, std::string_view name, ClaimId parent = {}, FlagSet flags = {}) {
    world.told(conn);
    world.call(conn, wire::Lock{.request = RequestId{++requests}, .mode = mode, .flags = flags, .parent = parent,
                                .resource = name});
    return world.told(conn).find("Granted") != std::string::npos ? world.last<wire::Granted>(conn).lock : ClaimId{};
  }
  Errc refusal(ClientConn conn, ClaimId parent, std::string_view name = "x") {
    EXPECT_FALSE(lock(conn, Mode::EX, name, parent));
    return world.last<wire::Refused>(conn).status;
  }
  Errc unlock(ClientConn conn, ClaimId id) {
    world.call(conn, wire::Unlock{.request = RequestId{++requests}, .lock = id, .value = {}});
    return world.last<wire::Done>(conn).status;
  }
  void release(ClientConn conn, ClaimId id) { world.call(conn, wire::Release{.lock = id, .value = {}}); }
  // The masters of all resources that match, in the order of their keys.
  std::string tree(ClientConn conn, std::string_view pattern = "*") {
    world.told(conn);
    world.call(conn, wire::Query{.request = RequestId{++requests}, .lockspace_pattern = "*", .name_pattern = pattern,
                                 .after_key = {}});
    std::string text, lines = world.told(conn);
    for (std::size_t at = 0; (at = lines.find("ResourceRow", at)) != std::string::npos; ++at) {
      const std::size_t master = lines.find("master=", at) + 7;
      text += "n" + lines.substr(master, lines.find(' ', master) - master) + " ";
    }
    return text;
  }
};

TEST_F(SubLock, are_resources_of_their_own_below_each_parent) {
  const ClaimId orders = lock(a, Mode::CW, "orders"), bills = lock(a, Mode::CW, "bills");
  EXPECT_TRUE(lock(a, Mode::EX, "17", orders));
  EXPECT_TRUE(lock(a, Mode::EX, "17", bills)) << "the same name below another parent";
  EXPECT_TRUE(lock(a, Mode::EX, "17")) << "and below none";
  const ClaimId theirs = lock(b, Mode::CW, "orders");
  EXPECT_FALSE(lock(b, Mode::PR, "17", theirs, {Flag::noqueue})) << "another owner's lock on the same resource";
  EXPECT_TRUE(lock(b, Mode::EX, "18", theirs));
}

TEST_F(SubLock, keep_their_parents) {
  const ClaimId root = lock(a, Mode::CW, "orders");
  const ClaimId order = lock(a, Mode::CW, "17", root);
  const ClaimId line = lock(a, Mode::EX, "3", order);
  ASSERT_TRUE(line);
  EXPECT_EQ(unlock(a, root), Errc::has_children);
  EXPECT_EQ(unlock(a, order), Errc::has_children);
  EXPECT_EQ(unlock(a, line), Errc::ok);
  EXPECT_EQ(unlock(a, order), Errc::ok);
  EXPECT_EQ(unlock(a, root), Errc::ok);
  EXPECT_TRUE(lock(b, Mode::EX, "orders", {}, {Flag::noqueue}));
}

TEST_F(SubLock, a_parent_that_is_given_up_goes_with_the_last_of_them) {
  const ClaimId root = lock(a, Mode::EX, "orders");
  const ClaimId one = lock(a, Mode::EX, "1", root), two = lock(a, Mode::EX, "2", root);
  release(a, root);
  EXPECT_FALSE(lock(b, Mode::PR, "orders", {}, {Flag::noqueue}));
  EXPECT_EQ(refusal(a, root), Errc::busy) << "no new ones below it";
  release(a, one);
  EXPECT_FALSE(lock(b, Mode::PR, "orders", {}, {Flag::noqueue}));
  EXPECT_EQ(unlock(a, two), Errc::ok);
  EXPECT_TRUE(lock(b, Mode::PR, "orders", {}, {Flag::noqueue}));
}

TEST_F(SubLock, a_given_up_parent_writes_its_value_when_its_program_dies_and_is_no_orphan) {
  const ClaimId keeper = lock(b, Mode::NL, "orders");
  ASSERT_TRUE(keeper);
  const ClaimId root = lock(a, Mode::EX, "orders", {}, {Flag::persistent});
  ASSERT_TRUE(lock(a, Mode::EX, "1", root));
  world.call(a, wire::Release{.lock = root, .flags = {Flag::valblk}, .value = "last"});
  world.close(a);
  const ClaimId reader = lock(b, Mode::PR, "orders", {}, {Flag::valblk, Flag::noqueue});
  ASSERT_TRUE(reader);
  EXPECT_EQ(world.last<wire::Granted>(b).value, "last");
  EXPECT_EQ(world.last<wire::Granted>(b).value_state, ValueState::valid);
}

TEST_F(SubLock, a_parent_that_goes_while_room_is_made_for_its_sub_lock_is_missed) {
  world.check_no_more();
  const ClaimId root = lock(a, Mode::NL, "p");
  ClaimId last;
  for (std::uint32_t i = 0; i < limits::waiters_per_resource_max; ++i) last = lock(a, Mode::NL, "x", root);
  ASSERT_TRUE(last);
  world.slot(a).allow();
  ASSERT_TRUE(world.slot(a).put(last));  // given up, and nobody has looked yet
  EXPECT_TRUE(lock(a, Mode::NL, "x", root)) << "there is room";
  world.slot(a).allow();
  ASSERT_TRUE(world.slot(a).put(root));
  EXPECT_NE(refusal(a, root), Errc::ok);
}

TEST_F(SubLock, need_a_parent_that_is_held_and_is_ours) {
  const ClaimId theirs = lock(b, Mode::EX, "orders");
  EXPECT_NE(refusal(a, theirs), Errc::ok);
  EXPECT_EQ(refusal(a, ClaimId{4711}), Errc::no_such_lock);
  ASSERT_FALSE(lock(a, Mode::EX, "orders"));
  const auto waiting = world.last<wire::Waiting>(a);
  EXPECT_EQ(refusal(a, waiting.lock), Errc::busy);
  const ClaimId deep = lock(a, Mode::NL, std::string(255, 'n'));
  ClaimId parent = deep;
  for (int i = 0; i < 3; ++i) parent = lock(a, Mode::NL, std::string(255, 'n'), parent);
  ASSERT_TRUE(parent);
  EXPECT_EQ(refusal(a, parent), Errc::name_too_long);
}

TEST_F(SubLock, end_with_their_session_as_their_parents_do) {
  const ClaimId root = lock(a, Mode::EX, "orders");
  ASSERT_TRUE(lock(a, Mode::EX, "1", lock(a, Mode::EX, "17", root)));
  world.close(a);
  const ClaimId theirs = lock(b, Mode::EX, "orders", {}, {Flag::noqueue});
  ASSERT_TRUE(theirs);
  const ClaimId below = lock(b, Mode::EX, "17", theirs, {Flag::noqueue});
  ASSERT_TRUE(below);
  EXPECT_TRUE(lock(b, Mode::EX, "1", below, {Flag::noqueue}));
}

TEST_F(SubLock, of_one_tree_have_one_master_whoever_asks) {
  const ClaimId root = lock(a, Mode::CW, "orders");
  const ClaimId theirs = lock(b, Mode::CW, "orders");
  ASSERT_TRUE(lock(b, Mode::EX, "17", theirs)) << "b asks first for this one";
  ASSERT_TRUE(lock(b, Mode::EX, "18", theirs));
  ASSERT_TRUE(lock(a, Mode::EX, "19", root));
  EXPECT_EQ(tree(a), "n1 n1 n1 n1 ");
  EXPECT_EQ(tree(b, "orders"), "n1 ");
  EXPECT_EQ(tree(b, "orders::1?"), "n1 n1 n1 ");
}

TEST_F(SubLock, survive_their_master_together) {
  const ClaimId root = lock(a, Mode::CW, "orders");
  ASSERT_TRUE(root);
  const ClaimId theirs = lock(b, Mode::CW, "orders");
  const ClaimId below = lock(b, Mode::EX, "17", theirs);
  ASSERT_TRUE(below);
  world.crash(NodeId{1});
  world.advance(10s);
  const std::string masters = tree(b);
  EXPECT_TRUE(masters == "n2 n2 " || masters == "n3 n3 ") << masters;
  const ClientConn c = world.connect(NodeId{3});
  EXPECT_FALSE(lock(c, Mode::PR, "17", lock(c, Mode::CW, "orders"), {Flag::noqueue})) << "it is still held";
  EXPECT_EQ(unlock(b, theirs), Errc::has_children);
  EXPECT_EQ(unlock(b, below), Errc::ok);
  EXPECT_EQ(unlock(b, theirs), Errc::ok);
}

}  // namespace
}  // namespace holdfast::node
