// SPDX-License-Identifier: Apache-2.0
// Stories about single steps of the machine. What it promises under any order of faults is gathering_sim_test.
#include "cluster/gathering.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>

namespace holdfast::cluster {
namespace {

constexpr std::uint32_t nodes = 3;

// Three daemons and a group without faults: what one sends, all get at once and in order.
class Cluster {
 public:
  struct Daemon {
    std::unique_ptr<Gathering> machine;
    Gathering::Effects seen;  // all so far
    bool deaf = false;        // it hangs: nothing reaches it, and it says nothing
  };

  Cluster() {
    for (std::uint32_t n = 1; n <= nodes; ++n)
      daemons_[NodeId{n}].machine = std::make_unique<Gathering>(NodeId{n}, Promises{.epoch = Epoch{100}, .promised = {}});
  }
  Daemon& operator[](std::uint32_t n) { return daemons_.at(NodeId{n}); }
  void live(std::uint32_t n, std::uint64_t incarnation) {
    step(n, [&](Gathering& g, auto& out) {
      g.on_life({.incarnation = Incarnation{incarnation}, .address = "10.0.0.1:7001", .weight = 1}, out);
    });
  }
  void ring(std::uint64_t sequence, std::vector<std::uint32_t> members) {
    Group group{.ring = {.node = NodeId{members.front()}, .sequence = sequence}, .members = {}};
    for (const std::uint32_t n : members) group.members.push_back({.node = NodeId{n}, .process = 1000 + n});
    for (const std::uint32_t n : members) step(n, [&](Gathering& g, auto& out) { g.on_group(group, out); });
  }
  void group(const Group& group) {
    for (std::uint32_t n = 1; n <= nodes; ++n) step(n, [&](Gathering& g, auto& out) { g.on_group(group, out); });
  }
  void quorum(std::uint32_t n, std::uint64_t sequence, bool quorate, std::uint32_t ring_node = 1) {
    const Quorum q{.ring = {.node = NodeId{ring_node}, .sequence = sequence}, .quorate = quorate,
                   .configured_votes = nodes, .votes = 1};
    step(n, [&](Gathering& g, auto& out) { g.on_quorum(q, out); });
  }
  // Of nodes 1 and 2 with a quorum device, which are all.
  enum class Device : std::uint8_t { elsewhere, not_settled, settled };
  void quorum_with(Device device, std::uint32_t n, std::uint64_t sequence, std::uint32_t ring_node = 1) {
    const Quorum q{.ring = {.node = NodeId{ring_node}, .sequence = sequence}, .quorate = device != Device::elsewhere,
                   .configured_votes = 3, .votes = 1, .tie_breaker = {}, .device_votes = 1,
                   .device_timeout = std::chrono::milliseconds(2000), .device_settled = device == Device::settled};
    step(n, [&](Gathering& g, auto& out) { g.on_quorum(q, out); });
  }
  // Nodes 1 and 2 up, in view 101, the device with both.
  void begin_with_device() {
    for (std::uint32_t n = 1; n <= 2; ++n) live(n, 10 + n);
    ring(1, {1, 2});
    for (std::uint32_t n = 1; n <= 2; ++n) quorum_with(Device::not_settled, n, 1);
    for (std::uint32_t n = 1; n <= 2; ++n) quorum_with(Device::settled, n, 1);
  }
  void beat(std::uint32_t n) {
    step(n, [&](Gathering& g, auto& out) { g.on_beat(out); });
  }
  void say(const GroupMember& from, const Gathering::Message& message) {
    channel_.emplace_back(from, message);
    step(from.node.value(), [](Gathering&, auto&) {});
  }
  // That all are in, as the latest message names it.
  [[nodiscard]] wire::GroupConfiguration configuration() const { return configuration_; }
  // All three up, in view 101.
  void begin() {
    for (std::uint32_t n = 1; n <= nodes; ++n) live(n, 10 + n);
    ring(1, {1, 2, 3});
    for (std::uint32_t n = 1; n <= nodes; ++n) quorum(n, 1, true);
  }
  std::vector<std::uint64_t> epochs(std::uint32_t n) {
    std::vector<std::uint64_t> found;
    for (const View& view : (*this)[n].seen.views) found.push_back(view.epoch.value());
    return found;
  }
  std::vector<std::uint32_t> members(std::uint32_t n) {
    std::vector<std::uint32_t> found;
    for (const Member& member : (*this)[n].seen.views.back().members) found.push_back(member.node.value());
    return found;
  }

