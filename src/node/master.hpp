// SPDX-License-Identifier: Apache-2.0
// Master: the role of a node for the resources that it is master of. It puts operations of requesters to
// the engine, in the order of their numbers and each once, and what the engine answers to the holders.
// Who becomes master of what is not decided here: the home says so (become) and takes it back (removal).
#pragma once

#include <array>
#include <bitset>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/chunked.hpp"
#include "cluster/key_map.hpp"
#include "lock/engine.hpp"
#include "node/allowance.hpp"
#include "node/budget.hpp"
#include "node/core.hpp"
#include "node/flight.hpp"
#include "node/idle_list.hpp"
#include "node/post.hpp"
#include "node/uses.hpp"

namespace holdfast::node {

class Master {
 public:
  Master(Core& core, Post& post, Flight& flight)
      : core_(core), post_(post), flight_(flight), engine_(core.clock), by_key_(core.config.hash_salt),
        budget_(core.config.migration.per_second),
        uses_enough_(core.config.migration.per_second > 0 ? core.config.migration.uses : UINT32_MAX) {
    candidates_.reserve(candidates_max);
    thinking_.reserve(candidates_max);
  }

  // The home made us master of this key. Idempotent for the mastership that is in force already.
  ResourceId become(std::string_view key, Mastership mastership, std::uint64_t generation);
  // An operation that was sent straight to us.
  void on(NodeId from, const wire::Operation& operation);
  // An operation that came through the home (which may be this very node); `origin` is the requester.
  void on_asked(NodeId origin, Mastership mastership, std::uint64_t generation, const wire::Operation& operation);
  void on(const wire::RemoveReply& reply);
  // The short way for programs of this very node, without a message: a request and an unlock without flags
  // that concern nobody else. Otherwise nothing happens, and an Operation must be sent. A lock that is granted
  // so is recalled (Post::recall) before anybody else is told that it is in the way.
  [[nodiscard]] lock::AtOnce lock_at_once(ResourceId id, Mastership mastership, const lock::Holder& holder, Mode mode);
  [[nodiscard]] bool unlock_at_once(ResourceId id, Mastership mastership, LockId lock);

  // After a view change. What the lost nodes wait for is taken out (their held locks stay: see drop_locks), and
  // removals that were asked are asked again: for all, as far as the allowance goes, and true if that is all of it.
  // A resource that somebody wants something of before its turn has come is looked at then.
  void begin_view() { looked_at_ = 0; }
  [[nodiscard]] bool take_view(Allowance& allowance);
  // Tells the new homes of moved slots what we are master of, from index `next` on.
  [[nodiscard]] bool claim_moved(const std::bitset<limits::slots>& moved, std::uint32_t& next, Allowance& allowance);
  // The lease of this life of the node is over: its locks go, and others are granted.
  struct Dropping {
    std::uint32_t next = 0;
    std::uint64_t dropped = 0;
  };
  [[nodiscard]] bool drop_locks(NodeId node, Incarnation incarnation, Dropping& how_far, Allowance& allowance);

  // A resource that comes back after its master was lost: locks in queue order, then grants.
  struct Restored {
    NodeId node;
    lock::LockState state;
    std::uint32_t number = 0;
    Instant since;  // granted, or waits, since then
  };
  void rebuild(std::string_view key, Mastership mastership, std::vector<Restored> locks, Value value);

  // ---- moving (master_moves.cpp) ----
  // Whoever wants to know how it ended; none: nobody.
  struct MoveAsker {
    NodeId node;
    std::uint64_t number = 0;
  };
  void on(const wire::MoveOrder& order);
  void on(NodeId from, const wire::MovingReply& reply);
  void on(NodeId from, const wire::Install& message);
  void on(NodeId from, const wire::InstallLock& message);
  void on(NodeId from, const wire::InstallOperation& message);
  void on(NodeId from, const wire::MoveDone& message);
  // In the exchange: what arrived here and was not confirmed is told to the homes; they are asked about what was
  // handed to a node that is lost.
  void tell_moves();
  // In front of the exchange: moves that the view change stopped.
  void begin_moves_again();
  // Starts to give everything to other members: to where most of its locks are, or to its home. True if
  // nothing is left (any more).
  [[nodiscard]] bool give_all_away();

  // ---- for the deadlock search (master_edges.cpp) ----
  // Tells `to` for whom these waits wait.
  void tell_edges(NodeId to, const wire::WaitsAsk& ask) const;

  // The keeper of a value's second copy has it (master_copies.cpp).
  void on(NodeId from, const wire::ValueCopied& reply);

