// SPDX-License-Identifier: Apache-2.0
// Search: one search for a deadlock that a party of this node is in. It asks in breadth: masters, for whom a wait
// waits; nodes, who stands behind a lock and what else it waits for; until there is a cycle or nothing to ask. Then
// it makes sure (docs/deadlocks.md):
//   reserving  every wait of the cycle, in the order of their ids, so that searches cannot wait in a circle
//   checking   every edge once more. What is there twice was there all the time between: at the moment between the
//              last first answer and the first second question the whole cycle was there
// and only then says who loses.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "cluster/victim.hpp"
#include "cluster/wait_graph.hpp"
#include "node/core.hpp"
#include "node/parties.hpp"
#include "node/post.hpp"

namespace holdfast::node {

class Search {
 public:
  enum class Outcome : std::uint8_t {
    open,
    nothing,   // there is no cycle
    vanished,  // there was one, perhaps, and it is gone
    broken,    // the victim is about to hear of it
  };
  Search(Core& core, Post& post, std::uint64_t number, const Party& party);

  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] const Party& party() const { return party_; }
  // Its own waits, as far as this node knows them.
  void begin(const std::vector<wire::WaitRow>& waits);
  void on(NodeId from, const wire::WaitsReply& reply);
  void on(NodeId from, const wire::PartiesReply& reply);
  void on(NodeId from, const wire::Reserved& reply);
  // Have all answers come? Then advance() has something to do.
  [[nodiscard]] bool is_ready() const { return missing_.empty(); }
  // Messages to this node itself are answered before it returns.
  [[nodiscard]] Outcome advance();
  // What is reserved is given back.
  void end();
  [[nodiscard]] std::uint32_t rows() const { return rows_; }

 private:
  enum class Stage : std::uint8_t { asking, reserving, checking };
  enum class Question : std::uint8_t { waits, parties, reserve };
  struct Place {
    NodeId master;
    wire::WaitPlace wait;
  };
  struct Member {
    cluster::Candidate candidate;
    wire::DeadlockMember report;
    std::uint64_t transaction = 0;
  };
  struct Count {
    std::uint64_t born = UINT64_MAX, locks = 0, writes = 0;
  };
  [[nodiscard]] cluster::PartyId party_at(NodeId node, std::uint64_t transaction, OwnerId owner) const;
  void learn_wait(const cluster::WaitId& wait, const Place& place);
  void learn_transaction(std::uint64_t transaction);
  void learn_edge(const cluster::WaitId& wait, NodeId master, const wire::EdgeRow& row);
  [[nodiscard]] Outcome look();
  [[nodiscard]] bool ask();
  void ask_waits(const std::vector<cluster::WaitId>& waits);
  void ask_parties(std::map<NodeId, std::vector<ClaimId>> claims, const std::vector<std::uint64_t>& transactions,
                   std::uint8_t tally);
  void reserve_next();
  void check();
  [[nodiscard]] Outcome conclude();
  [[nodiscard]] bool is_confirmed() const;
  void count_transactions();
  [[nodiscard]] wire::DeadlockReport report(std::size_t victim) const;

  Core& core_;
  Post& post_;
  std::uint64_t number_;
  Party party_;
  cluster::PartyId own_;
  Stage stage_ = Stage::asking;
  std::uint32_t round_ = 0;
  std::uint32_t rows_ = 0;
  bool suspected_ = false;  // by any node
  std::set<std::pair<NodeId, Question>> missing_;
  std::map<NodeId, std::vector<cluster::WaitId>> asked_;  // in this round, as the answers count them
  cluster::WaitGraph graph_;
  std::map<cluster::WaitId, Place> places_;
  std::set<cluster::LockOf> locks_;       // whose parties were asked for, or will be
  std::set<std::uint64_t> transactions_;  // that were asked for, or will be
  std::vector<cluster::WaitId> waits_to_ask_;
  std::vector<cluster::LockOf> locks_to_ask_;
  std::vector<std::uint64_t> transactions_to_ask_;
  cluster::Cycle cycle_;
  std::vector<cluster::WaitId> order_;  // in which the members are reserved
  std::size_t reserved_ = 0;
  bool gone_ = false;  // one of them is
  std::map<cluster::WaitId, Member> members_;
  std::map<cluster::WaitId, std::vector<cluster::WaitEdge>> confirmed_;
  std::map<std::uint64_t, Count> counts_;  // of transactions
};

}  // namespace holdfast::node
