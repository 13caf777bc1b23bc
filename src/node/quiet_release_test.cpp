// SPDX-License-Identifier: Apache-2.0
// Releases that stand in the release slot: nobody may wait for a lock that its program has given up, whoever
// asks and in whatever way; and nothing else may happen to the lock.
#include "node/small_world_test.hpp"

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;
constexpr NodeId n1{1}, n2{2};
constexpr FlagSet noqueue{Flag::noqueue};

struct QuietRelease : testing::Test {
  QuietRelease() {
    // From the second request on, a resource of its own costs a node no message.
    const ClientConn first = world.connect(n1);
    for (const char* name : {"x", "y"}) {
      world.call(first, lock_call(Mode::NL, name));
      EXPECT_FALSE(world.last<wire::Granted>(first).notes.has(wire::GrantNote::quiet));
    }
  }
  wire::Lock lock_call(Mode mode, std::string_view name, FlagSet flags = {}) {
    return {.request = RequestId{++requests}, .mode = mode, .flags = flags, .resource = name};
  }
  ClaimId held(ClientConn conn, std::string_view name, Mode mode = Mode::EX) {
    const wire::Lock call = lock_call(mode, name);
    world.call(conn, call);
    const auto granted = world.last<wire::Granted>(conn);
    EXPECT_EQ(granted.request, call.request);
    EXPECT_TRUE(granted.notes.has(wire::GrantNote::quiet));
    return granted.lock;
  }
  // Is such a request granted at once?
  bool is_granted(ClientConn conn, std::string_view name, Mode mode = Mode::EX) {
    const wire::Lock call = lock_call(mode, name, noqueue);
    world.told(conn);
    world.call(conn, call);
    return world.told(conn).find("Granted") != std::string::npos;
  }

  SmallWorld world{2};
  std::uint64_t requests = 0;
  ClientConn a = world.connect(n1);
  ClientConn b = world.connect(n1);
  ClientConn far = world.connect(n2);
};

TEST_F(QuietRelease, makes_way_for_others_of_the_node) {
  ASSERT_TRUE(world.slot(a).put(held(a, "x")));
  EXPECT_TRUE(is_granted(b, "x"));
}

TEST_F(QuietRelease, leaves_the_resource_to_whoever_holds_it_next) {
  ASSERT_TRUE(world.slot(a).put(held(a, "x")));
  EXPECT_TRUE(is_granted(b, "x"));
  world.advance(30s);  // much longer than an unused resource is kept
  EXPECT_FALSE(is_granted(far, "x"));
}

TEST_F(QuietRelease, makes_way_for_other_nodes) {
  ASSERT_TRUE(world.slot(a).put(held(a, "x")));
  EXPECT_TRUE(is_granted(far, "x"));
  EXPECT_EQ(world.told(a).find("NoticeEvent"), std::string::npos) << "nothing is wanted from who holds nothing";
}

TEST_F(QuietRelease, makes_way_for_the_program_itself) {
  ASSERT_TRUE(world.slot(a).put(held(a, "x")));
  EXPECT_TRUE(is_granted(a, "x"));
}

TEST_F(QuietRelease, makes_way_for_a_conversion) {
  const ClaimId weak = held(b, "x", Mode::CR);
  ASSERT_TRUE(world.slot(a).put(held(a, "x", Mode::PR)));
  world.told(b);
  world.call(b, wire::Convert{.request = RequestId{++requests}, .lock = weak, .mode = Mode::EX, .value = {}});
  EXPECT_EQ(world.last<wire::Granted>(b).mode, Mode::EX);
}

TEST_F(QuietRelease, is_sent_where_somebody_waits) {
  const ClaimId lock = held(a, "x");
  world.call(far, lock_call(Mode::EX, "x"));
  EXPECT_FALSE(world.slot(a).put(lock)) << "it must be sent, or nobody would hear of it";
  world.call(a, wire::Release{.lock = lock, .value = {}});
  EXPECT_EQ(world.last<wire::Granted>(far).mode, Mode::EX);
  EXPECT_TRUE(world.slot(a).put(held(a, "y"))) << "nobody waits for a program that holds nothing";
}

TEST_F(QuietRelease, stays_forbidden_while_the_program_holds_anything) {
  const ClaimId wanted = held(a, "x");
  const ClaimId other = held(a, "y");
  world.call(b, lock_call(Mode::EX, "x"));
  world.call(a, wire::Release{.lock = other, .value = {}});
  EXPECT_FALSE(world.slot(a).put(wanted));
}

TEST_F(QuietRelease, of_another_lock_is_taken_along) {
  const ClaimId x = held(a, "x");
  ASSERT_TRUE(world.slot(a).put(held(a, "y")));
  EXPECT_FALSE(is_granted(b, "x"));
  EXPECT_TRUE(is_granted(b, "y"));
  world.call(a, wire::Release{.lock = x, .value = {}});
  EXPECT_TRUE(is_granted(b, "x"));
}

// Where there is no second node: elsewhere that one knows of every writer (master_copies.cpp).
TEST_F(QuietRelease, of_a_program_that_died_leaves_no_doubt_about_the_value) {
  world.crash(n2);
  const ClaimId writer = held(b, "x");
  world.call(b, wire::Convert{.request = RequestId{++requests}, .lock = writer, .mode = Mode::NL,
                              .flags = {Flag::valblk}, .value = "text"});
  ASSERT_TRUE(world.slot(a).put(held(a, "x")));
  world.close(a);
  world.call(b, lock_call(Mode::PR, "x", {Flag::valblk}));
  const auto granted = world.last<wire::Granted>(b);
  EXPECT_EQ(granted.value, "text");
  EXPECT_FALSE(granted.notes.has(wire::GrantNote::doubtful));
}

TEST_F(QuietRelease, is_no_lock_in_a_query) {
  ASSERT_TRUE(world.slot(a).put(held(a, "x")));
  world.told(far);
  world.call(far, wire::Query{.request = RequestId{++requests}, .lockspace_pattern = "*", .name_pattern = "x"});
  const std::string rows = world.told(far);
  EXPECT_EQ(rows.find("mode=EX"), std::string::npos) << rows;
  EXPECT_EQ(rows.find("granted=EX"), std::string::npos) << rows;
}

TEST_F(QuietRelease, of_what_is_not_its_own_is_refused) {
  const ClaimId mine = held(a, "x");
  ASSERT_TRUE(world.slot(b).put(mine));
  held(b, "y");
  EXPECT_FALSE(is_granted(far, "x"));
  EXPECT_FALSE(is_granted(far, "y"));
}

}  // namespace
}  // namespace holdfast::node
