// SPDX-License-Identifier: Apache-2.0
// Trees that move: what is below a root goes where the root goes, whoever wants that and whatever comes in between.
#include <algorithm>

#include "node/small_world_test.hpp"

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;
constexpr NodeId n1{1}, n2{2}, n3{3}, n4{4};

struct Tree : testing::Test {
  SmallWorld world{4};
  std::uint64_t requests = 0;
  ClientConn op = world.connect(n1, {.pid = 1, .uid = 0, .user = "root", .command = "test", .label = {}});
  ClientConn a = world.connect(n1), b = world.connect(n2);

  // The lock, or none if it is not granted at once.
  ClaimId lock(ClientConn conn, Mode mode, std::string_view name, ClaimId parent = {}, FlagSet flags = {}) {
    world.told(conn);
    world.call(conn, wire::Lock{.request = RequestId{++requests}, .mode = mode, .flags = flags, .parent = parent,
                                .resource = name});
    return world.told(conn).find("Granted") != std::string::npos ? world.last<wire::Granted>(conn).lock : ClaimId{};
  }
  Errc unlock(ClientConn conn, ClaimId id) {
    world.call(conn, wire::Unlock{.request = RequestId{++requests}, .lock = id, .value = {}});
    return world.last<wire::Done>(conn).status;
  }
  wire::Done move(std::string_view name, NodeId to) {
    world.call(op, wire::Move{.request = RequestId{++requests}, .lockspace = {}, .to = to, .resource = name});
    return world.last<wire::Done>(op);
  }
  // How many resources each node is master of, "n1:2 n3:1".
  std::string masters() {
    std::string text;
    for (const std::uint32_t id : {1U, 2U, 3U, 4U}) {
      if (gone.contains(NodeId{id})) continue;
      if (const std::size_t served = world.node(id).served().size(); served > 0)
        text += (text.empty() ? "n" : " n") + std::to_string(id) + ":" + std::to_string(served);
    }
    return text;
  }
  void crash(NodeId id) {
    gone.insert(id);
    world.crash(id);
  }
  std::set<NodeId> gone;
};

TEST_F(Tree, goes_where_its_root_is_moved) {
  const ClaimId root = lock(a, Mode::CW, "orders");
  const ClaimId order = lock(a, Mode::CW, "17", root);
  const ClaimId line = lock(a, Mode::EX, "3", order);
  const ClaimId theirs = lock(b, Mode::CW, "orders");
  ASSERT_TRUE(lock(b, Mode::EX, "18", theirs));
  lock(a, Mode::EX, "orders2");
  ASSERT_EQ(masters(), "n1:5");
  EXPECT_EQ(move("orders", n3).status, Errc::ok);
  EXPECT_EQ(masters(), "n1:1 n3:4") << "and nothing else does";
  EXPECT_FALSE(lock(b, Mode::PR, "3", lock(b, Mode::CW, "17", theirs), {Flag::noqueue})) << "all of it is locked as before";
  EXPECT_EQ(unlock(a, root), Errc::has_children);
  EXPECT_EQ(unlock(a, line), Errc::ok);
  EXPECT_EQ(unlock(a, order), Errc::ok);
  EXPECT_EQ(unlock(a, root), Errc::ok);
  EXPECT_EQ(move("orders", n1).status, Errc::ok);
  EXPECT_EQ(masters(), "n1:4") << "what is left of it, back again";
}

TEST_F(Tree, a_part_of_it_cannot_be_moved_alone) {
  const ClaimId order = lock(a, Mode::CW, "17", lock(a, Mode::CW, "orders"));
  ASSERT_TRUE(lock(a, Mode::EX, "3", order));
  for (const std::string_view name : {"orders::17", "orders::17::3"}) {
    const wire::Done done = move(name, n3);
    EXPECT_EQ(done.status, Errc::not_movable) << name;
    EXPECT_EQ(done.detail, "a sub-lock has the master of its root: move \"orders\", and all that is below it goes along");
  }
  EXPECT_EQ(masters(), "n1:3");
  EXPECT_EQ(move("orders::18", n3).status, Errc::no_such_resource);
  EXPECT_EQ(move("orders::", n3).status, Errc::no_such_resource);
  ASSERT_TRUE(lock(a, Mode::EX, "x::y"));
  EXPECT_EQ(move("x::y", n3).status, Errc::ok) << "a plain name may look like one";
}

