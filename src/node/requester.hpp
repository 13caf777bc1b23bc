// SPDX-License-Identifier: Apache-2.0
// Requester: the role of a node for the locks of its own programs, whoever is their master. It checks what
// programs ask, finds the master (through the home, once; then it remembers), numbers the operations on
// each claim, and turns the master's messages into answers. It decides nothing about who gets a lock.
//
// Exactly one answer goes to each call of a program (but Release). An operation whose master is not known
// is deferred; it gets its number when it is sent.
#pragma once

#include <deque>
#include <map>
#include <string_view>
#include <vector>

#include "base/slab.hpp"
#include "cluster/directory.hpp"
#include "node/allowance.hpp"
#include "node/claim.hpp"
#include "node/core.hpp"
#include "node/deadlines.hpp"
#include "node/master.hpp"
#include "node/parties.hpp"
#include "node/place_index.hpp"
#include "node/post.hpp"
#include "node/sessions.hpp"

namespace holdfast::node {

class Requester {
 public:
  // How long after the end of its wait a request still waits for the master to say who stood in its way. Clients
  // are patient for longer than that.
  static constexpr Duration expiry_answer_max = std::chrono::milliseconds(500);

  Requester(Core& core, Post& post, Sessions& sessions, Master& master)
      : core_(core), post_(post), sessions_(sessions), master_(master) {}

  // Calls of programs.
  void on(const Session& session, const wire::Lock& call);
  void on(const Session& session, const wire::Convert& call);
  void on(const Session& session, const wire::Unlock& call);
  void on(const Session& session, const wire::Release& call);
  void on(const Session& session, const wire::Cancel& call);
  void on(const Session& session, const wire::Purge& call);
  void on(const Session& session, const wire::LostSeen& call);
  // The session has ended: its claims become orphans or are unlocked.
  void end_session(Session& session);
  // We have ended it, and its program may not know yet: what it holds is kept until then, the deadline that it
  // may have seen last.
  void end_session(Session& session, Instant keep_until);
  // Its program is gone, or has hung up: nothing is kept for it any more.
  void stop_parting(OwnerId owner);
  // Ends the orphans that match; pid 0: of all processes.
  void purge(std::string_view lockspace, std::uint32_t pid, std::string_view name_pattern);
  void purge_all_orphans();

  // See Receiver::recall.
  void recall(ClaimId id);
  // Whatever programs have given up without a message is given up: for whoever wants to see what is held.
  void collect_releases();

  // Answers of masters and homes.
  void on(NodeId from, const wire::GrantReply& reply);
  void on(NodeId from, const wire::QueueReply& reply);
  void on(NodeId from, const wire::RefuseReply& reply);
  void on(NodeId from, const wire::DoneReply& reply);
  void on(const wire::Notice& notice);
  void on(const wire::NotMaster& reply);
  void on(const wire::ValueCopy& forget);
  void on(const wire::MasterReply& reply);
  void on(NodeId from, const wire::RebuildReply& reply);
  void on(const wire::PurgeOrphans& message);
  void on(NodeId from, const wire::Moving& message);
  void on(NodeId from, const wire::EvictAsk& ask);

  // After a view change: reports the claims whose master was lost to the homes that rebuild them, and behind that
  // what programs wrote last; and asks again where the answer of a home is outstanding. The two walks go from index
  // `next` on, as far as the allowance lets them; true if that is all.
  // A place whose turn has not come goes on as if its master had died a little later.
  [[nodiscard]] bool report_losses(std::uint32_t& next, Allowance& allowance);
  void report_writes();
  // A view is in force: what nobody can tell any more whether it was taken into account is forgotten.
  void forget_writes(const ViewChange& change);
  [[nodiscard]] bool ask_again(std::uint32_t& next, Allowance& allowance);

  // Ends waits that are over and, as far as the allowance goes, forgets places that nobody used for a while.
  void sweep(Allowance& allowance);
  // When sweep() has something to do.
  [[nodiscard]] Instant next() const;

  [[nodiscard]] std::uint32_t size() const { return claims_.size(); }
  // For reports: visits (claim, key) of all claims.
  template <class Visit>
  void for_each_claim(Visit&& visit) const {
    claims_.for_each([&](ClaimId, const Claim& claim) { visit(claim, std::string_view(places_[claim.place].key)); });
  }
  // Does a program of this node have locks there, or has one left orphans?
  [[nodiscard]] bool has_locks_in(std::string_view lockspace) const;
  [[nodiscard]] bool has_locks_of_others_in(std::string_view lockspace, std::uint32_t uid) const;
  // The sessions that have locks there.
  [[nodiscard]] std::vector<ClientConn> users_of(std::string_view lockspace) const;
  [[nodiscard]] bool exists(ClaimId id) const { return claims_.find(id) != nullptr; }
  void check() const;

