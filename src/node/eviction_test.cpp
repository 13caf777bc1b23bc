// SPDX-License-Identifier: Apache-2.0
// Locks that are ended by force: exactly the one that was meant, its program told, nobody let in before it knows.
#include <gmock/gmock.h>

#include "node/small_world_test.hpp"

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
constexpr NodeId n1{1}, n2{2}, n3{3};

struct Forced : testing::Test {
  ClientConn program(NodeId at, std::uint32_t pid, std::uint32_t uid = 0) {
    return world.connect(at, {.pid = pid, .uid = uid, .user = "u" + std::to_string(uid), .command = "job", .label = {}});
  }
  wire::Granted hold(ClientConn conn, Mode mode = Mode::EX, std::string_view name = "x", FlagSet flags = {}) {
    const wire::Lock call{.request = RequestId{++requests}, .mode = mode, .flags = flags, .resource = name};
    world.call(conn, call);
    const auto granted = world.last<wire::Granted>(conn);
    EXPECT_EQ(granted.request, call.request);
    return granted;
  }
  void want(ClientConn conn, Mode mode = Mode::EX, std::string_view name = "x") {
    world.call(conn, wire::Lock{.request = RequestId{++requests}, .mode = mode, .resource = name});
  }
  void evict(ClientConn who, NodeId node, ClaimId lock, Token token, Duration grace = {}) {
    world.call(who, wire::Evict{.request = RequestId{++requests}, .node = node, .incarnation = {}, .lock = lock,
                                .token = token, .grace = grace, .reason = "it stands still"});
  }
  // The program reads what it is told, which a real one confirms.
  void reads(ClientConn conn) {
    world.call(conn, wire::LostSeen{.lock = world.last<wire::LostEvent>(conn).lock});
  }
  bool is_granted(ClientConn conn) { return world.told(conn).find("Granted") != std::string::npos; }

  SmallWorld world{3};
  std::uint64_t requests = 0;
  ClientConn holder = program(n2, 20, 7);
  ClientConn waiter = program(n3, 30, 8);
  ClientConn root = program(n1, 10);
};

TEST_F(Forced, a_held_lock_goes_to_the_next_when_its_program_knows) {
  const wire::Granted held = hold(holder);
  want(waiter);
  evict(root, n2, held.lock, held.token);
  const auto lost = world.last<wire::LostEvent>(holder);
  EXPECT_EQ(lost.lock, held.lock);
  EXPECT_EQ(lost.status, Errc::forced_out);
  EXPECT_THAT(std::string(lost.detail), HasSubstr("pid 10 (job) of user u0 on node 1"));
  EXPECT_THAT(std::string(lost.detail), HasSubstr("it stands still"));
  EXPECT_FALSE(is_granted(waiter));
  EXPECT_THAT(world.told(root), Not(HasSubstr("Evicted")));
  reads(holder);
  EXPECT_TRUE(is_granted(waiter));
  EXPECT_GT(world.last<wire::Granted>(waiter).token, held.token);
  EXPECT_EQ(world.last<wire::Evicted>(root).outcome, EvictOutcome::forced);
}

TEST_F(Forced, a_program_that_does_not_read_keeps_others_waiting_for_a_lease) {
  const wire::Granted held = hold(holder);
  want(waiter);
  evict(root, n2, held.lock, held.token);
  world.advance(limits::lease_default - 200ms);
  EXPECT_FALSE(is_granted(waiter));
  world.advance(400ms);
  EXPECT_TRUE(is_granted(waiter));
  reads(holder);  // late, and of no interest any more
  EXPECT_EQ(world.last<wire::Evicted>(root).outcome, EvictOutcome::forced);
}

TEST_F(Forced, its_other_locks_stay) {
  const wire::Granted held = hold(holder);
  const wire::Granted other = hold(holder, Mode::EX, "y");
  evict(root, n2, held.lock, held.token);
  reads(holder);
  world.call(holder, wire::Unlock{.request = RequestId{++requests}, .lock = other.lock, .value = {}});
  EXPECT_EQ(world.last<wire::Done>(holder).status, Errc::ok);
}

