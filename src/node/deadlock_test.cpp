// SPDX-License-Identifier: Apache-2.0
// The deadlock search over several nodes with perfect connections. Programs are letters, resources lower-case names;
// where which resource is mastered is said by who asks first.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "node/small_world_test.hpp"

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;

class Cycles : public SmallWorld {
 public:
  explicit Cycles(std::uint32_t nodes, cluster::VictimPolicy policy = cluster::VictimPolicy::youngest)
      : SmallWorld(nodes, {}, [policy](NodeConfig& config) {
          config.deadlocks.on = true;
          config.deadlocks.policy = policy;
        }) {}

  struct Options {
    FlagSet flags{};
    std::uint64_t transaction = 0;
    std::uint32_t priority = wire::deadlock_priority_default;
  };

  // A program at this node; younger than all before it.
  void program(char who, std::uint32_t node) {
    advance(1ms);
    programs_[who] = connect(NodeId{node});
  }
  void lock(char who, std::string name, Mode mode = Mode::EX) { lock(who, std::move(name), mode, Options{}); }
  void lock(char who, std::string name, Mode mode, Options options) {
    open_[{who, name}] = RequestId{++requests_};
    call(programs_[who], wire::Lock{.request = RequestId{requests_}, .mode = mode, .flags = options.flags,
                                    .resource = name, .transaction = options.transaction,
                                    .deadlock_priority = options.priority});
    listen(who);
  }
  void convert(char who, const std::string& name, Mode mode, FlagSet flags = {}) {
    const ClaimId id = locks_[{who, name}];
    open_[{who, name}] = RequestId{++requests_};
    call(programs_[who], wire::Convert{.request = RequestId{requests_}, .lock = id, .mode = mode, .flags = flags});
    listen(who);
  }
  void unlock(char who, const std::string& name) {
    call(programs_[who], wire::Unlock{.request = RequestId{++requests_}, .lock = locks_[{who, name}]});
    listen(who);
  }
  // Long enough for a search; then who was told of a deadlock meanwhile, "c waiting for a".
  std::vector<std::string> victims(Duration after = 20ms) {
    advance(after);
    for (const auto& [who, conn] : programs_) listen(who);
    std::vector<std::string> found = std::exchange(victims_, {});
    std::ranges::sort(found);
    return found;
  }
  bool holds(char who, const std::string& name) {
    listen(who);
    return granted_[{who, name}];
  }
  const std::string& detail() const { return detail_; }
  ClientConn conn(char who) { return programs_.at(who); }

 private:
  void listen(char who) {
    const std::string all = told(programs_[who]);
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = all.find('\n', at);
      take(who, all.substr(at, end - at));
      at = end + 1;
    }
  }
  static std::uint64_t number(const std::string& line, const std::string& field) {
    const std::size_t at = line.find(field + "=");
    return at == std::string::npos ? 0 : std::stoull(line.substr(at + field.size() + 1));
  }
  void take(char who, const std::string& line) {
    for (const auto& [what, request] : open_) {
      if (what.first != who || number(line, "request") != request.value()) continue;
      if (line.starts_with("Granted")) {
        granted_[what] = true;
        locks_[what] = ClaimId{number(line, "lock")};
      }
      if (line.starts_with("Refused") && line.find("status=deadlock") != std::string::npos) {
        victims_.push_back(std::string(1, who) + " waiting for " + what.second);
        detail_ = line.substr(line.find("detail="));
      }
    }
  }
  std::map<char, ClientConn> programs_;
  std::map<std::pair<char, std::string>, RequestId> open_;
  std::map<std::pair<char, std::string>, ClaimId> locks_;
  std::map<std::pair<char, std::string>, bool> granted_;
  std::vector<std::string> victims_;
  std::string detail_;
  std::uint64_t requests_ = 0;
};

using Victims = std::vector<std::string>;

// a, b and c at nodes 1, 2 and 3 hold x, y and z, each waits for the next.
void close_ring(Cycles& world) {
  world.program('a', 1);
  world.program('b', 2);
  world.program('c', 3);
  world.lock('a', "x");
  world.lock('b', "y");
  world.lock('c', "z");
  world.lock('a', "y");
  world.lock('b', "z");
  world.lock('c', "x");
}

TEST(Deadlocks, a_cycle_of_three_resources_on_three_nodes_loses_exactly_one) {
  Cycles world(3);
  close_ring(world);
  EXPECT_EQ(world.victims(), (Victims{"c waiting for x"}));
  EXPECT_EQ(world.victims(30s), (Victims{}));
  EXPECT_FALSE(world.holds('b', "z"));
  world.unlock('c', "z");
  EXPECT_TRUE(world.holds('b', "z"));
}