  // ---- for the deadlock search (requester_waits.cpp) ----
  [[nodiscard]] Parties& parties() { return parties_; }
  // Whose lock that is; null: nobody's any more.
  [[nodiscard]] const Claim* find(ClaimId id) const { return claims_.find(id); }
  // The claim, if this operation of it waits at its master and nobody is about to take it back.
  [[nodiscard]] const Claim* waiting(ClaimId id, std::uint32_t number) const;
  [[nodiscard]] std::vector<wire::WaitRow> waits_of(const Party& party) const;
  // Does it wait since then or longer?
  [[nodiscard]] bool waits_since(const Party& party, Instant since) const;
  // May somebody else have to wait for it?
  [[nodiscard]] bool is_suspected(const Party& party) const;
  enum class Tally : std::uint8_t { unwanted, wanted };
  [[nodiscard]] wire::PartyRow describe(const Party& party, Tally tally) const;
  [[nodiscard]] wire::DeadlockMember describe_waiting(const Claim& claim) const;
  // The wait is taken back: it is the victim of this deadlock.
  // False if it has ended meanwhile; then nothing happens.
  [[nodiscard]] bool doom(ClaimId id, std::uint32_t number, wire::DeadlockReport report);
  // Deadlocks whose victims have been told.
  [[nodiscard]] std::vector<wire::DeadlockReport> take_broken();

 private:
  enum class Which : std::uint8_t { main, cancel, unlock };
  enum class Due : std::uint8_t {
    wait,    // the program waits no longer
    answer,  // nor do we for what the master has to say about it
  };
  struct Deadline {
    Instant at;
    ClaimId claim;
    Token asked_at;  // of the operation that it belongs to
    Due due = Due::wait;
  };

  // A write that its program takes for done, and its master has not confirmed.
  struct Written {
    std::string key;
    std::string value;
    ValueState state = ValueState::valid;  // doubtful: it was a word that the value is none any more
    std::uint64_t write_number = 0;
    NodeId master;
    Incarnation incarnation;
    Mastership mastership;
    ClaimId claim;
    std::uint32_t number = 0;  // of the operation
    bool reported = false;     // the master is lost, and a home has been told
  };

  // requester.cpp: calls
  [[nodiscard]] Result<void> check_lock(const Session& session, const wire::Lock& call) const;
  [[nodiscard]] NameSeed seed_of(std::string_view key) const;
  [[nodiscard]] Result<Place*> place_for(const Session& session, const wire::Lock& call);
  [[nodiscard]] Place& place_of(NameSeed seed, const KeyParts& parts);
  [[nodiscard]] Result<void> check_parent(const Session& session, ClaimId parent);
  [[nodiscard]] Result<Place*> place_below(const Session& session, ClaimId parent, std::string_view name);
  void set_parent(Claim& claim, ClaimId parent);
  void leave_parent(ClaimId parent);
  void end_released_parents();
  Claim& new_claim(Place& place, const Session& session, const wire::Lock& call);
  void adopt(const Session& session, Place& place, const wire::Lock& call);
  [[nodiscard]] Claim* owned(const Session& session, ClaimId id);
  [[nodiscard]] Error why_not_owned(ClaimId id) const;
  [[nodiscard]] Error check_convert(const Claim& claim, const Place& place, const wire::Convert& call) const;
  void convert_at_once(Claim& claim, const wire::Convert& call);
  void complete_main(Claim& claim);
  [[nodiscard]] static bool writes_now(const Claim& claim, Mode mode);
  void begin_main(Claim& claim, RequestId request, Duration wait_max);
  void end_claim(ClaimId id, FlagSet flags, RequestId request);
  void end_orphan(ClaimId id);
  void cancel_main(ClaimId id, Errc reason, RequestId request);
  template <class Call>
  void refuse(const Session& session, const Call& call, ClaimId lock, const Error& error);
  void done(const Session& session, RequestId request, const Error& error);
  [[nodiscard]] static Error value_too_long(std::size_t have, std::size_t allowed);

  // requester_evictions.cpp
  struct Eviction {
    NodeId asker;
    std::uint64_t number = 0;  // of the asker's choice
    Instant at;                // never: it has begun
    wire::OwnerReport by;
    std::string reason;
    Token token;  // of what is to end; if it has another one by then, it stays
    Mode mode = Mode::NL;
    bool waited = false;  // it was not granted
    bool done = false;    // it ends because of this
  };
  [[nodiscard]] Error check_eviction(const Claim* claim, const wire::EvictAsk& ask) const;
  void evict(ClaimId id);
  void take_away(Claim& claim, const Eviction& eviction);
  [[nodiscard]] bool gives_up_taken(const Session& session, ClaimId id);
  void settle_eviction(const Claim& claim);
  void keep_from_eviction(const Claim& claim);
  void end_eviction(ClaimId id, const Error& why);
  void answer_eviction(NodeId to, std::uint64_t number, const Error& error, EvictOutcome outcome);
  void audit(const Claim& claim, const Eviction& eviction, std::string_view what);
  void evict_what_is_due();

