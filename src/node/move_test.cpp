// SPDX-License-Identifier: Apache-2.0
// Masters that move while everybody lives, and nodes that leave. View changes in the middle are the simulator's.
#include "node/node.hpp"
#include "node/small_world_test.hpp"

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;
constexpr NodeId n1{1}, n2{2}, n3{3};
const Owner root{.pid = 1, .uid = 0, .user = "root", .command = "test", .label = {}};

wire::Lock lock_call(std::uint64_t request, Mode mode, std::string_view name, FlagSet flags = {}) {
  return {.request = RequestId{request}, .mode = mode, .flags = flags, .resource = name};
}

wire::Unlock unlock_call(std::uint64_t request, ClaimId lock) {
  return {.request = RequestId{request}, .lock = lock, .value = {}};
}

Errc move(SmallWorld& world, ClientConn conn, std::string_view name, NodeId to) {
  world.call(conn, wire::Move{.request = RequestId{99}, .lockspace = {}, .to = to, .resource = name});
  return world.last<wire::Done>(conn).status;
}

std::size_t locks_mastered(SmallWorld& world, NodeId node) { return world.node(node.value()).mastered().size(); }

TEST(Move, a_resource_moves_with_its_queue_and_its_value) {
  SmallWorld world(3);
  const ClientConn op = world.connect(n2, root);
  const ClientConn a = world.connect(n1), b = world.connect(n2), c = world.connect(n3);
  world.call(a, lock_call(1, Mode::EX, "x"));
  const auto first = world.last<wire::Granted>(a);
  world.call(a, wire::Convert{.request = RequestId{2}, .lock = first.lock, .mode = Mode::EX, .flags = {Flag::valblk}, .value = {}});
  world.call(b, lock_call(1, Mode::PR, "x", {Flag::valblk}));
  world.call(c, lock_call(1, Mode::EX, "x"));
  ASSERT_EQ(locks_mastered(world, n1), 1U);
  ASSERT_EQ(move(world, op, "x", n3), Errc::ok);
  EXPECT_EQ(locks_mastered(world, n1), 0U);
  EXPECT_EQ(locks_mastered(world, n3), 1U);

  world.call(a, wire::Unlock{.request = RequestId{3}, .lock = first.lock, .flags = {Flag::valblk}, .value = "seven"});
  EXPECT_EQ(world.last<wire::Done>(a).status, Errc::ok);
  const auto second = world.last<wire::Granted>(b);
  EXPECT_GT(second.token, first.token);
  EXPECT_EQ(second.value, "seven");
  EXPECT_EQ(second.value_state, ValueState::valid);
  world.call(b, unlock_call(2, second.lock));
  EXPECT_GT(world.last<wire::Granted>(c).token, second.token);
}

TEST(Move, newcomers_find_the_new_master) {
  SmallWorld world(3);
  const ClientConn op = world.connect(n1, root);
  const ClientConn a = world.connect(n1), b = world.connect(n2);
  world.call(a, lock_call(1, Mode::PR, "x"));
  ASSERT_EQ(move(world, op, "x", n3), Errc::ok);
  world.call(b, lock_call(1, Mode::PR, "x"));
  EXPECT_EQ(world.last<wire::Granted>(b).mode, Mode::PR);
  EXPECT_EQ(locks_mastered(world, n3), 2U);
}

TEST(Move, whoever_knew_the_old_master_and_has_nothing_there_finds_the_new_one) {
  SmallWorld world(3);
  const ClientConn op = world.connect(n1, root);
  const ClientConn a = world.connect(n1), b = world.connect(n2);
  world.call(a, lock_call(1, Mode::PR, "x"));
  world.call(b, lock_call(1, Mode::PR, "x"));
  world.call(b, unlock_call(2, world.last<wire::Granted>(b).lock));
  ASSERT_EQ(move(world, op, "x", n3), Errc::ok);
  world.call(b, lock_call(3, Mode::PR, "x"));
  EXPECT_EQ(world.last<wire::Granted>(b).request, RequestId{3});
  world.call(b, unlock_call(4, world.last<wire::Granted>(b).lock));
  EXPECT_EQ(world.last<wire::Done>(b).request, RequestId{4});
}

TEST(Move, there_and_back_again) {
  SmallWorld world(3);
  const ClientConn op = world.connect(n1, root);
  const ClientConn a = world.connect(n1), b = world.connect(n2);
  world.call(a, lock_call(1, Mode::EX, "x"));
  world.call(b, lock_call(1, Mode::EX, "x"));
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(move(world, op, "x", n2), Errc::ok) << i;
    ASSERT_EQ(move(world, op, "x", n1), Errc::ok) << i;
  }
  world.call(a, unlock_call(2, world.last<wire::Granted>(a).lock));
  EXPECT_EQ(world.last<wire::Granted>(b).mode, Mode::EX);
}