TEST_F(Tree, what_is_asked_for_while_its_root_moves_is_not_held_up_and_stays_with_it) {
  const ClaimId root = lock(a, Mode::CW, "orders"), theirs = lock(b, Mode::CW, "orders");
  ASSERT_TRUE(lock(a, Mode::EX, "17", root));
  world.silence(n3);
  world.call(op, wire::Move{.request = RequestId{++requests}, .lockspace = {}, .to = n3, .resource = "orders"});
  EXPECT_TRUE(lock(b, Mode::EX, "18", theirs)) << "its root is on its way";
  EXPECT_EQ(masters(), "n1:2") << "and served nowhere";
  crash(n3);
  world.advance(10s);
  EXPECT_EQ(masters(), "n1:3");
}

TEST_F(Tree, all_of_it_leaves_with_its_master_to_one_node) {
  const ClientConn c = world.connect(n3), d = world.connect(n4);
  for (const std::string_view root : {"orders", "bills", "users", "items"}) {
    ASSERT_TRUE(lock(a, Mode::CW, root));
    const ClaimId of_c = lock(c, Mode::CW, root), of_d = lock(d, Mode::CW, root);
    ASSERT_TRUE(lock(c, Mode::CW, root)) << "c uses it most";
    ASSERT_TRUE(lock(d, Mode::EX, "17", of_d)) << "but not what is below it";
    ASSERT_TRUE(lock(d, Mode::EX, "18", of_d));
    ASSERT_TRUE(lock(c, Mode::EX, "19", of_c));
  }
  ASSERT_TRUE(world.leave(n1));
  gone.insert(n1);
  EXPECT_EQ(masters(), "n3:16");
}

TEST_F(Tree, a_root_follows_what_is_left_below_it) {
  const ClaimId theirs = lock(b, Mode::CW, "orders");
  ASSERT_TRUE(lock(b, Mode::EX, "17", theirs));
  ASSERT_EQ(masters(), "n2:2");
  // Its root is given up by force while the sub-lock stays: what the end of a session can look like in between.
  world.call(b, wire::Unlock{.request = RequestId{++requests}, .lock = theirs, .flags = {Flag::forceunlock}, .value = {}});
  world.advance(60s);
  ASSERT_TRUE(lock(a, Mode::CW, "orders"));
  EXPECT_EQ(masters(), "n2:2") << "though n1 asked first";
}

TEST_F(Tree, one_master_also_for_very_many) {
  world.check_no_more();
  const ClaimId root = lock(a, Mode::CW, "orders");
  constexpr int below = 3000;
  for (int i = 0; i < below; ++i) ASSERT_TRUE(lock(a, Mode::EX, std::to_string(i), root));
  const std::uint32_t before = world.pieces();
  EXPECT_EQ(move("orders", n2).status, Errc::ok);
  EXPECT_EQ(masters(), "n2:" + std::to_string(below + 1));
  EXPECT_GT(world.pieces(), before) << "in many turns, and others come in between";
}

TEST_F(Tree, of_very_many_that_lost_their_master_is_gone_through_once) {
  world.check_no_more();
  const ClaimId root = lock(a, Mode::CW, "orders"), theirs = lock(b, Mode::CW, "orders");
  constexpr int below = 1000;
  for (int i = 0; i < below; ++i) {
    ASSERT_TRUE(lock(a, Mode::CR, std::to_string(i), root));
    ASSERT_TRUE(lock(b, Mode::CR, std::to_string(i), theirs));
  }
  ASSERT_EQ(masters(), "n1:" + std::to_string(below + 1));
  crash(n1);
  const std::uint32_t before = world.pieces();
  world.advance(10s);
  EXPECT_TRUE(masters().ends_with(":" + std::to_string(below + 1))) << masters();
  EXPECT_LT(world.pieces() - before, 5U * below) << "not once for each of them";
}

}  // namespace
}  // namespace holdfast::node
