// SPDX-License-Identifier: Apache-2.0
// Gathering: how the daemons of a process group (corosync's CPG) agree on views. One machine a daemon; input is
// what the group delivers, in the group's order; output is messages for the group, and views for the node.
//
// The group gives us: configurations (who is in it, in which ring of nodes), and messages in one order for all;
// members that go from one configuration to the next together have seen the same messages. It does not give:
// that everybody sees a message. When a ring breaks, one member may have seen the last message and others not.
// So a view is not published on the strength of messages seen, but of promises made:
//
//   1. Each member announces itself: its life, its votes, what quorum it sees, which views it knows of.
//   2. Announcements of all members, all of them with quorum, together a majority of the votes: everybody
//      computes the same next view from them, epoch = largest epoch announced + 1, and saves and sends its
//      promise never to promise another view of that epoch.
//   3. Promises of all members of the view: it is published.
//
// Two views of one epoch would need two majorities, and a node that promised both. That node's promise is
// durable and it announces its epoch, so there is none: one epoch, one view, whatever crashes or splits.
//
// The votes of a quorum device count for a view too, but a device promises nothing. What takes the place of its
// promise is time (device_vote.hpp): those who have it settled have had it since all were together, so nobody else
// has gone on with it since. That is why all who go on from the newest view must have it settled, and nobody else of
// that view may be in the group: then the device could stand with both.
//
// A life that was left out of a view never comes back, since the others have given up its locks. A view may be
// in force somewhere as soon as it was promised by somebody, so announcements carry the newest promised view,
// and a life that it leaves out is over: it makes room for the node's next one.
//
// A daemon that hangs is still in the group. Members say regularly that they are alive; the order of the group
// is the clock: whoever says nothing while another one says it `beats_missed_max` times is left out of the
// next view, if the others are more than half of the votes. It announces itself again when it wakes up.
// A daemon that was killed while rings came and went may stay in the group for ever: its node is in it twice, and
// nobody knows whose announcement counts. The one of them that says nothing for as long is not there.
// A daemon that speaks another version of the protocol is left out likewise: nobody can agree with it on anything.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "cluster/ring.hpp"
#include "model/view.hpp"
#include "wire/group_messages.hpp"

namespace holdfast::cluster {

struct GroupMember {
  NodeId node;
  std::uint32_t process = 0;
  friend auto operator<=>(const GroupMember&, const GroupMember&) = default;
};

struct Group {
  Ring ring;
  std::vector<GroupMember> members;
  friend bool operator==(const Group&, const Group&) = default;
};

// As this node's quorum service sees it.
struct Quorum {
  Ring ring;
  bool quorate = false;
  std::uint32_t configured_votes = 0;
  std::uint32_t votes = 1;  // of this node
  NodeId tie_breaker;       // see View
  std::uint32_t device_votes = 0;             // see View
  std::chrono::milliseconds device_timeout{};
  bool device_settled = false;                // its votes count for a view here and now: see device_vote.hpp
  friend bool operator==(const Quorum&, const Quorum&) = default;
};

// What others must know of a life of this node.
struct GroupLife {
  Incarnation incarnation;
  std::string address;
  std::uint32_t weight = 1;
  friend bool operator==(const GroupLife&, const GroupLife&) = default;
};

// What a node must remember over restarts of its daemon.
struct Promises {
  Epoch epoch;                   // no view of this epoch or a smaller one is promised any more
  std::optional<View> promised;  // the newest
};

// Worth a line for operators, once when it begins.
enum class GatheringNote : std::uint8_t {
  twin,           // `node` is in the group twice
  no_quorum,      // this side has no quorum: the view stays as it is
  silent,         // `node` is in the group, but hangs: it is left out
  not_sound,      // an announcement of `node` that cannot be used
  wrong_version,  // `node` speaks another version of the group protocol: it is left out
};

class Gathering {
 public:
  using Message = std::variant<wire::GroupAnnounce, wire::GroupPromise, wire::GroupAlive>;
  struct Note {
    GatheringNote note;
    NodeId node;
  };
  // The order contract: make `save` durable, only then send, then tell the node.
  struct Effects {
    std::optional<Promises> save;
    std::vector<Message> sends;
    std::vector<View> views;    // for the node, in this order
    std::optional<View> over;   // this life of the node is over: this newer view leaves it out
    std::vector<Note> notes;
  };
  static constexpr std::uint32_t beats_missed_max = 5;

  Gathering(NodeId self, Promises promises);

  // The node begins a life; the former one is over.
  void on_life(const GroupLife& life, Effects& out);
  // REQUIRES: messages and groups come in the order in which the group delivered them.
  void on_group(const Group& group, Effects& out);
  void on_message(const GroupMember& from, const Message& message, Effects& out);
  void on_quorum(const Quorum& quorum, Effects& out);
  // Regularly, a few times a lease.
  void on_beat(Effects& out);
  // The group cannot be reached any more.
  void on_disconnected();

  [[nodiscard]] const Promises& promises() const { return promises_; }
  // Are the nodes of the newest view that anybody here knows, which is the one that we have promised, all here?
  [[nodiscard]] bool is_whole() const;

 private:
  struct Place {  // of one member of the group
    std::optional<wire::GroupAnnounce> said;
    std::uint32_t process = 0;               // that said it
    View promised;                           // of what it said, or published since
    bool left_out = false;                   // it hangs, or cannot be understood
    std::map<NodeId, std::uint32_t> beats;  // of others since its last message
  };
  struct Twin {  // one of several processes of a node
    GroupMember member;
    bool silent = false;                    // it is not there
    std::map<NodeId, std::uint32_t> beats;  // of others since its last message
  };
  struct Candidate {
    View view;
    std::vector<NodeId> missing;  // promises
  };

  void on(NodeId from, const wire::GroupAnnounce& said, Effects& out);
  void on(NodeId from, const wire::GroupPromise& promise, Effects& out);
  void on(NodeId from, const wire::GroupAlive& alive, Effects& out);
  void find_twins(Effects& out);
  void hear_twin(const GroupMember& from, Effects& out);
  void count_beat_of_twins(NodeId from, Effects& out);
  [[nodiscard]] bool is_twin(NodeId node) const;
  void announce_if_news(Effects& out);
  void announce(Effects& out);
  void consider(Effects& out);
  [[nodiscard]] bool everybody_is_ready() const;
  [[nodiscard]] const View* newest_known() const;
  [[nodiscard]] bool device_counts_for(const View& next) const;
  [[nodiscard]] bool is_over(NodeId node, const Place& place) const;
  void give_up_if_over(Effects& out);
  [[nodiscard]] View next_view() const;
  [[nodiscard]] bool is_in_force(const View& next) const;
  void promise(Effects& out);
  void publish(Effects& out);
  void note(GatheringNote note, NodeId node, Effects& out);
  void forget(GatheringNote note, NodeId node);

  NodeId self_;
  Promises promises_;
  std::optional<GroupLife> life_;
  Epoch acting_;  // of the view that this life acts on

  std::optional<Group> group_;
  std::optional<Quorum> quorum_;
  wire::GroupConfiguration configuration_;

  // Of this configuration of the group.
  std::map<NodeId, Place> places_;
  std::vector<Twin> twins_;
  std::optional<std::pair<GroupLife, Quorum>> announced_;
  std::optional<Candidate> candidate_;
  Epoch newest_;                       // of all candidates
  Incarnation given_up_;               // `over` was said for it
  std::set<std::pair<GatheringNote, NodeId>> noted_;
};

}  // namespace holdfast::cluster