TEST(Move, what_cannot_be_moved_is_refused) {
  SmallWorld world(3);
  const ClientConn op = world.connect(n1, root);
  EXPECT_EQ(move(world, op, "nobody/uses/it", n2), Errc::no_such_resource);
  EXPECT_EQ(move(world, op, "x", NodeId{9}), Errc::no_such_node);
  const ClientConn a = world.connect(n1, {.pid = 2, .uid = 1000, .user = "u", .command = "test", .label = {}});
  EXPECT_EQ(move(world, a, "x", n2), Errc::not_permitted);
  SmallWorld homes(3, {.mastering = Mastering::home});
  const ClientConn other = homes.connect(n1, root);
  homes.call(other, lock_call(1, Mode::EX, "x"));
  EXPECT_EQ(move(homes, other, "x", n2), Errc::not_movable);
}

TEST(Leave, hands_over_what_it_masters_and_nobody_waits) {
  SmallWorld world(3);
  std::vector<ClientConn> clients;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "r" + std::to_string(i);
    const ClientConn a = world.connect(n1), b = world.connect(n2), c = world.connect(n3);
    world.call(a, lock_call(1, Mode::EX, name));
    world.call(b, lock_call(1, Mode::EX, name, {Flag::valblk}));
    world.call(c, lock_call(1, Mode::EX, name));
    const auto held = world.last<wire::Granted>(a);
    world.call(a, wire::Unlock{.request = RequestId{2}, .lock = held.lock, .flags = {Flag::valblk}, .value = "v"});
    clients.push_back(b);
  }
  ASSERT_TRUE(world.leave(n1));
  for (const ClientConn b : clients) {
    const auto held = world.last<wire::Granted>(b);
    world.call(b, wire::Convert{.request = RequestId{7}, .lock = held.lock, .mode = Mode::NL, .flags = {}, .value = {}});
    EXPECT_EQ(world.last<wire::Granted>(b).request, RequestId{7});
    EXPECT_EQ(world.told(b).find("Lost"), std::string::npos);
  }
  const ClientConn late = world.connect(n3);
  world.call(late, lock_call(1, Mode::NL, "r0", {Flag::valblk}));
  EXPECT_EQ(world.last<wire::Granted>(late).value_state, ValueState::valid);
  for (int i = 100; i < 140; ++i) {
    world.call(late, lock_call(static_cast<std::uint64_t>(i), Mode::EX, "new" + std::to_string(i)));
    EXPECT_EQ(world.last<wire::Granted>(late).request.value(), static_cast<std::uint64_t>(i)) << "it waits for nobody's lease";
  }
}

TEST(Leave, ends_what_its_programs_hold) {
  SmallWorld world(3);
  const ClientConn a = world.connect(n2), b = world.connect(n1);
  world.call(a, lock_call(1, Mode::EX, "x"));
  world.call(b, lock_call(1, Mode::EX, "x"));
  ASSERT_TRUE(world.leave(n2)) << "as soon as the lease of the program is over, which may be busy still";
  EXPECT_EQ(world.last<wire::Granted>(b).mode, Mode::EX);
}

TEST(Leave, nobody_comes_in_any_more) {
  SmallWorld world(2);
  world.shut_down(n2);
  const ClientConn late = world.connect(n2);
  EXPECT_EQ(world.last<wire::Ended>(late).status, Errc::shutting_down);
}

TEST(Leave, who_comes_back_is_not_leaving_any_more) {
  SmallWorld world(2);
  const ClientConn a = world.connect(n1), op = world.connect(n1, root);
  world.call(a, lock_call(1, Mode::EX, "x"));
  world.shut_down(n2);
  EXPECT_EQ(move(world, op, "x", n2), Errc::no_such_node) << "it takes nothing over";
  world.replace(n2);  // the next view has its other life already
  EXPECT_EQ(move(world, op, "x", n2), Errc::ok);
}

TEST(Leave, whom_nobody_reaches_is_not_waited_for) {
  SmallWorld world(2);
  const ClientConn a = world.connect(n1);
  world.call(a, lock_call(1, Mode::EX, "x"));
  world.call(a, unlock_call(2, world.last<wire::Granted>(a).lock));
  world.cut(n1, n2);
  EXPECT_TRUE(world.leave(n1)) << "though it masters a name that it can give to nobody";
}

TEST(Leave, the_last_one_just_goes) {
  SmallWorld world(1);
  const ClientConn a = world.connect(n1);
  world.call(a, lock_call(1, Mode::EX, "x"));
  EXPECT_TRUE(world.leave(n1));
}

}  // namespace
}  // namespace holdfast::node
