// SPDX-License-Identifier: Apache-2.0
// A value and the loss of its master: what was answered comes back as it was, what is in doubt says so.
#include "cluster/homes.hpp"
#include "model/name.hpp"
#include "node/node.hpp"
#include "node/small_world_test.hpp"

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;
constexpr NodeId n1{1}, n2{2}, n3{3}, n4{4};
const Owner root{.pid = 1, .uid = 0, .user = "root", .command = "test", .label = {}};
const FlagSet with_value{Flag::valblk};

class SecondCopy : public testing::Test {
 protected:
  // The first who asks becomes master; `name` is at home elsewhere, or here, as the test needs it.
  ClaimId hold(ClientConn conn, Mode mode) {
    world.call(conn, wire::Lock{.request = RequestId{++requests_}, .mode = mode, .flags = {}, .resource = name});
    return world.last<wire::Granted>(conn).lock;
  }
  void convert(ClientConn conn, ClaimId lock, Mode mode, std::string_view value = {}) {
    world.call(conn, wire::Convert{.request = RequestId{++requests_}, .lock = lock, .mode = mode, .flags = with_value,
                                   .value = value});
  }
  void unlock(ClientConn conn, ClaimId lock, std::string_view value) {
    world.call(conn, wire::Unlock{.request = RequestId{++requests_}, .lock = lock, .flags = with_value, .value = value});
  }
  // "seven", or "seven?" if it is in doubt; "-" where nobody ever wrote.
  std::string read(ClientConn conn, ClaimId lock) {
    convert(conn, lock, Mode::PR);
    const auto granted = world.last<wire::Granted>(conn);
    EXPECT_EQ(granted.mode, Mode::PR);
    const std::string value(granted.value);  // it lives until the next answer
    convert(conn, lock, Mode::NL);
    if (granted.value_state == ValueState::never_written) return "-";
    return value + (granted.value_state == ValueState::doubtful ? "?" : "");
  }
  void lose(NodeId node) {
    world.crash(node);
    world.advance(20s);
  }
  // Who was told of a value since the last look.
  NodeId keeper() {
    NodeId keeper;
    for (const std::string& line : world.traffic())
      if (line.ends_with(" ValueCopy")) keeper = NodeId{static_cast<std::uint32_t>(line[5] - '0')};
    return keeper;
  }

  SmallWorld world{4};
  std::string name = "x";

 private:
  std::uint64_t requests_ = 0;
};

TEST_F(SecondCopy, what_was_written_at_the_lost_master_itself_comes_back) {
  const ClientConn a = world.connect(n1), b = world.connect(n2);
  const ClaimId writer = hold(a, Mode::EX);
  const ClaimId keeps = (convert(a, writer, Mode::NL, "first"), hold(b, Mode::NL));
  convert(a, writer, Mode::EX);
  convert(a, writer, Mode::NL, "seven");
  ASSERT_NE(keeper(), NodeId{});
  lose(n1);
  EXPECT_EQ(read(b, keeps), "seven");
}

TEST_F(SecondCopy, also_if_its_writer_has_gone_with_its_last_write) {
  const ClientConn a = world.connect(n1), b = world.connect(n2);
  const ClaimId writer = hold(a, Mode::EX);
  convert(a, writer, Mode::NL, "first");
  const ClaimId keeps = hold(b, Mode::NL);
  convert(a, writer, Mode::EX);
  unlock(a, writer, "seven");
  lose(n1);
  EXPECT_EQ(read(b, keeps), "seven");
}

TEST_F(SecondCopy, a_writer_that_is_lost_with_the_master_leaves_doubt) {
  const ClientConn a = world.connect(n1), b = world.connect(n2);
  const ClaimId writer = hold(a, Mode::EX);
  convert(a, writer, Mode::NL, "first");
  const ClaimId keeps = hold(b, Mode::NL);
  convert(a, writer, Mode::PW);
  lose(n1);
  EXPECT_EQ(read(b, keeps), "first?");
}

TEST_F(SecondCopy, a_writer_that_lives_leaves_none) {
  const ClientConn a = world.connect(n1), b = world.connect(n2);
  const ClaimId first = hold(a, Mode::EX);
  convert(a, first, Mode::NL, "first");
  const ClaimId writer = hold(b, Mode::NL);
  convert(b, writer, Mode::EX);
  lose(n1);
  convert(b, writer, Mode::NL, "second");
  EXPECT_EQ(read(b, writer), "second");
}

