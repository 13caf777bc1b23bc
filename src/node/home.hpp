// SPDX-License-Identifier: Apache-2.0
// Home: the role of a node for the slots of the directory that it is home of. It knows who is master of
// what, says so by sending requests there, makes the first who asks master (or whom the lockspace's policy
// names), and after a view change rebuilds what lost its master:
//
//   collecting   every member reports what it is master of in the slots that moved here, and its locks on
//                resources that lost their master; requests for such resources are held
//   open         all have said "done". Resources that lost their master still wait until the leases of the
//                lost nodes are over (their clients may be in the middle of something), then they are
//                rebuilt in their old order, and what was held goes on
//
// Everything else is served all the time. A further view starts the exchange again.
#pragma once

#include <bitset>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "cluster/barrier.hpp"
#include "cluster/directory.hpp"
#include "node/core.hpp"
#include "node/master.hpp"
#include "node/post.hpp"

namespace holdfast::node {

class Home {
 public:
  Home(Core& core, Post& post, Master& master)
      : core_(core), post_(post), master_(master), directory_(core.config.hash_salt) {}

  // A new view is in force: starts the exchange.
  void take_view(const ViewChange& change);
  // Messages that are bound to an epoch; the caller has seen to it that it is ours.
  void on_asked(NodeId origin, const wire::Operation& operation);
  void on(NodeId from, const wire::Remove& message);
  void on(NodeId from, const wire::MasterClaim& message);
  void on(NodeId from, const wire::RebuildLock& message);
  void on(NodeId from, const wire::RebuildValue& message);
  void on(NodeId from, const wire::RebuildDone& message);
  // Resources that move: asked by hand, arrived at their new master, or in doubt at their old one.
  void on(NodeId from, const wire::MoveAsk& message);
  void on(NodeId from, const wire::Installed& message);
  void on(NodeId from, const wire::MoveQuery& message);

  // Opens what waited for a lease that is over now, if nothing else is in the way.
  void settle();
  // That, and all else that is linear in the locks, is done in pieces: one of them, and whether there is another.
  void work(Allowance& allowance);
  [[nodiscard]] bool has_work() const {
    return to_serve_ > 0 || settling_ == Settling::going_on || tidied_ < cluster::Directory::parts ||
           !discarded_.empty() || !to_gather_.empty();
  }

  [[nodiscard]] cluster::HomePhase phase() const { return barrier_.phase(); }
  // Whatever lost its master has another one by now, or nobody had a lock there.
  [[nodiscard]] bool is_settled() const { return settling_ == Settling::over; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(directory_.size()); }

 private:
  struct RebuiltLock {
    Master::Restored lock;
    Token asked_at;
    Mastership mastership;  // under which its master was lost
  };
  struct Held {
    NodeId origin;
    std::string bytes;  // the encoded operation
  };
  // Of somebody who knows what the lost master wrote last.
  struct Testimony {
    Mastership mastership;
    Value value;
    [[nodiscard]] bool is_older_than(const wire::RebuildValue& message) const {
      return std::pair(mastership, value.write_number) < std::pair(message.mastership, message.write_number);
    }
  };
  struct Group {  // what is known of a resource that lost its master
    std::vector<RebuiltLock> locks;
    Value value;
    wire::Evidence evidence = wire::Evidence::copy;
    Testimony kept;     // of the keeper of the second copy
    Testimony written;  // of who wrote last
    Testimony doubted;  // of who said last that the value is none any more
    std::vector<std::pair<NodeId, Mastership>> witnesses;
    std::vector<Held> held;  // asked while it was the only thing in the way
  };
  using Groups = std::map<std::string, Group, std::less<>>;
  enum class Settling : std::uint8_t {
    not_yet,   // what lost its master waits
    going_on,  // what has a group still waits; of the others all is known
    over,
  };
  // Everybody has reported, and nobody who is lost can believe in his locks any more.
  [[nodiscard]] bool is_ready() const {
    return barrier_.phase() == cluster::HomePhase::open && core_.may_grant() && !core_.lost.waiting(core_.now);
  }
  [[nodiscard]] bool has_to_wait(std::string_view key) const;
  [[nodiscard]] Group* group_in_the_way(std::string_view key);
  Group& group_of(std::string_view key);
  void settle_groups(Allowance& allowance);
  void settle_group(const std::string& key, Group group);
  void tidy(Allowance& allowance);
  void finish_tidying(const ViewChange& change);
  [[nodiscard]] bool is_alive(const cluster::Entry& entry) const {
    return core_.is_member(entry.master, entry.incarnation);
  }
  void hold(NodeId origin, const wire::Operation& operation);
  template <class Message>
  void hold_until_open(NodeId from, const Message& message);
  void serve_questions();
  cluster::Entry& assign(NodeId origin, std::string_view key);
  [[nodiscard]] NodeId master_of_tree(std::string_view key) const;
  [[nodiscard]] NodeId stays_or(NodeId origin) const;
  [[nodiscard]] NodeId choose_master(NodeId origin, std::string_view key) const;
  void rebuild(const std::string& key, Group group);
  [[nodiscard]] Value newest_value(const std::string& key, Group& group) const;
  static void hear(Group& group, NodeId from, const wire::RebuildValue& message);
  void let_forget(std::string_view key, const Group& group);
  void send_back(const Group& group);
  void serve(const Held& held);
  void serve_held(Allowance& allowance);
  // Of these trees (path_prefix_of a root, or all) everything is to be where the root is.
  static constexpr std::string_view every_tree{};
  void gather(std::string_view prefix);
  void gather_tree_of(std::string_view key);
  void gather_trees(Allowance& allowance);
  void send_to_root(const std::string& path);

  Core& core_;
  Post& post_;
  Master& master_;
  cluster::Directory directory_;
  cluster::Barrier barrier_;
  Instant unknown_;  // until when somebody of this exchange may have forgotten what he answered before a restart
  Groups groups_;  // sorted: they are rebuilt in this order
  std::deque<Groups> discarded_;  // of earlier epochs
  Settling settling_ = Settling::not_yet;
  std::bitset<limits::slots> moved_here_;  // not everybody has said yet what it is master of in these
  std::bitset<limits::slots> unsettled_;   // all have, but a lost node may have been master of what nobody named
  std::deque<Held> held_;
  std::size_t to_serve_ = 0;  // so many of them, from the front, are to be looked at once more
  // Entries of masters that are gone, and of slots that are at home elsewhere by now, go part by part.
  std::uint32_t tidied_ = cluster::Directory::parts;
  std::deque<Held> questions_;  // about moves, until everybody has said what he is master of
  std::deque<std::string> to_gather_;  // trees, see gather(); of the first one everything up to `gathered_` is done
  std::string gathered_;
};

}  // namespace holdfast::node