  // requester_at_once.cpp: false if the short way cannot be taken; then nothing happened
  [[nodiscard]] bool grant_at_once(Claim& claim, const Place& place, RequestId request);
  [[nodiscard]] bool end_at_once(Claim& claim, FlagSet flags);
  void release_left(const Session& session, ClaimId lock);

  // requester_send.cpp: how operations reach the master
  void dispatch(ClaimId id);
  void send(Claim& claim, Which which, wire::Answer answer);
  void ask(Place& place);
  void await(const Deadline& deadline);
  [[nodiscard]] bool is_stale(const Deadline& deadline) const;
  void expire(const Deadline& deadline);
  void give_up(ClaimId id, Errc reason);
  void learn(Place& place, NodeId master, Mastership mastership, ResourceId resource);
  void note_master(Place& place, NodeId master, Mastership mastership, ResourceId resource);
  void flush(PlaceId id);
  void forget_if_unused(Place& place);
  void erase(Claim& claim);
  [[nodiscard]] static wire::OperationKind kind_of(const Claim& claim, Which which);
  [[nodiscard]] static bool is_under_way(const Claim& claim, std::uint32_t number);
  static void take_back(Claim& claim, std::uint32_t number);
  [[nodiscard]] static Pending& pending(Claim& claim, Which which);

  // requester_answers.cpp
  template <class Reply>
  [[nodiscard]] Claim* accept(NodeId from, const Reply& reply);
  template <class Reply>
  void learn_from(NodeId from, Place& place, const Reply& reply);
  void take_grant(Claim& claim, const wire::GrantReply& reply);
  void give_back(NodeId from, const wire::GrantReply& reply);
  [[nodiscard]] bool is_lost(const Place& place) const;
  // Is the master gone that it knew last? What is under way there comes to nothing.
  [[nodiscard]] bool has_lost_way(const Place& place) const {
    return place.master && !core_.is_member(place.master, place.incarnation);
  }
  void let_go_of_lost_way(Place& place);
  void end_question(Place& place, const wire::RefuseReply& reply);
  void stands_there(Claim& claim, std::uint32_t number);
  void finish_locally(Place& place);
  void note_wait(const Claim& claim);
  void note_notice(Claim& claim);
  [[nodiscard]] static bool is_queued(const Claim& claim);
  [[nodiscard]] bool is_waiting(const Claim& claim) const;
  [[nodiscard]] static bool is_in_the_way(const Claim& claim);
  void join_transaction(const Claim& claim);
  void leave_transaction(const Claim& claim);
  [[nodiscard]] std::string take_doom(const Claim& claim, std::uint32_t number);
  void answer_refused(Claim& claim, Errc status, const std::vector<wire::BlockerRow>& blockers, bool demoted = false);
  void end_if_over(ClaimId id);
  [[nodiscard]] static bool awaits_news(const Place& place);
  void stop_awaiting_news(Place& place);
  void report(Place& place, NodeId home);
  void report_value(const Place& place, NodeId home);
  bool remember_write(const Claim& claim, FlagSet flags, std::string_view value, std::uint32_t number);
  bool confirm_write(ClaimId claim, std::uint32_t number);

  Core& core_;
  Post& post_;
  Sessions& sessions_;
  Master& master_;
  Slab<Claim, ClaimId> claims_;
  Slab<Place, PlaceId> places_;
  PlaceIndex by_name_;
  IdleList<Place> idle_;
  Deadlines<Deadline> deadlines_;
  void end_what_parts();
  void end_parted(ClaimId id);
  struct Parting {
    ClaimId claim;
    Instant until;
  };
  std::map<OwnerId, std::vector<Parting>> parting_;  // what is kept for programs that may not know that it has ended
  std::map<ClaimId, Eviction> evictions_;
  std::vector<PlaceId> to_ask_;            // whose masters have to be asked for again, at the end of the turn
  std::vector<ClaimId> released_parents_;  // their last sub-lock has gone
  std::deque<boost::intrusive::list<Claim, boost::intrusive::base_hook<SessionLink>>> by_session_;  // by conn
  std::deque<Written> written_;
  Parties parties_;
  struct Doomed {
    ClaimId claim;
    std::uint32_t number = 0;
    wire::DeadlockReport report;
  };
  std::vector<Doomed> doomed_;                    // waits that are being taken back
  std::vector<wire::DeadlockReport> broken_;
  std::string key_;  // scratch
};

}  // namespace holdfast::node