TEST_F(SecondCopy, is_made_again_where_its_keeper_is_lost) {
  const ClientConn a = world.connect(n1);
  const ClaimId writer = hold(a, Mode::EX);
  convert(a, writer, Mode::NL, "seven");
  const NodeId first = keeper();
  const NodeId other = first == n2 ? n3 : n2;
  const ClientConn b = world.connect(other);
  const ClaimId keeps = hold(b, Mode::NL);
  lose(first);
  const NodeId second = keeper();
  EXPECT_NE(second, first);
  ASSERT_NE(second, NodeId{});
  lose(n1);
  EXPECT_EQ(read(b, keeps), "seven");
}

// Nobody may know of what could still be lost.
TEST_F(SecondCopy, nothing_is_answered_before_it_is_there) {
  const ClientConn a = world.connect(n1), b = world.connect(n1);
  const ClaimId writer = hold(a, Mode::EX);
  convert(a, writer, Mode::NL, "first");
  const NodeId silent = keeper();
  convert(a, writer, Mode::EX);
  const ClaimId reader = hold(b, Mode::NL);
  convert(b, reader, Mode::PR);
  world.silence(silent);
  (void)world.told(a);
  (void)world.told(b);
  convert(a, writer, Mode::NL, "second");
  EXPECT_EQ(world.told(a), "");
  EXPECT_EQ(world.told(b), "");
  world.crash(silent);
  EXPECT_NE(world.told(a).find("Granted"), std::string::npos);
  EXPECT_EQ(world.last<wire::Granted>(b).value, "second");
}

TEST_F(SecondCopy, goes_with_the_last_lock) {
  const ClientConn a = world.connect(n1), b = world.connect(n2);
  const ClaimId writer = hold(a, Mode::EX);
  convert(a, writer, Mode::NL, "first");
  unlock(a, writer, "");
  const ClaimId fresh = hold(b, Mode::NL);
  lose(n1);
  EXPECT_EQ(read(b, fresh), "-");
}

TEST_F(SecondCopy, a_name_that_nobody_else_uses_costs_no_message) {
  const ClientConn a = world.connect(n1);
  for (int i = 0; i < 3; ++i) unlock(a, hold(a, Mode::EX), "text");
  EXPECT_EQ(keeper(), NodeId{});
}

TEST_F(SecondCopy, belongs_to_the_new_master_after_a_move) {
  const ClientConn op = world.connect(n2, root);
  const ClientConn a = world.connect(n1), b = world.connect(n2);
  const ClaimId writer = hold(a, Mode::EX);
  convert(a, writer, Mode::NL, "first");
  const ClaimId keeps = hold(b, Mode::NL);
  world.call(op, wire::Move{.request = RequestId{99}, .lockspace = {}, .to = n4, .resource = name});
  ASSERT_EQ(world.last<wire::Done>(op).status, Errc::ok);
  convert(a, writer, Mode::EX);
  convert(a, writer, Mode::NL, "second");
  lose(n4);
  EXPECT_EQ(read(b, keeps), "second");
  lose(n1);
  EXPECT_EQ(read(b, keeps), "second") << "the home that rebuilt it had it copied, too";
}

TEST_F(SecondCopy, survives_a_second_loss_in_the_middle_of_the_rebuilding) {
  const ClientConn a = world.connect(n1), b = world.connect(n2);
  const ClaimId writer = hold(a, Mode::EX);
  convert(a, writer, Mode::NL, "seven");
  const NodeId kept_at = keeper();
  const ClaimId keeps = hold(b, Mode::NL);
  world.crash(n1);  // its lease is not over: nothing is rebuilt yet
  const NodeId bystander = kept_at == n3 ? n4 : n3;
  lose(bystander);
  EXPECT_EQ(read(b, keeps), "seven");
}

TEST_F(SecondCopy, with_two_nodes_the_other_one_has_it) {
  SmallWorld two(2);
  const ClientConn a = two.connect(n1), b = two.connect(n2);
  two.call(a, wire::Lock{.request = RequestId{1}, .mode = Mode::EX, .flags = {}, .resource = name});
  const ClaimId writer = two.last<wire::Granted>(a).lock;
  two.call(b, wire::Lock{.request = RequestId{1}, .mode = Mode::NL, .flags = {}, .resource = name});
  const ClaimId keeps = two.last<wire::Granted>(b).lock;
  two.call(a, wire::Convert{.request = RequestId{2}, .lock = writer, .mode = Mode::NL, .flags = with_value, .value = "seven"});
  EXPECT_EQ(two.last<wire::Granted>(a).mode, Mode::NL);
  two.crash(n1);
  two.advance(20s);
  two.call(b, wire::Convert{.request = RequestId{2}, .lock = keeps, .mode = Mode::PR, .flags = with_value, .value = {}});
  EXPECT_EQ(two.last<wire::Granted>(b).value, "seven");
  EXPECT_EQ(two.last<wire::Granted>(b).value_state, ValueState::valid);
}

}  // namespace
}  // namespace holdfast::node
