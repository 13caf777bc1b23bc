// SPDX-License-Identifier: Apache-2.0
// Gathering under chance: several nodes, each with a daemon, over a group as corosync makes one. Rings split and
// merge at any moment, daemons and whole nodes crash and come back, daemons hang, lives end, a daemon dies
// between saving and sending. Then everything heals.
//
// The group (World) keeps what corosync keeps: one order of messages, joins and leaves in each ring; who goes from
// ring to ring together has seen the same; what somebody has seen and others not is where rings break. Quorum
// comes by another way, sooner or later than the group's own news.
#include "cluster/gathering.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <sstream>

#include "base/prng.hpp"

namespace holdfast::cluster {
namespace {

using Index = std::size_t;

struct Membership {  // of one process in the group
  enum class Change : std::uint8_t { join, leave } change;
  GroupMember member;
};
struct Said {
  GroupMember from;
  Gathering::Message message;
};
using Entry = std::variant<Said, Membership>;

struct OrderedRing {
  Ring id;
  std::vector<Index> nodes;
  std::vector<Entry> log;
};

struct Daemon {
  std::unique_ptr<Gathering> machine;  // none: it does not run
  bool stopped = false;
  std::uint32_t process = 0;
  GroupLife life;
  std::optional<View> acting;
  // What corosync has for it.
  bool joined = false;
  std::deque<std::variant<Group, Said>> group_news;
  std::deque<Quorum> quorum_news;
};

struct Machine {
  bool up = true;  // corosync runs
  Index ring = 0;
  std::size_t seen = 0;  // of the ring's log
  std::vector<GroupMember> group;
  std::deque<Entry> to_order;
  Daemon daemon;
  bool has_ghost = false;  // the last process is in the group still
  Promises saved{.epoch = Epoch{10}, .promised = {}};
  Epoch newest;  // view that any daemon here was given
};

struct Reached {
  int views = 0, over = 0, silent = 0, merges = 0, ghosts = 0;
};

class World {
 public:
  World(std::uint64_t seed, Reached& reached) : prng_(seed), reached_(reached), machines_(3 + prng_.below(3)) {
    for (Index i = 0; i < machines_.size(); ++i) make_ring({i});
    for (Index i = 0; i < machines_.size(); ++i) start_daemon(i);
  }

  void run(int steps) {
    for (int i = 0; i < steps && !failed(); ++i) step();
  }
  void heal() {
    healing_ = true;
    for (Index i = 0; i < machines_.size(); ++i) {
      machines_[i].daemon.stopped = false;
      if (!machines_[i].up) start_corosync(i);
      if (!machines_[i].daemon.machine) start_daemon(i);
    }
    std::vector<Index> all(machines_.size());
    for (Index i = 0; i < all.size(); ++i) all[i] = i;
    change_rings({all});
    for (int round = 0; round < 30 && !failed(); ++round) {
      settle();
      for (Index i = 0; i < machines_.size(); ++i) beat(i);
    }
  }
  void check_that_all_agree() {
    const std::optional<View>& first = machines_[0].daemon.acting;
    for (const Machine& m : machines_) {
      if (!m.daemon.acting || m.daemon.acting != first || first->members.size() != machines_.size())
        return fail("after everything has healed, not all nodes act on one view of all");
    }
  }
  // A life is a member of views that follow each other, and never again.
  void check_that_nobody_came_back() {
    std::map<std::pair<NodeId, Incarnation>, Epoch> left;
    std::map<std::pair<NodeId, Incarnation>, Epoch> in;
    for (const auto& [epoch, view] : published_) {
      for (const Member& member : view.members)
        if (left.contains({member.node, member.incarnation}))
          return fail("a life of node " + std::to_string(member.node.value()) + " came back in epoch " +
                      std::to_string(epoch.value()));
      for (const auto& [life, since] : in)
        if (!view.has(life.first, life.second)) left.try_emplace(life, epoch);
      for (const Member& member : view.members) in.try_emplace({member.node, member.incarnation}, epoch);
    }
  }
  [[nodiscard]] bool failed() const { return !failure_.empty(); }
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  static NodeId id(Index i) { return NodeId{static_cast<std::uint32_t>(i + 1)}; }
  void fail(const std::string& what) {
    if (failure_.empty()) failure_ = what;
  }