 private:
  using Epochs = std::vector<std::uint64_t>;
  void step(std::uint32_t n, const auto& doit) {
    run(NodeId{n}, doit);
    for (; !channel_.empty(); channel_.pop_front()) {
      const auto [from, message] = channel_.front();
      configuration_ = std::visit([](const auto& m) { return m.configuration; }, message);
      for (auto& [node, daemon] : daemons_)
        run(node, [&, sender = from, &said = message](Gathering& g, auto& out) { g.on_message(sender, said, out); });
    }
  }
  void run(NodeId node, const auto& doit) {
    Daemon& daemon = daemons_.at(node);
    if (daemon.deaf) return;
    Gathering::Effects out;
    doit(*daemon.machine, out);
    for (auto& message : out.sends) channel_.emplace_back(GroupMember{node, 1000 + node.value()}, message);
    for (auto& view : out.views) daemon.seen.views.push_back(view);
    for (auto& said : out.notes) daemon.seen.notes.push_back(said);
    if (out.save) daemon.seen.save = out.save;
    if (out.over) daemon.seen.over = out.over;
  }
  std::map<NodeId, Daemon> daemons_;
  wire::GroupConfiguration configuration_;
  std::deque<std::pair<GroupMember, Gathering::Message>> channel_;
};

using Epochs = std::vector<std::uint64_t>;
using Nodes = std::vector<std::uint32_t>;

TEST(Gathering, a_view_comes_when_all_have_announced_themselves_with_quorum) {
  Cluster c;
  for (std::uint32_t n = 1; n <= nodes; ++n) c.live(n, 10 + n);
  c.ring(1, {1, 2, 3});
  c.quorum(1, 1, true);
  c.quorum(2, 1, true);
  EXPECT_EQ(c.epochs(1), Epochs{}) << "node 3 has not said anything";
  c.quorum(3, 1, true);
  for (std::uint32_t n = 1; n <= nodes; ++n) {
    EXPECT_EQ(c.epochs(n), Epochs{101}) << "one more than the largest announced";
    EXPECT_EQ(c.members(n), (Nodes{1, 2, 3}));
    EXPECT_EQ(c[n].seen.views.back(), c[1].seen.views.back());
    EXPECT_EQ(c[n].seen.save->epoch, Epoch{101}) << "saved";
  }
}

TEST(Gathering, quorum_of_another_ring_counts_for_nothing) {
  Cluster c;
  for (std::uint32_t n = 1; n <= nodes; ++n) c.live(n, 10 + n);
  for (std::uint32_t n = 1; n <= nodes; ++n) c.quorum(n, 1, true);
  c.ring(2, {1, 2, 3});
  EXPECT_EQ(c.epochs(1), Epochs{});
  for (std::uint32_t n = 1; n <= nodes; ++n) c.quorum(n, 2, true);
  EXPECT_EQ(c.epochs(1), Epochs{101});
}

TEST(Gathering, a_side_without_quorum_keeps_its_view) {
  Cluster c;
  c.begin();
  c.ring(2, {1, 2});
  c.ring(3, {3});
  c.quorum(1, 2, true);
  c.quorum(2, 2, true);
  c.quorum(3, 3, false, 3);
  EXPECT_EQ(c.epochs(1), (Epochs{101, 102}));
  EXPECT_EQ(c.members(2), (Nodes{1, 2}));
  EXPECT_EQ(c.epochs(3), Epochs{101});
  ASSERT_EQ(c[3].seen.notes.size(), 1U);
  EXPECT_EQ(c[3].seen.notes[0].note, GatheringNote::no_quorum);
}

TEST(Gathering, a_life_that_a_view_left_out_is_over_when_it_comes_back) {
  Cluster c;
  c.begin();
  c.ring(2, {1, 2});
  c.ring(3, {3});
  c.quorum(1, 2, true);
  c.quorum(2, 2, true);
  c.ring(4, {1, 2, 3});
  for (std::uint32_t n = 1; n <= nodes; ++n) c.quorum(n, 4, true);
  EXPECT_EQ(c.epochs(1), (Epochs{101, 102})) << "nobody takes node 3 as it is";
  ASSERT_TRUE(c[3].seen.over);
  EXPECT_EQ(c[3].seen.over->epoch, Epoch{102});
  c.live(3, 23);
  for (std::uint32_t n = 1; n <= nodes; ++n) EXPECT_EQ(c.members(n), (Nodes{1, 2, 3}));
  EXPECT_EQ(c.epochs(3), (Epochs{101, 103}));
  EXPECT_TRUE(c[1].seen.views.back().has(NodeId{3}, Incarnation{23}));
}

TEST(Gathering, another_life_of_a_node_makes_another_view) {
  Cluster c;
  c.begin();
  c.live(2, 22);
  for (std::uint32_t n = 1; n <= nodes; ++n) EXPECT_EQ(c.epochs(n), (Epochs{101, 102}));
  EXPECT_TRUE(c[1].seen.views.back().has(NodeId{2}, Incarnation{22}));
}

TEST(Gathering, a_ring_that_broke_and_closed_again_costs_no_view) {
  Cluster c;
  c.begin();
  c.ring(2, {1, 2, 3});
  for (std::uint32_t n = 1; n <= nodes; ++n) c.quorum(n, 2, true);
  for (std::uint32_t n = 1; n <= nodes; ++n) EXPECT_EQ(c.epochs(n), Epochs{101});
}

TEST(Gathering, other_configured_votes_make_another_view) {
  Cluster c;
  c.begin();
  for (std::uint32_t n = 1; n <= nodes; ++n) {
    Gathering::Effects out;
    c[n].machine->on_quorum({.ring = {.node = NodeId{1}, .sequence = 1}, .quorate = true, .configured_votes = 5}, out);
    ASSERT_EQ(out.sends.size(), 1U);
  }
}

TEST(Gathering, a_daemon_that_hangs_is_left_out_by_the_beats_of_others) {
  Cluster c;
  c.begin();
  c[3].deaf = true;
  for (std::uint32_t beat = 1; beat < Gathering::beats_missed_max; ++beat) {
    c.beat(1);
    c.beat(2);
  }
  EXPECT_EQ(c.epochs(1), Epochs{101});
  c.beat(1);
  EXPECT_EQ(c.epochs(1), (Epochs{101, 102}));
  EXPECT_EQ(c.members(2), (Nodes{1, 2}));
  EXPECT_EQ(c[1].seen.notes.back().note, GatheringNote::silent);
}

TEST(Gathering, a_minority_leaves_nobody_out) {
  Cluster c;
  c.begin();
  c[2].deaf = c[3].deaf = true;
  for (int beat = 0; beat < 20; ++beat) c.beat(1);
  EXPECT_EQ(c.epochs(1), Epochs{101});
}

TEST(Gathering, nothing_happens_while_a_node_is_in_the_group_twice) {
  Cluster c;
  for (std::uint32_t n = 1; n <= nodes; ++n) c.live(n, 10 + n);
  Gathering::Effects out;
  c[1].machine->on_group({.ring = {.node = NodeId{1}, .sequence = 1},
                          .members = {{NodeId{1}, 7}, {NodeId{2}, 8}, {NodeId{2}, 9}, {NodeId{3}, 7}}}, out);
  ASSERT_EQ(out.notes.size(), 1U);
  EXPECT_EQ(out.notes[0].note, GatheringNote::twin);
  EXPECT_EQ(out.notes[0].node, NodeId{2});
}

// A daemon was killed, and corosync has forgotten to take it out of the group.
TEST(Gathering, a_process_that_is_in_the_group_and_says_nothing_is_no_twin_for_ever) {
  Cluster c;
  c.begin();
  Group group{.ring = {.node = NodeId{1}, .sequence = 2}, .members = {{NodeId{2}, 7}}};
  for (std::uint32_t n = 1; n <= nodes; ++n) group.members.push_back({NodeId{n}, 1000 + n});
  c.live(2, 22);
  c.group(group);
  for (std::uint32_t n = 1; n <= nodes; ++n) c.quorum(n, 2, true);
  EXPECT_EQ(c[1].seen.notes.back().note, GatheringNote::twin);
  EXPECT_EQ(c.epochs(1), (Epochs{101, 102})) << "another life of node 2, before it was there twice";
  c.live(2, 23);
  for (std::uint32_t beat = 0; beat < Gathering::beats_missed_max; ++beat)
    for (std::uint32_t n = 1; n <= nodes; ++n) c.beat(n);
  EXPECT_EQ(c.epochs(3).size(), 3U);
  EXPECT_TRUE(c[1].seen.views.back().has(NodeId{2}, Incarnation{23}));
  // If it speaks after all, there are two.
  c.say({NodeId{2}, 7}, wire::GroupAlive{.configuration = c.configuration()});
  c.live(2, 24);
  EXPECT_EQ(c.epochs(3).size(), 3U);
}

TEST(Gathering, an_announcement_that_makes_no_sound_view_is_not_used) {
  Cluster c;
  c.begin();
  Gathering::Effects out;
  Gathering::Message said;
  {
    Gathering::Effects again;
    c[2].machine->on_life({.incarnation = Incarnation{99}, .address = "10.0.0.2:7001", .weight = 1}, again);
    said = again.sends.at(0);
  }
  std::get<wire::GroupAnnounce>(said).weight = 1'000'000;
  c[1].machine->on_message({NodeId{2}, 1002}, said, out);
  ASSERT_EQ(out.notes.size(), 1U);
  EXPECT_EQ(out.notes[0].note, GatheringNote::not_sound);
  EXPECT_TRUE(out.sends.empty());
}

TEST(Gathering, a_daemon_of_another_version_of_the_protocol_is_left_out) {
  Cluster c;
  c.live(1, 11);
  c.live(2, 12);
  c.ring(1, {1, 2, 3});
  for (std::uint32_t n = 1; n <= nodes; ++n) c.quorum(n, 1, true);
  EXPECT_EQ(c.epochs(1), Epochs{}) << "node 3 has not said anything";
  Gathering::Effects out;
  c[3].machine->on_life({.incarnation = Incarnation{13}, .address = "10.0.0.3:7001", .weight = 1}, out);
  auto said = std::get<wire::GroupAnnounce>(out.sends.at(0));
  ++said.protocol;
  c.say({NodeId{3}, 1003}, said);
  EXPECT_EQ(c.epochs(1), Epochs{101});
  EXPECT_EQ(c.members(2), (Nodes{1, 2}));
  for (std::uint32_t n = 1; n <= 2; ++n) {
    EXPECT_EQ(c[n].seen.notes.back().note, GatheringNote::wrong_version);
    EXPECT_EQ(c[n].seen.notes.back().node, NodeId{3});
  }
}

TEST(Gathering, epochs_go_on_above_what_was_saved) {
  Gathering::Effects out;
  View old{.epoch = Epoch{700}, .members = {{.node = NodeId{1}, .incarnation = Incarnation{5}}}, .configured_votes = 1};
  Gathering alone(NodeId{1}, {.epoch = Epoch{650}, .promised = old});
  alone.on_life({.incarnation = Incarnation{6}, .address = "", .weight = 1}, out);
  alone.on_group({.ring = {NodeId{1}, 4}, .members = {{NodeId{1}, 1}}}, out);
  alone.on_quorum({.ring = {NodeId{1}, 4}, .quorate = true, .configured_votes = 1}, out);
  for (std::size_t sent = 0; sent < out.sends.size(); ++sent) {
    const Gathering::Message message = out.sends[sent];
    alone.on_message({NodeId{1}, 1}, message, out);
  }
  ASSERT_EQ(out.views.size(), 1U);
  EXPECT_EQ(out.views[0].epoch, Epoch{701});
}

// ---- quorum devices -------------------------------------------------------------------------------------

using Device = Cluster::Device;

TEST(Gathering, with_a_quorum_device_a_lone_node_goes_on_when_its_vote_is_settled) {
  Cluster c;
  c.begin_with_device();
  EXPECT_EQ(c.epochs(1), Epochs{101});
  EXPECT_TRUE(c[1].machine->is_whole());
  EXPECT_EQ(c[1].seen.views.back().device_votes, 1U);
  EXPECT_EQ(c[1].seen.views.back().device_timeout, std::chrono::milliseconds(2000));
  c.ring(2, {1});
  c.ring(3, {2});
  c.quorum_with(Device::not_settled, 1, 2);
  c.quorum_with(Device::elsewhere, 2, 3, 2);
  EXPECT_EQ(c.epochs(1), Epochs{101}) << "the device may be with node 2 still";
  EXPECT_FALSE(c[1].machine->is_whole());
  c.quorum_with(Device::settled, 1, 2);
  EXPECT_EQ(c.epochs(1), (Epochs{101, 102}));
  EXPECT_EQ(c.members(1), Nodes{1});
  EXPECT_TRUE(c[1].machine->is_whole());
  EXPECT_EQ(c.epochs(2), Epochs{101});
  // All together again: node 2 as another life.
  c.ring(4, {1, 2});
  for (std::uint32_t n = 1; n <= 2; ++n) c.quorum_with(Device::not_settled, n, 4);
  EXPECT_FALSE(c[2].machine->is_whole()) << "it knows of a newer view than its own";
  c.live(2, 22);
  EXPECT_EQ(c.members(1), (Nodes{1, 2}));
  EXPECT_EQ(c.epochs(2), (Epochs{101, 103}));
}

TEST(Gathering, the_votes_of_a_device_make_no_first_view) {
  Cluster c;
  c.live(1, 11);
  c.ring(1, {1});
  c.quorum_with(Device::settled, 1, 1);
  EXPECT_EQ(c.epochs(1), Epochs{}) << "node 2 may know of one";
}

// A daemon that hangs wakes up, and its side may have the device by then.
TEST(Gathering, a_device_that_stands_with_both_leaves_nobody_out) {
  Cluster c;
  c.begin_with_device();
  c[2].deaf = true;
  for (std::uint32_t beat = 0; beat < 2 * Gathering::beats_missed_max; ++beat) c.beat(1);
  EXPECT_EQ(c.epochs(1), Epochs{101});
  // It has ended: who comes after it knows nothing, and asks.
  c.group({.ring = {NodeId{1}, 1}, .members = {{NodeId{1}, 1001}}});
  c.quorum_with(Device::settled, 1, 1);
  EXPECT_EQ(c.epochs(1), (Epochs{101, 102}));
}

TEST(Gathering, a_lone_node_that_went_on_by_the_device_does_so_after_a_restart_too) {
  Cluster c;
  c.begin_with_device();
  c.ring(2, {1});
  c.quorum_with(Device::settled, 1, 2);
  c.live(1, 21);
  EXPECT_EQ(c.epochs(1), (Epochs{101, 102, 103})) << "nobody else can know a newer view";
}

TEST(Gathering, a_device_that_not_all_are_configured_for_counts_nothing) {
  Cluster c;
  for (std::uint32_t n = 1; n <= 2; ++n) c.live(n, 10 + n);
  c.ring(1, {1, 2});
  c.quorum_with(Device::settled, 1, 1);
  c.quorum(2, 1, true);
  ASSERT_EQ(c.epochs(1), Epochs{101});
  EXPECT_EQ(c[1].seen.views.back().device_votes, 0U);
  EXPECT_EQ(c[1].seen.views.back().device_timeout, std::chrono::milliseconds(0));
}

}  // namespace
}  // namespace holdfast::cluster