  // Gives up what nobody has used for a while, as far as the allowance goes.
  void sweep(Allowance& allowance);
  // When sweep() has something to do.
  [[nodiscard]] Instant next() const { return std::min(idle_.next(keep()), think_at_); }

  // ---- going to where it is used (master_migration.cpp) ----
  // At the end of a turn.
  void follow_uses();
  // Why a resource got another master.
  enum class MoveCause : std::uint8_t { asked, leaving, use };
  [[nodiscard]] std::uint64_t moved_away() const { return moved_[0] + moved_[1] + moved_[2]; }
  [[nodiscard]] std::uint64_t moved_by_use() const { return moved_[static_cast<std::size_t>(MoveCause::use)]; }

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(by_key_.size()); }
  // Empty if there is no such resource (any more).
  [[nodiscard]] std::string_view key_of(ResourceId id) const {
    const Resource* resource = const_cast<Master&>(*this).find(id);
    return resource == nullptr ? std::string_view() : resource->key;
  }
  // For reports: keys of all resources with locks that `wanted(key)` picks, sorted.
  template <class Wanted>
  [[nodiscard]] std::vector<std::string> keys(Wanted&& wanted) const {
    std::vector<std::string> keys;
    by_key_.for_each([&](const std::string& key, ResourceId id) {
      if (!engine_.empty(id) && !at(id).is_elsewhere() && wanted(key)) keys.push_back(key);
    });
    std::ranges::sort(keys);
    return keys;
  }
  [[nodiscard]] wire::ResourceReport report(std::string_view key) const;
  [[nodiscard]] std::vector<wire::LockReport> report_locks(std::string_view key) const;
  // For the simulator's checkers: whatever is served and has locks, sorted.
  [[nodiscard]] std::vector<Node::Served> served() const;
  void check() const;

 private:
  struct HeldBack {
    NodeId from;
    Incarnation incarnation;  // another life of it counted its claims from the start again
    std::string bytes;        // the encoded operation
    bool went_along = false;  // the new master has it, if what was handed over arrived
  };
  enum class Phase : std::uint8_t {
    gone,
    serving,
    telling,   // holders are being told what happened; what they answer at once has to wait its turn
    copying,   // its value's keeper must know of a change before anybody is told what came of it
    removing,  // the home has been asked to forget the resource
    moving,    // it is given to another master; nothing is served until that is settled
    arriving,  // it is coming from another master; nothing is served until the home has written it down
  };
  struct Move {
    NodeId peer;  // moving: to whom; arriving: from whom
    Incarnation incarnation;
    Mastership mastership;   // moving: that it will have there; arriving: that it had there
    std::vector<NodeId> untold;  // moving: who has not said yet that nothing of his is on its way to us
    bool handed = false;         // moving: it was sent there, and may be served there
    std::uint32_t locks_missing = 0, operations_missing = 0;  // arriving: still to come
    MoveAsker asker;
    MoveCause cause{};  // moving
  };
  // What a second node must know.
  struct CopyState {
    std::uint64_t write_number = 0;
    ValueState state = ValueState::never_written;
    NodeId writer;  // holds PW or EX
    Incarnation writer_incarnation;
    friend bool operator==(const CopyState&, const CopyState&) = default;
  };
  struct Copy {
    struct Answer {
      NodeId to;
      Incarnation incarnation;
      std::string frame;
    };
    NodeId keeper;
    Incarnation incarnation;
    CopyState told;
    std::uint64_t version = 0;  // of what was told last
    std::uint64_t known = 0;    // that the keeper has answered
    std::vector<Answer> answers;            // copying: they wait for it
    std::optional<wire::MoveOrder> order;  // copying: so does this (its key is the resource's)
    [[nodiscard]] bool is_at(NodeId node, Incarnation life) const { return keeper == node && incarnation == life; }
  };
  struct Resource : IdleHook {
    ResourceId id;
    std::string key;
    std::uint64_t key_hash = 0;
    Mastership mastership;
    std::uint64_t generation = 0;
    Phase phase = Phase::gone;
    std::unique_ptr<Move> move;  // while it moves or arrives
    std::unique_ptr<Copy> copy;  // a keeper has been told of the value
    bool quiet = false;  // programs of this node may have given locks up without a message
    bool is_candidate = false;  // it is in candidates_
    Uses uses;                  // of a path: only while its root is not served here
    ResourceId root;            // of a path
    Instant stays_until;        // it does not follow its uses before
    // Another node is master, or may be.
    [[nodiscard]] bool is_elsewhere() const {
      return phase == Phase::arriving || (phase == Phase::moving && move->handed);
    }
    std::vector<HeldBack> held_back;  // while it is not serving, without quorum, or behind a missing operation
  };
  // What the engine does not know of a lock.
  struct Extra {
    std::uint32_t applied = 0;  // number of its latest operation
    std::uint32_t pending = 0;  // number of the request or conversion that a grant answers
    Epoch asked;                // of that operation
    Instant since;              // granted, or waits, since then
    Incarnation incarnation;    // of the holder's node
  };
  // Requesters forget a place that they do not use within twice idle_keep: the resource is given up later, so
  // that as a rule nobody knows a master that is none any more.
  [[nodiscard]] Duration keep() const { return 2 * core_.config.idle_keep; }
  [[nodiscard]] static std::uint32_t index_of(std::uint64_t id) { return static_cast<std::uint32_t>(id); }
  [[nodiscard]] Resource* find(ResourceId id) {
    if (index_of(id.value()) >= resources_.size()) return nullptr;
    Resource& resource = resources_[index_of(id.value())];
    return resource.phase != Phase::gone && resource.id == id ? &resource : nullptr;
  }
  [[nodiscard]] Resource& at(ResourceId id);
  // The resource, if it is served and no operation waits its turn.
  [[nodiscard]] Resource* free_of_others(ResourceId id, Mastership mastership) {
    Resource* resource = find(id);
    const bool is_free = resource != nullptr && resource->mastership == mastership &&
                         resource->phase == Phase::serving && resource->held_back.empty() && core_.may_grant();
    return is_free ? resource : nullptr;
  }
  [[nodiscard]] const Resource& at(ResourceId id) const { return const_cast<Master&>(*this).at(id); }
  [[nodiscard]] Extra& extra(LockId lock) { return extras_[index_of(lock.value())]; }
  [[nodiscard]] const Extra& extra(LockId lock) const { return const_cast<Master&>(*this).extra(lock); }

