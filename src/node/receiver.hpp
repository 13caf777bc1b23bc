// SPDX-License-Identifier: Apache-2.0
// Roles: the parts of a node, and which of them is in charge of which message. A message that is bound to an
// epoch is dropped when it is older than ours (its sender asks again), and kept until we get there when it
// is newer.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "node/copies.hpp"
#include "node/deadlocks.hpp"
#include "node/departure.hpp"
#include "node/evictions.hpp"
#include "node/history.hpp"
#include "node/home.hpp"
#include "node/life.hpp"
#include "node/lockspaces.hpp"
#include "node/master.hpp"
#include "node/moves.hpp"
#include "node/peers.hpp"
#include "node/recovery.hpp"
#include "node/report.hpp"
#include "node/requester.hpp"
#include "node/sessions.hpp"

namespace holdfast::node {

class Roles : public Receiver {
 public:
  explicit Roles(NodeConfig config)
      : core(std::move(config)), peers(core), post(core, peers, *this), life(core, peers, post), sessions(core), flight(core.config.flight_events), master(core, post, flight),
        requester(core, post, sessions, master), home(core, post, master), copies(core, post),
        report(core, post, sessions, home, master, requester), history(core, post, sessions, master, flight), deadlocks(core, post, sessions, master, requester), lockspaces(core, post, sessions, requester),
        moves(core, post, sessions), evictions(core, post, sessions), departure(core, peers, post, master, requester),
        recovery(core, post, life, home, copies, master, requester) {}

  // Steps the messages of a data frame. False, with the reason, if one of them makes no sense.
  [[nodiscard]] bool receive_all(const Peers::Arrived& arrived, std::string_view& what);
  // The same, but behind what of this peer was kept and is not stepped yet.
  [[nodiscard]] bool receive_in_turn(const Peers::Arrived& arrived, std::string_view& what);
  // In a new epoch what was kept for it is to be stepped; that goes in pieces, since a peer may have been there long
  // before us.
  void take_out_kept();
  void receive_kept(Allowance& allowance);
  [[nodiscard]] bool has_kept_due() const {
    return std::ranges::any_of(kept_, [](const auto& of) { return !of.second.due.empty(); });
  }

  void receive(NodeId from, const wire::Operation& message) override;
  void receive(NodeId from, const wire::GrantReply& message) override { requester.on(from, message); }
  void receive(NodeId from, const wire::DoneReply& message) override { requester.on(from, message); }
  void receive(NodeId from, const wire::QueueReply& message) override { requester.on(from, message); }
  void receive(NodeId from, const wire::RefuseReply& message) override { requester.on(from, message); }
  void receive(NodeId, const wire::Notice& message) override { requester.on(message); }
  void receive(NodeId from, const wire::Forward& message) override;
  void receive(NodeId, const wire::NotMaster& message) override { requester.on(message); }
  void receive(NodeId from, const wire::MasterReply& message) override;
  void receive(NodeId from, const wire::Remove& message) override;
  void receive(NodeId, const wire::RemoveReply& message) override { master.on(message); }
  void receive(NodeId from, const wire::MasterClaim& message) override;
  void receive(NodeId from, const wire::RebuildLock& message) override;
  void receive(NodeId from, const wire::RebuildValue& message) override;
  void receive(NodeId from, const wire::RebuildDone& message) override;
  void receive(NodeId from, const wire::RebuildReply& message) override { requester.on(from, message); }
  void receive(NodeId, const wire::Fenced& message) override { life.on(message); }
  void receive(NodeId from, const wire::HistoryAsk& message) override { history.on(from, message); }
  void receive(NodeId from, const wire::HistoryTold& message) override { history.on(from, message); }
  void receive(NodeId from, const wire::HistoryDone& message) override { history.on(from, message); }
  void receive(NodeId from, const wire::QueryAsk& message) override { report.on(from, message); }
  void receive(NodeId from, const wire::QueryResource& message) override { report.on(from, message); }
  void receive(NodeId from, const wire::QueryLock& message) override { report.on(from, message); }
  void receive(NodeId from, const wire::QueryOwner& message) override { report.on(from, message); }
  void receive(NodeId from, const wire::QueryDone& message) override { report.on(from, message); }
  void receive(NodeId from, const wire::Probe& message) override { report.on(from, message); }
  void receive(NodeId from, const wire::ProbeReply& message) override { report.on(from, message); }
  void receive(NodeId, const wire::PurgeOrphans& message) override { requester.on(message); }
  void receive(NodeId from, const wire::LockspaceMember& message) override { lockspaces.on(from, message); }
  void receive(NodeId from, const wire::Moving& message) override;
  void receive(NodeId from, const wire::MovingReply& message) override;
  void receive(NodeId from, const wire::Install& message) override;
  void receive(NodeId from, const wire::InstallLock& message) override;
  void receive(NodeId from, const wire::InstallOperation& message) override;
  void receive(NodeId from, const wire::Installed& message) override;
  void receive(NodeId from, const wire::MoveDone& message) override;
  void receive(NodeId from, const wire::MoveQuery& message) override;
  void receive(NodeId from, const wire::MoveAsk& message) override;
  void receive(NodeId from, const wire::MoveOrder& message) override;
  void receive(NodeId, const wire::MoveAnswer& message) override { moves.on(message); }
  void receive(NodeId from, const wire::Leaving& message) override { departure.on(from, message); }
  void receive(NodeId from, const wire::ValueCopy& message) override;
  void receive(NodeId from, const wire::ValueCopied& message) override { master.on(from, message); }
  void receive(NodeId from, const wire::WaitsAsk& message) override;
  void receive(NodeId from, const wire::WaitsReply& message) override;
  void receive(NodeId from, const wire::PartiesAsk& message) override;
  void receive(NodeId from, const wire::PartiesReply& message) override;
  void receive(NodeId from, const wire::Reserve& message) override;
  void receive(NodeId from, const wire::Reserved& message) override;
  void receive(NodeId from, const wire::Unreserve& message) override;
  void receive(NodeId from, const wire::Doom& message) override;
  void receive(NodeId from, const wire::DeadlocksAsk& message) override { deadlocks.on(from, message); }
  void receive(NodeId from, const wire::DeadlocksReply& message) override { deadlocks.on(from, message); }
  void receive(NodeId from, const wire::EvictAsk& message) override { requester.on(from, message); }
  void receive(NodeId from, const wire::EvictAnswer& message) override { evictions.on(from, message); }
  void receive_frame(NodeId from, std::string_view frame) override;
  void recall(ClaimId claim) override { requester.recall(claim); }

  Core core;
  Peers peers;
  Post post;
  Life life;
  Sessions sessions;
  Flight flight;
  Master master;
  Requester requester;
  Home home;
  Copies copies;
  Report report;
  History history;
  Deadlocks deadlocks;
  Lockspaces lockspaces;
  Moves moves;
  Evictions evictions;
  Departure departure;
  Recovery recovery;

 private:
  enum class Timely : std::uint8_t { now, late, early };
  [[nodiscard]] Timely timely(Epoch bound) const;
  // True if the message is to be stepped now; one that is early is kept.
  template <class M>
  [[nodiscard]] bool is_due(NodeId from, Epoch bound, const M& message);
  // A search is part of one epoch.
  template <class M>
  void search(NodeId from, const M& message);

  struct Early {
    Epoch bound;
    std::string bytes;  // its frame
  };
  struct Kept {  // of one life of a peer, in the order in which it came
    std::deque<Early> early;
    std::deque<std::string> due;  // and whatever came behind
  };
  std::map<std::pair<NodeId, Incarnation>, Kept> kept_;
};

}  // namespace holdfast::node
