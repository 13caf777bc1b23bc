// SPDX-License-Identifier: Apache-2.0
// Lockspaces: which lockspaces this node has joined, how often, and who may open them; and which other nodes
// of the view are in them. Locking needs no join: those are for programs and operators that think in joins
// and leaves, as those of the Linux DLM do. Who may open a lockspace is said by the operator (its policy), or
// else by whoever joins it first.
//
// Every node tells all others what it joins and leaves, and in every view once more what it is in. So what
// is known of a node is what that node said last, and goes with it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "node/core.hpp"
#include "node/post.hpp"
#include "node/requester.hpp"
#include "node/sessions.hpp"

namespace holdfast::node {

class Lockspaces {
 public:
  Lockspaces(Core& core, Post& post, Sessions& sessions, Requester& requester)
      : core_(core), post_(post), sessions_(sessions), requester_(requester) {}

  void on(Session& session, const wire::OpenLockspace& call);
  void on(const Session& session, const wire::ListLockspaces& call);
  void on(NodeId from, const wire::LockspaceMember& message);

  // Takes a join back. Errors: bad_name, name_too_long, no_such_lockspace, not_permitted, lockspace_in_use.
  // What becomes of those who still use it after the last leave is the caller's business.
  [[nodiscard]] Error leave(const Session& session, const std::string& lockspace, LeaveHow how);
  [[nodiscard]] bool is_in(const std::string& lockspace) const;

  // The members of `before` that are gone are in no lockspace any more.
  void take_view(const View& before);

 private:
  struct Change {
    std::uint32_t joined = 0;
    std::uint32_t left = 0;
    std::uint32_t failed = 0;
  };
  struct Lockspace {
    std::uint32_t joins = 0;  // of this node
    std::map<std::uint32_t, std::uint32_t> joins_of;  // by uid
    LockspaceAccess access{.uid = 0, .gid = 0, .mode = 0};  // as the policy says, or whoever joined first
    std::map<NodeId, std::uint32_t> members;  // and the change with which each of them came
    std::uint32_t changes = 0;    // since this node joined
    Change latest;
  };
  [[nodiscard]] Result<wire::LockspaceHandle> open(Session& session, const wire::OpenLockspace& call);
  void join(const Owner& who, const wire::OpenLockspace& call);
  [[nodiscard]] Result<void> may_open(const Owner& who, const wire::OpenLockspace& call) const;
  [[nodiscard]] Result<void> has_room_for(const Owner& who) const;
  [[nodiscard]] bool has_access(const Owner& who, std::string_view name) const;
  [[nodiscard]] Result<void> may_leave(const Owner& who, const std::string& name, const Lockspace& lockspace,
                                       LeaveHow how) const;
  void note(const std::string& lockspace, NodeId node, wire::Membership membership);
  void tell(const std::string& lockspace, wire::Membership membership);

  Core& core_;
  Post& post_;
  Sessions& sessions_;
  Requester& requester_;
  std::map<std::string, Lockspace> lockspaces_;
};

}  // namespace holdfast::node