  // Into the flight recorder.
  FlightEvent& note(const Resource& resource, Happening what) {
    FlightEvent& event = flight_.next();
    event = {.at = core_.now, .key_hash = resource.key_hash, .resource = resource.id, .what = what};
    event.set_key(resource.key);
    return event;
  }
  FlightEvent& note(const Resource& resource, Happening what, const lock::Holder& holder) {
    FlightEvent& event = note(resource, what);
    event.node = holder.node;
    event.lock = holder.claim;
    event.owner = holder.owner;
    return event;
  }
  void note(const Resource& resource, const lock::Outcome& outcome);
  // On the shortest way: without a look at the key, which would be a look at memory more than that way has.
  void note_at_once(const Resource& resource, Happening what, const lock::Holder& holder, Mode mode) {
    flight_.next() = {.at = core_.now, .key_hash = resource.key_hash, .resource = resource.id, .lock = holder.claim, .owner = holder.owner,
                      .node = holder.node, .what = what, .mode = mode};
  }

  void recall(Resource& resource);
  void apply(Resource& resource, NodeId from, const wire::Operation& operation);
  void apply_request(Resource& resource, NodeId from, const wire::Operation& operation);
  void apply_to_lock(Resource& resource, LockId lock, NodeId from, const wire::Operation& operation);
  void convert(Resource& resource, LockId lock, const wire::Operation& operation);
  void unlock(Resource& resource, LockId lock, NodeId from, const wire::Operation& operation);
  void cancel(Resource& resource, LockId lock, NodeId from, const wire::Operation& operation);
  [[nodiscard]] LockId find_lock(const Resource& resource, NodeId node, const wire::Operation& operation) const;
  void repeat_answer(Resource& resource, LockId lock, const wire::Operation& operation);
  void refuse(NodeId to, const Resource& resource, const wire::Operation& operation, Errc status);
  void hold_back(Resource& resource, NodeId from, const wire::Operation& operation);
  void retry_held_back(ResourceId id);
  void drop_held_of_the_gone(Resource& resource) const;

  // To somebody with a lock here; not before the value's keeper knows what led to it.
  template <wire::Described M>
  void send_when_copied(const Resource& resource, NodeId to, const M& message) {
    if (resource.phase != Phase::copying) return post_.send(to, message);
    wire::Buffer frame;
    wire::append_frame(frame, message);
    resource.copy->answers.push_back({.to = to, .incarnation = core_.incarnation_of(to), .frame = std::string(frame.text())});
  }
  void deliver(Resource& resource, lock::Outcomes& outcomes, wire::Answer answer);
  void tell(const Resource& resource, const lock::Outcomes& outcomes, wire::Answer answer);
  void deliver_grant(const Resource& resource, const lock::Outcome& outcome);
  void deliver_queued(const Resource& resource, const lock::Outcome& outcome);
  [[nodiscard]] std::uint8_t is_demoted(LockId lock) const;
  void deliver_refusal(const Resource& resource, const lock::Outcome& outcome);
  [[nodiscard]] std::vector<wire::BlockerRow> blockers(LockId lock) const;
  void explain(const Resource& resource, const lock::Outcomes& outcomes, const wire::Operation& operation);
  void settle(Resource& resource);
  void ask_removal(const Resource& resource);
  void destroy(Resource& resource);
  void clear_of_the_lost(Resource& resource);
  void look_after_view(Resource& resource);
  [[nodiscard]] bool is_up_to_date(const Resource& resource) const { return index_of(resource.id.value()) < looked_at_; }
  void note_move(const Resource& resource);
  void forget_ended_moves();