TEST_F(Forced, the_program_is_told_beforehand_and_may_give_it_up) {
  const wire::Granted held = hold(holder);
  want(waiter);
  evict(root, n2, held.lock, held.token, 10s);
  const auto notice = world.last<wire::EvictionNotice>(holder);
  EXPECT_EQ(notice.lock, held.lock);
  EXPECT_EQ(notice.left, Duration(10s));
  EXPECT_EQ(notice.by.pid, 10U);
  EXPECT_EQ(notice.reason, "it stands still");
  world.advance(5s);
  EXPECT_FALSE(is_granted(waiter));
  world.call(holder, wire::Unlock{.request = RequestId{++requests}, .lock = held.lock, .value = {}});
  EXPECT_TRUE(is_granted(waiter));
  EXPECT_EQ(world.last<wire::Evicted>(root).outcome, EvictOutcome::given_up);
}

TEST_F(Forced, the_grace_time_is_waited_for) {
  const wire::Granted held = hold(holder);
  evict(root, n2, held.lock, held.token, 2s);
  world.advance(1900ms);
  EXPECT_THAT(world.told(holder), Not(HasSubstr("LostEvent")));
  world.advance(200ms);
  EXPECT_THAT(world.told(holder), HasSubstr("LostEvent"));
}

TEST_F(Forced, a_lock_that_was_converted_in_time_stays) {
  const wire::Granted held = hold(holder);
  evict(root, n2, held.lock, held.token, 2s);
  world.call(holder, wire::Convert{.request = RequestId{++requests}, .lock = held.lock, .mode = Mode::NL, .value = {}});
  world.advance(3s);
  EXPECT_THAT(world.told(holder), Not(HasSubstr("LostEvent")));
  EXPECT_EQ(world.last<wire::Done>(root).status, Errc::no_such_lock);
}

TEST_F(Forced, another_grant_than_the_one_that_was_seen_is_refused) {
  const wire::Granted first = hold(holder);
  world.call(holder, wire::Unlock{.request = RequestId{++requests}, .lock = first.lock, .value = {}});
  const wire::Granted second = hold(holder);
  for (const auto& [lock, token] : {std::pair(first.lock, first.token), std::pair(first.lock, second.token),
                                    std::pair(second.lock, first.token), std::pair(second.lock, Token{})}) {
    evict(root, n2, lock, token);
    EXPECT_EQ(world.last<wire::Done>(root).status, Errc::no_such_lock);
    EXPECT_EQ(world.last<wire::Done>(root).request, RequestId{requests});
  }
  EXPECT_THAT(world.told(holder), Not(HasSubstr("LostEvent")));
}

TEST_F(Forced, only_operators_and_the_user_himself_may) {
  const wire::Granted held = hold(holder);
  evict(waiter, n2, held.lock, held.token);
  EXPECT_EQ(world.last<wire::Done>(waiter).status, Errc::not_permitted);
  const ClientConn same_user = program(n1, 40, 7);
  evict(same_user, n2, held.lock, held.token);
  reads(holder);
  EXPECT_EQ(world.last<wire::Evicted>(same_user).outcome, EvictOutcome::forced);
}

TEST_F(Forced, a_request_that_waits_is_taken_back) {
  const wire::Granted held = hold(holder);
  want(waiter);
  const ClaimId waits = world.last<wire::Waiting>(waiter).lock;
  evict(root, n3, waits, held.token);
  EXPECT_EQ(world.last<wire::Done>(root).status, Errc::no_such_lock);
  evict(root, n3, waits, {}, 10s);  // nobody has to wait for that
  EXPECT_EQ(world.last<wire::Refused>(waiter).status, Errc::forced_out);
  EXPECT_EQ(world.last<wire::Evicted>(root).outcome, EvictOutcome::cancelled);
}

TEST_F(Forced, a_conversion_under_way_ends_with_its_lock) {
  const wire::Granted held = hold(holder, Mode::PR);
  const wire::Granted other = hold(waiter, Mode::PR);
  world.call(holder, wire::Convert{.request = RequestId{++requests}, .lock = held.lock, .mode = Mode::EX, .value = {}});
  evict(root, n2, held.lock, held.token);
  EXPECT_EQ(world.last<wire::Refused>(holder).status, Errc::forced_out);
  reads(holder);
  world.call(waiter, wire::Convert{.request = RequestId{++requests}, .lock = other.lock, .mode = Mode::EX, .value = {}});
  EXPECT_TRUE(is_granted(waiter));
}