TEST(Deadlocks, the_victim_is_told_the_whole_cycle) {
  Cycles world(3);
  close_ring(world);
  (void)world.victims();
  const std::string told =
      R"(deadlock: node 3 pid 100 (test) waits for EX on "x", held EX by node 1 pid 100 (test), which waits for EX on )"
      R"_("y", held EX by node 2 pid 100 (test), which waits for EX on "z", held EX by node 3 pid 100 (test))_";
  EXPECT_NE(world.detail().find(told), std::string::npos) << world.detail();
}

TEST(Deadlocks, a_wait_without_a_cycle_goes_on) {
  Cycles world(2);
  world.program('a', 1);
  world.program('b', 2);
  world.program('c', 1);
  world.lock('a', "x");
  world.lock('b', "y");
  world.lock('b', "x");
  world.lock('c', "y");
  EXPECT_EQ(world.victims(30s), (Victims{}));
}

TEST(Deadlocks, a_cycle_on_one_node_is_found_without_a_message) {
  Cycles world(1);
  world.program('a', 1);
  world.program('b', 1);
  world.lock('a', "x");
  world.lock('b', "y");
  world.lock('a', "y");
  world.lock('b', "x");
  EXPECT_EQ(world.victims(), (Victims{"b waiting for x"}));
}

TEST(Deadlocks, each_of_two_cycles_with_one_member_in_common_loses_one) {
  Cycles world(3);
  for (const auto& [who, node] : {std::pair('a', 1), std::pair('b', 2), std::pair('c', 3)})
    world.program(who, static_cast<std::uint32_t>(node));
  world.lock('a', "x", Mode::PR);
  world.lock('a', "v");
  world.lock('b', "y");
  world.lock('c', "z");
  world.lock('a', "y");  // a waits for b
  world.lock('b', "x");  // b waits for a
  EXPECT_EQ(world.victims(), (Victims{"b waiting for x"}));
  world.lock('a', "z");  // and for c, who waits for a
  world.lock('c', "v");
  EXPECT_EQ(world.victims(), (Victims{"c waiting for v"}));
}

TEST(Deadlocks, one_victim_may_break_several_cycles) {
  Cycles world(3, cluster::VictimPolicy::oldest);
  world.program('a', 1);
  world.program('b', 2);
  world.program('c', 3);
  world.lock('b', "s", Mode::PR);
  world.lock('c', "s", Mode::PR);
  world.lock('a', "x");
  world.lock('b', "x");
  world.lock('c', "x");
  world.lock('a', "s");  // a waits for both, and both for a
  EXPECT_EQ(world.victims(30s), (Victims{"a waiting for s"}));
}

TEST(Deadlocks, a_conversion_and_another_resource) {
  Cycles world(2);
  world.program('a', 1);
  world.program('b', 2);
  world.lock('a', "x", Mode::PR);
  world.lock('b', "x", Mode::PR);
  world.lock('b', "y");
  world.lock('a', "y");           // a waits for b
  world.convert('b', "x", Mode::EX);  // which a's PR is in the way of
  EXPECT_EQ(world.victims(), (Victims{"b waiting for x"}));
  EXPECT_TRUE(world.holds('b', "x"));
}

TEST(Deadlocks, a_transaction_over_two_nodes_is_one_party) {
  Cycles world(3);
  world.program('a', 1);
  world.program('b', 2);
  world.program('c', 3);
  const Cycles::Options seven{.transaction = 7};
  world.lock('a', "x", Mode::EX, seven);  // one transaction in two programs: it holds x at node 1
  world.lock('c', "y");
  world.lock('b', "y", Mode::EX, seven);  // and waits for y at node 2
  EXPECT_EQ(world.victims(), (Victims{}));
  world.lock('c', "x");
  EXPECT_EQ(world.victims().size(), 1U);
}

TEST(Deadlocks, two_transactions_of_one_program) {
  Cycles world(2);
  world.program('a', 1);
  world.program('m', 2);
  world.lock('a', "x", Mode::EX, {.transaction = 1});
  world.lock('a', "y", Mode::EX, {.transaction = 2});
  world.lock('a', "y2", Mode::EX);
  EXPECT_EQ(world.victims(), (Victims{}));
  world.lock('m', "z", Mode::EX, {.transaction = 1});
  world.lock('m', "y", Mode::EX, {.transaction = 1});
  world.lock('a', "z", Mode::EX, {.transaction = 2});
  EXPECT_EQ(world.victims().size(), 1U);
}

TEST(Deadlocks, a_place_in_a_queue_is_an_edge) {
  Cycles world(3);
  world.program('a', 1);
  world.program('b', 2);
  world.program('c', 3);
  world.lock('a', "x", Mode::PR);
  world.lock('b', "y");
  world.lock('c', "x", Mode::EX);  // waits for a
  world.lock('b', "x", Mode::PR);  // would be compatible with a, but stands behind c
  world.lock('a', "y");            // waits for b
  EXPECT_EQ(world.victims(), (Victims{"c waiting for x"}));
  EXPECT_TRUE(world.holds('b', "x"));
}

