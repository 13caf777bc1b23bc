// SPDX-License-Identifier: Apache-2.0
// Model: what a history means. Out of the events come the calls with their answers, the locks with the
// spans of time in which their owners believed in them, and, around every span, the longest time for
// which the lock may have stood at its master. Checkers look at the model only; each goes through one
// resource at a time, since resources are independent.
//
// A lock is believed in from its ok to the first of: release invoked, lost told, session ended, deadline.
// A conversion up counts from its ok, one down from its invoke. Between PR and CW, and where the owner
// agreed to be demoted (convdeadlk), only what is sure counts while the conversion is under way.
// A session that broke (its end says "disconnected") goes on believing until its deadline.
#pragma once

#include "base/result.hpp"
#include "sim/history/event.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace holdfast::sim::history {

using Index = std::uint32_t;
inline constexpr Index none = std::numeric_limits<Index>::max();

struct Client {
  TextId name = 0;
  std::uint64_t node = 0, incarnation = 0, epoch = 0;
  Time opened = 0;
  Time ended = never;
  Time deadline = never;  // the latest it saw; never: it never looked
  TextId why = 0;
  Index session = none;  // event
  Index end = none;      // event
};

enum class Outcome : std::uint8_t { open, ok, fail, unknown };

struct Request {
  Call call = Call::none;
  Outcome outcome = Outcome::open;
  Mode from = Mode::NL;    // of a conversion: what the lock was held in
  Mode wanted = Mode::NL;
  Mode granted = Mode::NL;  // of an ok
  FlagSet flags;
  Index client = none;
  Index resource = none;
  Index hold = none;  // of conversions and releases; of a lock once it was granted
  Index invoke = none, answer = none, waiting = none;  // events
  Time invoked = 0;
  Time answered = never;
  Time queued = never;  // it surely stood in the queue from then on
  bool cancelled = false;  // its program took it back
  bool believed = false;  // an ok in time, on a lock that was not given up meanwhile

  [[nodiscard]] bool granted_in_time() const { return outcome == Outcome::ok && believed; }
};

enum class Ended : std::uint8_t { open, changed, released, lost, lease, session };

struct Span {
  Time begin = 0;
  Time end = never;
  Mode mode = Mode::NL;
  bool converting = false;  // a conversion is under way that may have to wait (upwards, or between PR and CW)
  Ended ended = Ended::open;
  Index hold = none;
  Index from = none;  // event that began it
  Index to = none;    // event that ended it
};

// The master may have counted a lock as held in `mode` at any time of this.
struct Possible {
  Time begin = 0;
  Time told = never;  // nothing later is known of it
  Time end = never;   // surely gone
  Mode mode = Mode::NL;
  Index request = none;  // that brought it
  Index hold = none;     // none: it is not known whether it was granted
};

struct Hold {
  Index client = none;
  Index resource = none;
  Index request = none;  // that made it
  std::uint64_t lock = 0;
  Mode mode = Mode::NL;  // the latest known
  Token token;
  FlagSet flags;  // of the latest call
  bool demoted = false;  // it may have been, to NL: its owner agreed, and nobody has said what came of it
  bool notices = false;  // its owner asked for them
};

struct Resource {
  TextId name = 0;
  std::vector<Index> requests;  // by the time of their invoke
  std::vector<Span> spans;      // by their begin
  std::vector<Possible> possible;
  std::vector<Index> storage;   // events: accepted, refused
  std::vector<Index> notices;   // events
};


// What is wrong before any checker looks: an answer to no question, and the like.
struct Stray {
  Index event = none;
  const char* what = "";
};

struct Model {
  const History* history = nullptr;
  std::vector<Client> clients;
  std::vector<Request> requests;
  std::vector<Hold> holds;
  std::vector<Resource> resources;
  std::vector<Stray> strays;
  std::vector<Index> losses;  // events, of locks that were held
  bool faults = false;
  Time healed = never;  // faults are over; without faults the start of the history
  Time finish = 0;      // of the last event

  [[nodiscard]] const Event& event(Index index) const { return history->events[index]; }
  [[nodiscard]] const std::string& text(TextId id) const { return history->text(id); }
};

// The history must outlive the model. Fails where a line speaks of a client without a session.
[[nodiscard]] Result<Model> build(const History& history);

}  // namespace holdfast::sim::history
