// SPDX-License-Identifier: Apache-2.0
#include "lock/engine.hpp"

#include "base/limits.hpp"
#include "lock/bench_for_tests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::lock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Engine, an_ended_lock_is_unknown) {
  Bench bench;
  bench.request('a', Mode::EX);
  EXPECT_THAT(bench.unlock('a'), ElementsAre("a unlocked"));
  EXPECT_FALSE(bench.engine.exists(bench.ids['a']));
  EXPECT_THAT(bench.unlock('a'), IsEmpty());
  EXPECT_EQ(bench.error, Errc::no_such_lock);
  bench.cancel('a');
  EXPECT_EQ(bench.error, Errc::no_such_lock);
  EXPECT_TRUE(bench.engine.empty(bench.resource));
}

TEST(Engine, a_refused_request_leaves_no_lock) {
  Bench bench;
  bench.request('a', Mode::EX);
  bench.request('b', Mode::EX, {Flag::noqueue});
  EXPECT_FALSE(static_cast<bool>(bench.ids['b']));
  EXPECT_EQ(bench.queues(), "a||");
}

TEST(Engine, a_plain_unlock_removes_a_waiting_and_a_converting_lock) {
  Bench bench;
  bench.request('a', Mode::PR);
  bench.request('b', Mode::PR);
  bench.convert('b', Mode::EX);
  bench.request('c', Mode::PR);
  EXPECT_THAT(bench.unlock('c'), ElementsAre("c unlocked"));
  EXPECT_THAT(bench.unlock('b'), ElementsAre("b unlocked"));
  EXPECT_EQ(bench.queues(), "a||");
}

TEST(Engine, whoever_vanishes_hears_nothing_but_others_go_on) {
  Bench bench;
  bench.request('a', Mode::EX);
  bench.request('b', Mode::PR);
  EXPECT_THAT(bench.vanish('a'), ElementsAre("b granted PR"));
}

TEST(Engine, a_reassigned_lock_speaks_to_its_new_owner) {
  Bench bench;
  bench.request('a', Mode::PR);
  bench.engine.reassign(bench.ids['a'],
                        Holder{.node = NodeId{1}, .claim = ClaimId{'z'}, .owner = OwnerId{2}});
  EXPECT_THAT(bench.request('b', Mode::EX), ElementsAre("b queued", "z told EX is wanted"));
}

TEST(Engine, stamps_follow_the_queue) {
  Bench bench;
  bench.request('a', Mode::EX);
  bench.request('b', Mode::EX);
  bench.request('c', Mode::EX);
  bench.request('d', Mode::EX, {Flag::headque});
  const auto stamp = [&](char who) { return bench.engine.state(bench.ids[who]).stamp; };
  EXPECT_LT(stamp('d'), stamp('b'));
  EXPECT_LT(stamp('b'), stamp('c'));
}

TEST(Engine, resources_do_not_know_each_other) {
  Bench bench;
  bench.request('a', Mode::EX);
  const ResourceId other = bench.engine.create();
  Outcomes out;
  const LockId lock = bench.engine.request(other, Holder{.node = NodeId{2}},
                                           {.mode = Mode::EX, .flags = {}, .value = {}}, out);
  EXPECT_EQ(out.front().kind, OutcomeKind::granted);
  EXPECT_EQ(bench.engine.resource_of(lock), other);
  EXPECT_EQ(bench.engine.unlock(lock, {}, out), Errc::ok);
  bench.engine.destroy(other);
}

TEST(Engine, a_resource_has_room_for_so_many_waiters) {
  Clock clock;
  Engine engine(clock);
  const ResourceId resource = engine.create();
  Outcomes out;
  const auto request = [&] {
    out.clear();
    engine.request(resource, Holder{.node = NodeId{1}},
                   {.mode = Mode::EX, .flags = {}, .value = {}}, out);
    return out.front();
  };
  request();
  for (std::uint32_t i = 0; i < limits::waiters_per_resource_max; ++i)
    ASSERT_EQ(request().kind, OutcomeKind::queued);
  const Outcome outcome = request();
  EXPECT_EQ(outcome.kind, OutcomeKind::refused);
  EXPECT_EQ(outcome.status, Errc::too_many_waiters);
}

TEST(EngineDeathTest, a_resource_in_use_is_not_destroyed) {
  Bench bench;
  bench.request('a', Mode::NL);
  EXPECT_DEATH(bench.engine.destroy(bench.resource), "broken invariant");
}

}  // namespace
}  // namespace holdfast::lock