  // master_copies.cpp
  [[nodiscard]] CopyState copy_state(const Resource& resource) const;
  void copy_value(Resource& resource);
  void send_copy(Resource& resource, NodeId keeper);
  void answer_what_is_copied(Resource& resource);
  void send_answers(Resource& resource);
  void renew_copy(Resource& resource);
  void end_copy(Resource& resource);

  // master_moves.cpp
  void begin_move(Resource& resource, NodeId to, const MoveAsker& asker, MoveCause cause);
  void send_away_strangers(Resource& resource);
  [[nodiscard]] bool has_locks_of(const Resource& resource, NodeId node) const;
  void hand_over(Resource& resource);
  void send_install(const Resource& resource);
  void abort_move(Resource& resource, Errc why);
  [[nodiscard]] bool is_left_behind(const Resource& resource) const;
  void ask_home(const Resource& resource);
  void tell_holders(const Resource& resource);
  void answer_asker(const Move& move, Errc status);
  void leave_to_next(Resource& resource);
  void give_up_arrival(Resource& resource);
  [[nodiscard]] static bool is_complete(const Move& move) {
    return move.locks_missing == 0 && move.operations_missing == 0;
  }
  // What was held back in vain goes back: its sender has to ask the home again.
  void send_back(const std::vector<HeldBack>& held);
  [[nodiscard]] static bool decode_held(std::string_view bytes, wire::Operation& operation) {
    return bytes.size() > wire::frame_header_bytes &&
           wire::decode(std::as_bytes(std::span(bytes)).subspan(wire::frame_header_bytes), operation);
  }
  void forget(Resource& resource);
  void refuse_install(NodeId from, const wire::Install& message);
  void serve_arrived(Resource& resource);
  void serve_again(ResourceId id);
  void view_changed_while_moving(Resource& resource);
  [[nodiscard]] Resource* find_moving(std::string_view key, Phase phase);
  [[nodiscard]] Resource* find_arriving(NodeId from, Mastership mastership);
  void tell_home(const Resource& resource);
  [[nodiscard]] NodeId successor_of_tree(const Resource& resource) const;
  [[nodiscard]] NodeId best_successor(const Resource& resource) const;

  [[nodiscard]] bool is_waiting(const wire::WaitPlace& wait) const;
  void add_edges(std::vector<wire::EdgeRow>& rows, std::uint32_t of, LockId lock) const;

  // master_migration.cpp
  static constexpr std::size_t candidates_max = 1024;
  void note_use(Resource& resource, NodeId node);
  void make_candidate(Resource& resource);
  [[nodiscard]] Instant follow_use(Resource& resource);
  [[nodiscard]] bool may_follow_use(const Resource& resource, NodeId to) const;
  [[nodiscard]] ResourceId root_of(const Resource& resource) const;

  Core& core_;
  Post& post_;
  Flight& flight_;
  lock::Engine engine_;
  Chunked<Resource> resources_;  // by the engine's resource ids
  Chunked<Extra> extras_;        // by the engine's lock ids
  cluster::KeyMap<ResourceId> by_key_;
  std::uint32_t looked_at_ = UINT32_MAX;  // since the last view change: resources below this index
  IdleList<Resource> idle_;
  std::vector<ResourceId> moves_;  // of all that moves or arrives, and of some that did
  std::size_t tidy_moves_at_ = 16;
  std::map<NodeId, ResourceId> installing_;  // what each node is sending us, or has sent last
  lock::Outcomes spare_outcomes_;
  std::array<std::uint64_t, 3> moved_{};  // by MoveCause: what was given away
  Budget budget_;
  std::uint32_t uses_enough_;
  std::uint32_t use_period_ = 0;  // all counts of uses are halved when it goes on
  Instant use_period_ends_;
  std::vector<ResourceId> candidates_, thinking_;  // whom somebody else uses enough; while they are looked at
  Instant think_at_ = Instant::never();
  std::vector<wire::BlockerRow> explanation_;  // who was in the way of the refusal that is told next
};

}  // namespace holdfast::node
