// SPDX-License-Identifier: Apache-2.0
// Report: questions that several nodes have to answer. A query goes to all members: each names the resources
// it is master of and who stands behind the locks of its own programs; the node that was asked puts the two
// together. A sync goes to all other members and comes back when everything sent before it has been applied.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "node/core.hpp"
#include "node/home.hpp"
#include "node/master.hpp"
#include "node/post.hpp"
#include "node/requester.hpp"
#include "node/sessions.hpp"

namespace holdfast::node {

class Report {
 public:
  Report(Core& core, Post& post, Sessions& sessions, Home& home, Master& master, Requester& requester)
      : core_(core), post_(post), sessions_(sessions), home_(home), master_(master), requester_(requester) {}

  void on(const Session& session, const wire::Query& call);
  void on(const Session& session, const wire::Sync& call);

  void on(NodeId from, const wire::QueryAsk& ask);
  void on(NodeId from, const wire::QueryResource& row);
  void on(NodeId from, const wire::QueryLock& row);
  void on(NodeId from, const wire::QueryOwner& row);
  void on(NodeId from, const wire::QueryDone& done);
  void on(NodeId from, const wire::Probe& probe);
  void on(NodeId from, const wire::ProbeReply& reply);

  // Nodes that left the view will not answer any more.
  void take_view();
  // Answers what was waited for too long without those who are silent.
  void sweep();
  // When sweep() has something to do.
  [[nodiscard]] Instant next() const { return queries_.empty() ? Instant::never() : queries_.begin()->second.until; }

 private:
  struct Asker {
    ClientConn conn;
    OwnerId owner;
    RequestId request;
  };
  struct Found {
    wire::ResourceReport resource;
    std::vector<wire::LockReport> locks;
  };
  struct Behind {
    wire::OwnerReport owner;
    std::uint8_t orphan = 0;
    std::uint32_t tag = 0;
    ClaimId parent;
  };
  struct OpenQuery {
    Asker asker;
    Instant until;
    std::vector<NodeId> missing;
    Errc status = Errc::ok;
    std::map<std::string, Found> found;
    std::map<NodeId, std::string> last_key;  // of the resource whose locks are coming from a node
    std::map<std::pair<NodeId, ClaimId>, Behind> owners;
    std::string cut_behind_key;
  };
  struct OpenSync {
    Asker asker;
    std::vector<NodeId> missing;
  };
  void tell_resources(NodeId to, const wire::QueryAsk& ask);
  void tell_owners(NodeId to, const wire::QueryAsk& ask);
  void finish(std::uint64_t number, OpenQuery& query);
  [[nodiscard]] std::vector<NodeId> members() const;

  Core& core_;
  Post& post_;
  Sessions& sessions_;
  Home& home_;
  Master& master_;
  Requester& requester_;
  std::map<std::uint64_t, OpenQuery> queries_;  // oldest first
  std::map<std::uint64_t, OpenSync> syncs_;
  std::uint64_t last_number_ = 0;
};

}  // namespace holdfast::node
