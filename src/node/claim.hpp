// SPDX-License-Identifier: Apache-2.0
// Claim and Place: the requester's records. A Claim is a lock of a program of this node, wanted or held; a
// Place is what the node knows of a resource that it has claims on: above all, who is its master.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/intrusive/list.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lock/engine.hpp"
#include "model/owner.hpp"
#include "node/events.hpp"
#include "node/idle_list.hpp"
#include "wire/client_messages.hpp"
#include "wire/peer_messages.hpp"

namespace holdfast::node {

using PlaceId = Id<struct PlaceTag, std::uint64_t>;

// How far an operation has come.
enum class Stage : std::uint8_t {
  none,      // there is none
  deferred,  // the master is not known (any more): it is sent when it is
  sent,      // on its way, or queued at the master
};

struct Pending {
  Stage stage = Stage::none;
  std::uint32_t number = 0;  // given when it is first sent
  RequestId request;         // whom to answer; none: nobody
};

enum class ClaimState : std::uint8_t {
  requesting,  // not granted yet
  granted,     // held; a conversion may be under way (main)
  gone,        // ended at the master; waits for the answers that are still to come
};

// What ties a claim to its owner.
enum class Bond : std::uint8_t {
  session,  // the owner's session is alive
  orphan,   // the session has ended, the lock stays (PERSISTENT) and can be adopted
  ending,   // the session has ended, the unlock is under way
  parting,  // ended by us, with its session or by force; its program may rely on it until it is known to know
};

// What the requester's copy of the value is worth when the master is lost.
enum class Copy : std::uint8_t {
  none,
  older,     // somebody may have written since
  of_grant,  // read or written with the grant that is held: as current as that grant is strong
};

struct PlaceLink : boost::intrusive::list_base_hook<boost::intrusive::tag<struct PlaceLinkTag>> {};
struct SessionLink : boost::intrusive::list_base_hook<boost::intrusive::tag<struct SessionLinkTag>> {};

// All of a claim but its links and its texts.
struct ClaimFacts {
  ClaimId id;
  PlaceId place;
  ClientConn conn;  // of the session that owns it; meaningless for an orphan
  OwnerId owner;
  ClaimState state = ClaimState::requesting;
  Bond bond = Bond::session;
  wire::Notices notices = wire::Notices::wanted;
  std::uint32_t tag = 0;  // of its program's choice
  std::uint32_t children = 0;  // its sub-locks
  bool goes_with_children = false;  // it was given up, and is held until the last sub-lock is gone
  bool noticed = false;  // somebody waits, or has waited, for what is held
  ClaimId parent;
  std::uint64_t transaction = 0;
  std::uint32_t deadlock_priority = 0;
  Mode mode = Mode::NL;    // held, meaningful once granted
  Mode wanted = Mode::NL;  // of the request or conversion under way
  FlagSet flags;           // of the latest request or conversion
  FlagSet end_flags;       // of the unlock under way
  Errc cancel_reason = Errc::cancelled;
  Token token;
  std::uint32_t sent = 0;  // operations sent so far
  Pending main;            // request or conversion
  Pending cancel;
  Pending unlock;
  std::int64_t stamp = lock::no_stamp;  // of the queued main operation
  Token asked_at;                       // Lamport time of the main operation
  Instant since;                        // granted, or waits, since then
  LockId lock;                          // the master's record
  Copy copy = Copy::none;
  std::uint64_t write_number = 0;   // of that value
  std::uint64_t newest_number = 0;  // of the resource's value, as last heard
  ValueState value_state = ValueState::never_written;
};

struct Claim : PlaceLink, SessionLink, ClaimFacts {
  // Held, and nothing is under way.
  [[nodiscard]] bool is_idle() const {
    return state == ClaimState::granted && main.stage == Stage::none && unlock.stage == Stage::none &&
           cancel.stage == Stage::none;
  }

  // What the operation under way writes (with VALBLK), and what this holder read or wrote. Most claims never
  // have either, and do not touch the memory for it.
  [[nodiscard]] std::string_view writes() const { return texts_ ? std::string_view(texts_->writes) : ""; }
  [[nodiscard]] std::string_view value() const { return texts_ ? std::string_view(texts_->value) : ""; }
  void set_writes(std::string_view bytes) { set(&Texts::writes, bytes); }
  void set_value(std::string_view bytes) { set(&Texts::value, bytes); }

  void recycle();

 private:
  struct Texts {
    std::string writes;
    std::string value;
  };
  void set(std::string Texts::*which, std::string_view bytes) {
    if (!texts_ && bytes.empty()) return;
    if (!texts_) texts_ = std::make_unique<Texts>();
    ((*texts_).*which).assign(bytes);
  }
  std::unique_ptr<Texts> texts_;  // kept when the record is used again
};

enum class PlaceState : std::uint8_t {
  unknown,     // nobody has been asked
  asking,      // the home has been asked, in epoch `asked`
  answered,    // so it has, but a master says that locks of ours stand there: nothing may overtake the question
  known,       // operations go straight to the master
  rebuilding,  // the master was lost; its home rebuilds it
  moving,      // the master gives it to `next`; one of the two will say who serves
};

// The bytes of a key, the usual ones in the record itself: one look at memory less.
class KeyBytes {
 public:
  KeyBytes& operator=(std::string_view key) {
    bytes_.assign(key.begin(), key.end());
    return *this;
  }
  // NOLINTNEXTLINE(google-explicit-constructor): it is a text for whoever reads it
  operator std::string_view() const { return {bytes_.data(), bytes_.size()}; }
  void clear() { bytes_.clear(); }

 private:
  boost::container::small_vector<char, 40> bytes_;
};

struct Place : IdleHook {
  PlaceId id;
  KeyBytes key;
  Slot slot;
  PlaceState state = PlaceState::unknown;
  Epoch asked;
  ClaimId asker;  // whose request went to the home
  NodeId master;
  Incarnation incarnation;  // of the master
  Mastership mastership;
  ResourceId resource;
  NodeId next;  // while moving
  Incarnation next_incarnation;
  Mastership next_mastership;
  boost::intrusive::list<Claim, boost::intrusive::base_hook<PlaceLink>> claims;

  // Locks of ours stand at `master`, or may.
  [[nodiscard]] bool has_master() const { return state == PlaceState::known || state == PlaceState::answered; }
  void recycle();
};

// The facts are set afresh by whoever makes the next one.
inline void Claim::recycle() {
  if (!texts_) return;
  texts_->writes.clear();
  texts_->value.clear();
}

inline void Place::recycle() {
  HF_ASSERT(claims.empty() && !is_linked());
  key.clear();
  state = PlaceState::unknown;
  asked = {};
  asker = {};
  master = {};
  incarnation = {};
  mastership = {};
  resource = {};
  next = {};
  next_incarnation = {};
  next_mastership = {};
}

}  // namespace holdfast::node