  // ---- chance ----
  void step() {
    const Index i = prng_.below(machines_.size());
    switch (prng_.below(32)) {
      case 0: return beat(i);
      case 1: return prng_.chance(5) ? split() : void();
      case 2: return prng_.chance(8) ? change_rings({everybody_up()}) : void();
      case 3: return prng_.chance(6) ? stop_daemon(i) : void();
      case 4: return prng_.chance(20) ? start_daemon(i) : void();
      case 5: return prng_.chance(3) ? stop_corosync(i) : void();
      case 6: return prng_.chance(20) && !machines_[i].up ? start_corosync(i) : void();
      case 7: machines_[i].daemon.stopped = prng_.chance(15); return;
      case 8: return prng_.chance(6) ? new_life(i) : void();
      default: break;
    }
    switch (prng_.below(4)) {
      case 0: order(i); return;
      case 1: deliver(i); return;
      default: take_news(i, prng_.chance(30)); return;
    }
  }
  void split() {
    std::vector<std::vector<Index>> parts(2 + prng_.below(2));
    for (const Index i : everybody_up()) parts[prng_.below(parts.size())].push_back(i);
    std::erase_if(parts, [](const auto& part) { return part.empty(); });
    change_rings(parts);
  }
  std::vector<Index> everybody_up() {
    std::vector<Index> up;
    for (Index i = 0; i < machines_.size(); ++i)
      if (machines_[i].up) up.push_back(i);
    return up;
  }
  // Until nobody has anything to do.
  void settle() {
    for (bool busy = true; busy && !failed();) {
      busy = false;
      for (Index i = 0; i < machines_.size(); ++i)
        while (order(i) || deliver(i) || take_news(i, true) || take_news(i, false)) busy = true;
    }
  }

  // ---- the group ----
  void make_ring(const std::vector<Index>& nodes) {
    sequence_ += 4;
    const Index number = rings_.size();
    rings_.push_back({.id = {.node = id(nodes.front()), .sequence = sequence_}, .nodes = nodes, .log = {}});
    for (const Index i : nodes) {
      machines_[i].ring = number;
      machines_[i].seen = 0;
    }
  }
  // Everybody who is up goes to the ring of his part.
  void change_rings(const std::vector<std::vector<Index>>& parts) {
    if (parts.empty() || parts.front().empty()) return;
    for (const std::vector<Index>& part : parts)
      for (const Index i : part)
        for (const Index j : part)
          if (j >= i && machines_[i].ring == machines_[j].ring) catch_up_together(part, machines_[i].ring);
    for (const std::vector<Index>& part : parts) {
      // Who was together keeps of the group's members those who came along.
      std::vector<GroupMember> merged;
      for (const Index i : part)
        for (const GroupMember& member : machines_[i].group)
          if (member.node == id(i)) merged.push_back(member);
      make_ring(part);
      if (part.size() > 1) ++reached_.merges;
      for (const Index i : part) tell_of_ring(i, merged);
    }
  }
  // What one of them has seen, all of them see; and what they sent themselves. The rest may be lost.
  void catch_up_together(const std::vector<Index>& part, Index ring) {
    std::vector<Index> together;
    std::size_t seen = 0;
    for (const Index i : part)
      if (machines_[i].ring == ring) together.push_back(i), seen = std::max(seen, machines_[i].seen);
    const std::vector<Entry>& log = rings_[ring].log;
    const std::size_t whole = prng_.between(seen, log.size());
    std::vector<Entry> rest(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(whole));
    for (std::size_t at = whole; at < log.size(); ++at)
      if (std::ranges::any_of(together, [&](Index i) { return sender_of(log[at]) == id(i); })) rest.push_back(log[at]);
    for (const Index i : together) {
      for (std::size_t at = machines_[i].seen; at < rest.size(); ++at) hear(i, rest[at]);
      machines_[i].seen = log.size();
    }
  }
  static NodeId sender_of(const Entry& entry) {
    const auto* said = std::get_if<Said>(&entry);
    return said != nullptr ? said->from.node : std::get<Membership>(entry).member.node;
  }
  void tell_of_ring(Index i, const std::vector<GroupMember>& merged) {
    Machine& m = machines_[i];
    // The daemon may be told of those who left before it is told of the new ring.
    if (m.daemon.joined && prng_.chance(50)) {
      Group group{.ring = last_ring_told_[i], .members = {}};
      for (const GroupMember& member : m.group)
        if (std::ranges::count(merged, member) > 0) group.members.push_back(member);
      m.daemon.group_news.emplace_back(group);
    }
    m.group = merged;
    if (m.daemon.joined) tell_group(i);
    if (m.daemon.machine) m.daemon.quorum_news.push_back(quorum_of(i));
  }
  void tell_group(Index i) {
    Machine& m = machines_[i];
    last_ring_told_[i] = rings_[m.ring].id;
    m.daemon.group_news.emplace_back(Group{.ring = rings_[m.ring].id, .members = m.group});
  }
  Quorum quorum_of(Index i) {
    const OrderedRing& ring = rings_[machines_[i].ring];
    return {.ring = ring.id, .quorate = 2 * ring.nodes.size() > machines_.size(),
            .configured_votes = static_cast<std::uint32_t>(machines_.size()), .votes = 1};
  }
  bool order(Index i) {
    Machine& m = machines_[i];
    if (!m.up || m.to_order.empty()) return false;
    rings_[m.ring].log.push_back(std::move(m.to_order.front()));
    m.to_order.pop_front();
    return true;
  }
  bool deliver(Index i) {
    Machine& m = machines_[i];
    if (!m.up || m.seen == rings_[m.ring].log.size()) return false;
    hear(i, Entry(rings_[m.ring].log[m.seen++]));
    return true;
  }
  void hear(Index i, const Entry& entry) {
    Machine& m = machines_[i];
    if (const auto* said = std::get_if<Said>(&entry)) {
      const bool known = std::ranges::count(m.group, said->from.node, &GroupMember::node) > 0;
      if (known && m.daemon.joined) m.daemon.group_news.emplace_back(*said);
      return;
    }
    const auto& [change, member] = std::get<Membership>(entry);
    if (change == Membership::Change::leave) {
      std::erase(m.group, member);
    } else {
      if (std::ranges::count(m.group, member) == 0) m.group.push_back(member);
      if (member == GroupMember{id(i), m.daemon.process} && m.daemon.machine) m.daemon.joined = true;
    }
    if (m.daemon.joined) tell_group(i);
  }