TEST(Deadlocks, a_waiter_can_stay_out_of_it) {
  Cycles world(2);
  world.program('a', 1);
  world.program('b', 2);
  world.lock('a', "x");
  world.lock('b', "y");
  world.lock('a', "y", Mode::EX, {.flags = {Flag::nodlckwt}});
  world.lock('b', "x");
  EXPECT_EQ(world.victims(30s), (Victims{}));
}

TEST(Deadlocks, a_holder_can_stay_out_of_it) {
  Cycles world(2);
  world.program('a', 1);
  world.program('b', 2);
  world.lock('a', "x", Mode::EX, {.flags = {Flag::nodlckblk}});
  world.lock('b', "y");
  world.lock('a', "y");
  world.lock('b', "x");
  EXPECT_EQ(world.victims(30s), (Victims{}));
}

TEST(Deadlocks, the_lowest_priority_loses) {
  Cycles world(2);
  world.program('a', 1);
  world.program('b', 2);
  world.lock('a', "x");
  world.lock('b', "y");
  world.lock('a', "y", Mode::EX, {.priority = 5});
  world.lock('b', "x");
  EXPECT_EQ(world.victims(), (Victims{"a waiting for y"}));
}

TEST(Deadlocks, each_policy_chooses) {
  struct Row {
    cluster::VictimPolicy policy;
    char loses;
  };
  // a is the oldest, b has the most locks, c the most that write.
  for (const Row& row : {Row{cluster::VictimPolicy::youngest, 'c'}, Row{cluster::VictimPolicy::oldest, 'a'},
                         Row{cluster::VictimPolicy::fewest_locks, 'a'}, Row{cluster::VictimPolicy::most_locks, 'b'},
                         Row{cluster::VictimPolicy::fewest_write_locks, 'b'},
                         Row{cluster::VictimPolicy::most_write_locks, 'c'}}) {
    Cycles world(3, row.policy);
    world.program('a', 1);
    world.program('b', 2);
    world.program('c', 3);
    world.lock('a', "x");
    world.lock('a', "a1");
    world.lock('b', "y");
    for (const char* name : {"b1", "b2", "b3", "b4"}) world.lock('b', name, Mode::PR);
    world.lock('c', "z");
    for (const char* name : {"c1", "c2"}) world.lock('c', name);
    world.lock('a', "y");
    world.lock('b', "z");
    world.lock('c', "x");
    const Victims victims = world.victims();
    ASSERT_EQ(victims.size(), 1U) << name_of(row.policy);
    EXPECT_EQ(victims[0][0], row.loses) << name_of(row.policy);
  }
}

TEST(Deadlocks, a_cycle_that_was_there_before_a_view_change_is_found_after_it) {
  Cycles world(3);
  world.program('a', 1);
  world.program('b', 2);
  world.lock('a', "x");
  world.lock('b', "y");
  world.lock('a', "y");
  world.lock('b', "x");
  world.publish();
  world.publish();
  EXPECT_EQ(world.victims(), (Victims{"b waiting for x"}));
}

TEST(Deadlocks, the_loss_of_a_master_does_not_hide_a_cycle) {
  Cycles world(4);
  world.program('m', 4);
  for (const char* name : {"x", "y"}) {
    world.lock('m', name, Mode::NL);
    }
  world.program('a', 1);
  world.program('b', 2);
  world.lock('a', "x");
  world.lock('b', "y");
  world.lock('a', "y");
  world.lock('b', "x");
  world.crash(NodeId{4});
  EXPECT_EQ(world.victims(5s).size(), 1U);
}

TEST(Deadlocks, all_nodes_tell_what_was_broken) {
  Cycles world(3);
  close_ring(world);
  (void)world.victims();
  world.call(world.conn('a'), wire::DeadlocksQuery{.request = RequestId{1000}});
  const std::string told = world.told(world.conn('a'));
  EXPECT_NE(told.find("DeadlockRow"), std::string::npos) << told;
  EXPECT_NE(told.find("policy=\"youngest\" length=3"), std::string::npos) << told;
  EXPECT_NE(told.find("QueryEnd{request=1000 status=ok"), std::string::npos) << told;
}

TEST(Deadlocks, whoever_waits_and_is_in_nobodys_way_costs_no_message) {
  Cycles world(3);
  world.program('a', 1);
  world.lock('a', "x");
  for (char who = 'b'; who < 'j'; ++who) {
    world.program(who, 1 + static_cast<std::uint32_t>(who) % 3);
    world.lock(who, "x");
  }
  (void)world.traffic();
  EXPECT_EQ(world.victims(20s), (Victims{}));
  for (const std::string& line : world.traffic()) EXPECT_EQ(line.find("Waits"), std::string::npos) << line;
}

}  // namespace
}  // namespace holdfast::node