TEST_F(Forced, what_comes_of_a_conversion_that_cannot_fail_is_known_first) {
  (void)hold(waiter, Mode::NL);  // so that node 3 is the master
  const wire::Granted held = hold(holder);
  world.silence(n3);
  world.call(holder, wire::Convert{.request = RequestId{++requests}, .lock = held.lock, .mode = Mode::PR,
                                   .flags = {Flag::valblk}, .value = "v"});
  evict(root, n2, held.lock, held.token);
  EXPECT_THAT(world.told(holder), Not(HasSubstr("forced_out")));
  world.crash(n3);
  world.advance(1s);
  EXPECT_THAT(world.told(holder), HasSubstr("Granted"));
  EXPECT_EQ(world.last<wire::Done>(root).status, Errc::no_such_lock);
}

TEST_F(Forced, a_release_that_crosses_it_counts_as_knowing) {
  const wire::Granted held = hold(holder);
  want(waiter);
  evict(root, n2, held.lock, held.token);
  world.call(holder, wire::Release{.lock = held.lock, .flags = {}, .value = {}});
  EXPECT_TRUE(is_granted(waiter));
}

TEST_F(Forced, an_unlock_that_crosses_it_is_told_so) {
  const wire::Granted held = hold(holder);
  want(waiter);
  evict(root, n2, held.lock, held.token);
  world.call(holder, wire::Unlock{.request = RequestId{++requests}, .lock = held.lock, .flags = {Flag::valblk},
                                  .value = "too late"});
  EXPECT_EQ(world.last<wire::Done>(holder).status, Errc::no_such_lock);
  EXPECT_TRUE(is_granted(waiter));
}

TEST_F(Forced, a_program_that_dies_meanwhile_is_not_waited_for) {
  const wire::Granted held = hold(holder);
  want(waiter);
  evict(root, n2, held.lock, held.token);
  world.hang_up(holder);
  EXPECT_TRUE(is_granted(waiter));
}

TEST_F(Forced, what_its_holder_may_have_written_is_doubtful) {
  (void)hold(root, Mode::NL);  // or the value would go with the last lock
  const wire::Granted first = hold(holder, Mode::EX, "x");
  world.call(holder, wire::Unlock{.request = RequestId{++requests}, .lock = first.lock, .flags = {Flag::valblk},
                                  .value = "v"});
  const wire::Granted held = hold(holder, Mode::PW);
  const ClientConn reader = program(n3, 31);
  (void)hold(reader, Mode::CR, "x", {Flag::valblk});
  EXPECT_EQ(world.last<wire::Granted>(reader).value_state, ValueState::valid);
  evict(root, n2, held.lock, held.token);
  reads(holder);
  (void)hold(reader, Mode::PR, "x", {Flag::valblk});
  EXPECT_EQ(world.last<wire::Granted>(reader).value_state, ValueState::doubtful);
}

TEST_F(Forced, an_orphan_goes_at_once) {
  const ClientConn daemon = program(n2, 21);
  const wire::Granted held = hold(daemon, Mode::EX, "x", {Flag::persistent});
  world.hang_up(daemon);
  want(waiter);
  EXPECT_FALSE(is_granted(waiter));
  evict(root, n2, held.lock, held.token, 10s);
  EXPECT_TRUE(is_granted(waiter));
  EXPECT_EQ(world.last<wire::Evicted>(root).outcome, EvictOutcome::forced);
}

