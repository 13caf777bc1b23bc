// SPDX-License-Identifier: Apache-2.0
// Post: how the roles of the nodes talk. A role (requester, home, master, ...) only ever sends messages of
// the peer protocol to a node; whether that node is this one makes no difference to it. To ourselves the
// message is handed over at once, as it is, without being encoded.
//
// Handing over at once means that send() can come back into the sending role. So a role finishes what it
// changes before it sends, and holds no reference across a send() into something that may go away.
#pragma once

#include "node/core.hpp"
#include "node/peers.hpp"

namespace holdfast::node {

// Who understands what: one overload per message, each a call of the role in charge (receiver.cpp).
class Receiver {
 public:
  virtual ~Receiver() = default;
#define HF_RECEIVES(Message) virtual void receive(NodeId from, const wire::Message& message) = 0
  HF_RECEIVES(Operation);
  HF_RECEIVES(GrantReply);
  HF_RECEIVES(DoneReply);
  HF_RECEIVES(QueueReply);
  HF_RECEIVES(RefuseReply);
  HF_RECEIVES(Notice);
  HF_RECEIVES(Forward);
  HF_RECEIVES(NotMaster);
  HF_RECEIVES(MasterReply);
  HF_RECEIVES(Remove);
  HF_RECEIVES(RemoveReply);
  HF_RECEIVES(MasterClaim);
  HF_RECEIVES(RebuildLock);
  HF_RECEIVES(RebuildValue);
  HF_RECEIVES(RebuildDone);
  HF_RECEIVES(RebuildReply);
  HF_RECEIVES(Fenced);
  HF_RECEIVES(HistoryAsk);
  HF_RECEIVES(HistoryTold);
  HF_RECEIVES(HistoryDone);
  HF_RECEIVES(QueryAsk);
  HF_RECEIVES(QueryResource);
  HF_RECEIVES(QueryLock);
  HF_RECEIVES(QueryOwner);
  HF_RECEIVES(QueryDone);
  HF_RECEIVES(Probe);
  HF_RECEIVES(ProbeReply);
  HF_RECEIVES(PurgeOrphans);
  HF_RECEIVES(LockspaceMember);
  HF_RECEIVES(Moving);
  HF_RECEIVES(MovingReply);
  HF_RECEIVES(Install);
  HF_RECEIVES(InstallLock);
  HF_RECEIVES(InstallOperation);
  HF_RECEIVES(Installed);
  HF_RECEIVES(MoveDone);
  HF_RECEIVES(MoveQuery);
  HF_RECEIVES(MoveAsk);
  HF_RECEIVES(MoveOrder);
  HF_RECEIVES(MoveAnswer);
  HF_RECEIVES(Leaving);
  HF_RECEIVES(ValueCopy);
  HF_RECEIVES(ValueCopied);
  HF_RECEIVES(WaitsAsk);
  HF_RECEIVES(WaitsReply);
  HF_RECEIVES(PartiesAsk);
  HF_RECEIVES(PartiesReply);
  HF_RECEIVES(Reserve);
  HF_RECEIVES(Reserved);
  HF_RECEIVES(Unreserve);
  HF_RECEIVES(Doom);
  HF_RECEIVES(DeadlocksAsk);
  HF_RECEIVES(DeadlocksReply);
  HF_RECEIVES(EvictAsk);
  HF_RECEIVES(EvictAnswer);
#undef HF_RECEIVES
  // One message that was kept as its frame.
  virtual void receive_frame(NodeId from, std::string_view frame) = 0;
  // Not a message, since it never goes to another node: somebody is in the way of this claim of ours. Has its
  // program given the lock up already?
  virtual void recall(ClaimId claim) = 0;
};

class Post {
 public:
  Post(Core& core, Peers& peers, Receiver& receiver) : core_(core), peers_(peers), receiver_(receiver) {}

  // A message to a node that is no member is dropped: the view change that removed it settles everything
  // that was under way.
  template <wire::Described M>
  void send(NodeId to, const M& message) {
    if (to == core_.self())
      receiver_.receive(to, message);
    else if (cluster::Link* link = peers_.link(to))
      link->append(message);
  }
  // The same for a message that was encoded before.
  void send_frame(NodeId to, std::string_view frame) {
    if (to == core_.self())
      receiver_.receive_frame(to, frame);
    else if (cluster::Link* link = peers_.link(to))
      link->append_frame(frame);
  }
  // Number of the frame that what is sent to `to` now will be in, and whether a frame has arrived there. A
  // node that is gone has not got it, as far as anybody can know.
  [[nodiscard]] std::uint64_t next_sequence(NodeId to) {
    const cluster::Link* link = peers_.link(to);
    return link == nullptr ? 0 : link->next_sequence();
  }
  [[nodiscard]] bool is_applied(NodeId to, Incarnation incarnation, std::uint64_t sequence) {
    const cluster::Link* link = core_.is_member(to, incarnation) ? peers_.link(to) : nullptr;
    return link != nullptr && link->acknowledged() >= sequence;
  }
  // Whoever has much to send goes on when this is over: with the acknowledgement of somebody.
  [[nodiscard]] bool is_congested() const { return peers_.is_congested(); }
  void recall(ClaimId claim) { receiver_.recall(claim); }
  template <wire::Described M>
  void send_to_all(const M& message) {
    for (const Member& member : core_.view.members) send(member.node, message);
  }

 private:
  Core& core_;
  Peers& peers_;
  Receiver& receiver_;
};

}  // namespace holdfast::node