  // ---- daemons ----
  void start_daemon(Index i) {
    Machine& m = machines_[i];
    if (m.daemon.machine) return;
    const std::uint32_t before = m.daemon.process;
    m.daemon = {};
    m.daemon.process = before == 0 || m.has_ghost || prng_.chance(50) ? before + 1 : before;  // the same one in a container
    m.daemon.machine = std::make_unique<Gathering>(id(i), m.saved);
    if (m.up) connect(i);
    new_life(i);
  }
  void connect(Index i) {
    Machine& m = machines_[i];
    m.to_order.emplace_back(Membership{Membership::Change::join, {id(i), m.daemon.process}});
    m.daemon.quorum_news.push_back(quorum_of(i));
  }
  void stop_daemon(Index i) {
    Machine& m = machines_[i];
    if (!m.daemon.machine) return;
    const std::uint32_t process = m.daemon.process;
    m.daemon = {};
    m.daemon.process = process;
    // Now and then nobody hears that it has gone, and it is in the group for ever.
    const bool is_noticed = !prng_.chance(10);
    if (m.up && is_noticed) m.to_order.emplace_back(Membership{Membership::Change::leave, {id(i), process}});
    m.has_ghost = m.up && !is_noticed;
    reached_.ghosts += m.has_ghost ? 1 : 0;
  }
  void stop_corosync(Index i) {
    Machine& m = machines_[i];
    if (!m.up) return;
    m.up = false;
    m.to_order.clear();
    m.group.clear();
    m.daemon.joined = false;
    m.daemon.group_news.clear();
    m.daemon.quorum_news.clear();
    if (m.daemon.machine) m.daemon.machine->on_disconnected();
    std::vector<Index> others;
    for (const Index j : rings_[m.ring].nodes)
      if (j != i && machines_[j].up) others.push_back(j);
    change_rings({others});
  }
  void start_corosync(Index i) {
    machines_[i].up = true;
    make_ring({i});
    if (machines_[i].daemon.machine) connect(i);
  }
  void new_life(Index i) {
    Daemon& d = machines_[i].daemon;
    if (!d.machine || d.stopped) return;
    d.acting.reset();
    d.life = {.incarnation = Incarnation{++incarnation_}, .address = "", .weight = 1};
    Gathering::Effects out;
    d.machine->on_life(d.life, out);
    carry_out(i, out);
  }
  void beat(Index i) {
    Daemon& d = machines_[i].daemon;
    if (!d.machine || d.stopped) return;
    Gathering::Effects out;
    d.machine->on_beat(out);
    carry_out(i, out);
  }
  bool take_news(Index i, bool of_quorum) {
    Daemon& d = machines_[i].daemon;
    if (!d.machine || d.stopped) return false;
    Gathering::Effects out;
    if (of_quorum) {
      if (d.quorum_news.empty()) return false;
      const Quorum quorum = d.quorum_news.front();
      d.quorum_news.pop_front();
      d.machine->on_quorum(quorum, out);
    } else {
      if (d.group_news.empty()) return false;
      const auto news = std::move(d.group_news.front());
      d.group_news.pop_front();
      if (const auto* group = std::get_if<Group>(&news)) d.machine->on_group(*group, out);
      if (const auto* said = std::get_if<Said>(&news)) d.machine->on_message(said->from, said->message, out);
    }
    carry_out(i, out);
    return true;
  }
  void carry_out(Index i, const Gathering::Effects& out) {
    Machine& m = machines_[i];
    if (out.save) {
      m.saved = *out.save;
      if (!healing_ && prng_.chance(2)) return stop_daemon(i);
    }
    if (m.up)
      for (const auto& message : out.sends) m.to_order.emplace_back(Said{{id(i), m.daemon.process}, message});
    for (const auto& note : out.notes) reached_.silent += note.note == GatheringNote::silent ? 1 : 0;
    for (const View& view : out.views) take_view(i, view);
    if (out.over) {
      ++reached_.over;
      if (out.over->has(id(i), m.daemon.life.incarnation)) fail("a life is over by a view that it is in");
      new_life(i);
    }
  }
  void take_view(Index i, const View& view) {
    Machine& m = machines_[i];
    ++reached_.views;
    const auto [known, is_new] = published_.try_emplace(view.epoch, view);
    const std::string epoch = "epoch " + std::to_string(view.epoch.value());
    if (known->second.digest() != view.digest()) fail("two views of " + epoch);
    if (view.epoch <= m.newest) fail(epoch + " is not newer than what the node was given before");
    if (!view.has(id(i), m.daemon.life.incarnation)) fail(epoch + " was given to a life that is not in it");
    if (2 * view.members.size() <= machines_.size()) fail(epoch + " is a view of a minority");
    if (m.saved.epoch < view.epoch) fail(epoch + " was not saved");
    m.newest = view.epoch;
    m.daemon.acting = view;
  }

  Prng prng_;
  Reached& reached_;
  std::vector<Machine> machines_;
  std::vector<OrderedRing> rings_;
  std::map<Index, Ring> last_ring_told_;
  std::map<Epoch, View> published_;
  std::uint64_t sequence_ = 0, incarnation_ = 0;
  bool healing_ = false;
  std::string failure_;
};

TEST(GatheringUnderFaults, one_epoch_is_one_view_and_nobody_comes_back_and_all_agree_in_the_end) {
  Reached reached;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    World world(seed, reached);
    world.run(3000);
    if (!world.failed()) world.heal();
    if (!world.failed()) world.check_that_all_agree();
    if (!world.failed()) world.check_that_nobody_came_back();
    ASSERT_FALSE(world.failed()) << "seed " << seed << ": " << world.failure();
  }
  std::printf("report: gathering under faults: %d views, %d lives over, %d daemons left out for hanging, %d rings, "
              "%d ghosts\n",
              reached.views, reached.over, reached.silent, reached.merges, reached.ghosts);
  EXPECT_GT(reached.over, 50);
  EXPECT_GT(reached.silent, 100);
  EXPECT_GT(reached.ghosts, 100);
}

}  // namespace
}  // namespace holdfast::cluster