TEST_F(Forced, a_lock_with_sub_locks_is_left_alone) {
  const wire::Granted parent = hold(holder, Mode::CR);
  world.call(holder, wire::Lock{.request = RequestId{++requests}, .mode = Mode::EX, .parent = parent.lock, .resource = "s"});
  const auto child = world.last<wire::Granted>(holder);
  evict(root, n2, parent.lock, parent.token);
  EXPECT_EQ(world.last<wire::Done>(root).status, Errc::has_children);
  evict(root, n2, child.lock, child.token);
  reads(holder);
  EXPECT_EQ(world.last<wire::Evicted>(root).outcome, EvictOutcome::forced);
  evict(root, n2, parent.lock, parent.token, 1s);
  // Nothing new comes below it meanwhile.
  world.call(holder, wire::Lock{.request = RequestId{++requests}, .mode = Mode::EX, .parent = parent.lock, .resource = "s"});
  EXPECT_EQ(world.last<wire::Refused>(holder).status, Errc::busy);
  world.advance(1200ms);
  reads(holder);
  EXPECT_EQ(world.last<wire::Evicted>(root).outcome, EvictOutcome::forced);
}

TEST_F(Forced, two_who_ask_for_the_same_lock_do_not_disturb_each_other) {
  const wire::Granted held = hold(holder);
  evict(root, n2, held.lock, held.token, 2s);
  const ClientConn other = program(n3, 11);
  evict(other, n2, held.lock, held.token);
  EXPECT_EQ(world.last<wire::Done>(other).status, Errc::busy);
}

TEST_F(Forced, a_view_change_between_others_changes_nothing) {
  const wire::Granted held = hold(holder);
  evict(root, n2, held.lock, held.token, 2s);
  world.crash(n3);
  world.advance(2500ms);
  reads(holder);
  EXPECT_EQ(world.last<wire::Evicted>(root).outcome, EvictOutcome::forced);
  EXPECT_TRUE(world.node(2).held().empty());
}

TEST_F(Forced, it_ends_also_where_the_master_was_lost_meanwhile) {
  (void)hold(waiter, Mode::NL);  // so that node 3 is the master
  const wire::Granted held = hold(holder);
  evict(root, n2, held.lock, held.token, 2s);
  world.crash(n3);
  world.advance(2500ms);
  reads(holder);
  world.advance(6s);
  EXPECT_EQ(world.last<wire::Evicted>(root).outcome, EvictOutcome::forced);
  EXPECT_GT(hold(root).token, held.token);
}

TEST_F(Forced, the_asker_hears_that_the_node_was_lost) {
  const wire::Granted held = hold(holder);
  evict(root, n2, held.lock, held.token, 10s);
  world.crash(n2);
  EXPECT_EQ(world.last<wire::Done>(root).status, Errc::recovering);
  evict(root, n2, held.lock, held.token);
  EXPECT_EQ(world.last<wire::Done>(root).status, Errc::no_such_node);
}

TEST_F(Forced, a_node_that_was_started_again_has_other_locks) {
  const wire::Granted held = hold(holder);
  world.replace(n2);
  world.call(root, wire::Evict{.request = RequestId{++requests}, .node = n2, .incarnation = Incarnation{1},
                               .lock = held.lock, .token = {}, .grace = {}, .reason = {}});
  EXPECT_EQ(world.last<wire::Done>(root).status, Errc::no_such_lock);
}

TEST_F(Forced, an_earlier_client_is_not_told_what_it_does_not_know) {
  const ClientConn old = world.connect_as(n2, {.pid = 1, .user = "u", .command = "old", .label = {}},
                                          wire::Knows::what_was_first);
  const wire::Granted theirs = hold(old, Mode::EX, "y");
  evict(root, n2, theirs.lock, theirs.token, 1s);
  EXPECT_THAT(world.told(old), Not(HasSubstr("EvictionNotice")));
  world.advance(1200ms);
  EXPECT_THAT(world.told(old), HasSubstr("LostEvent"));
}

TEST_F(Forced, a_release_in_the_slot_is_found_first) {
  (void)hold(program(n2, 21), Mode::NL);  // makes node 2 the master
  const wire::Granted held = hold(holder);
  ASSERT_TRUE(held.notes.has(wire::GrantNote::quiet));
  ASSERT_TRUE(world.slot(holder).put(held.lock));
  evict(root, n2, held.lock, held.token);
  EXPECT_EQ(world.last<wire::Done>(root).status, Errc::no_such_lock);
  EXPECT_THAT(world.told(holder), Not(HasSubstr("LostEvent")));
}

}  // namespace
}  // namespace holdfast::node
