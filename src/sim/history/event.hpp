// SPDX-License-Identifier: Apache-2.0
// Event and History: what programs asked and were told, as they saw it themselves, and what the
// storage that they protect accepted and refused. docs/history.md is the same as text; reader.hpp and
// writer.hpp turn one into the other. What it means is in model.hpp.
#pragma once

#include "model/flags.hpp"
#include "model/ids.hpp"
#include "model/mode.hpp"
#include "model/token.hpp"
#include "model/value.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

namespace holdfast::sim::history {

// Written as "history" in the first line of every file; another one is refused.
inline constexpr std::uint64_t version = 1;

// Nanoseconds on the one clock that all files of a history share.
using Time = std::int64_t;
inline constexpr Time never = std::numeric_limits<Time>::max();

enum class Kind : std::uint8_t {
  session,   // a program has connected; what it is called from now on is never used again
  invoke,    // a call was made
  ok,        // its answers: granted or done,
  fail,      // refused, nothing has changed,
  unknown,   // nobody will ever tell
  cancel,    // a program takes back a call that waits (it may leave the queue from then on)
  waiting,   // it stands in the queue, its answer is still to come
  notice,    // somebody waits for a lock
  lost,      // a lock is not ours any more, through no act of ours
  lease,     // the program looked at its deadline
  end,       // the session is over
  accepted,  // the storage took a write
  refused,   // the storage refused one
  fault,     // something was broken on purpose
  healed,    // from here on nothing is broken any more
};

enum class Call : std::uint8_t { none, lock, convert, release, adopt, purge };

// Texts (names, values, reasons) are kept once; an event has their numbers. 0 is the empty one.
using TextId = std::uint32_t;

struct Event {
  Time at = 0;
  Time valid_until = never;  // of the program's node, where it was looked at
  Token token;
  std::uint64_t op = 0;    // a program's number for its call; its answers have it too
  std::uint64_t lock = 0;  // lock id at the node
  std::uint64_t number = 0;  // of the value that was read: how often it has been written
  std::uint64_t node = 0, incarnation = 0, owner = 0, epoch = 0;  // of a session
  TextId client = 0;
  TextId name = 0;   // of the resource or, of a fault, what it hit
  TextId value = 0;  // that was read, or is to be written
  TextId why = 0;    // of a refusal, a loss, an end; of a fault: what kind of
  std::uint32_t file = 0;
  std::uint32_t line = 0;
  FlagSet flags;
  Kind kind = Kind::invoke;
  Call call = Call::none;
  Mode from = Mode::NL;  // of a conversion
  Mode mode = Mode::NL;
  ValueState value_state = ValueState::never_written;
  bool reads = false;   // an answer that brought the value
  bool writes = false;  // a call that writes it
  bool notices = false;  // a call whose lock is to be told of those who wait for it
};

class History {
 public:
  std::vector<Event> events;       // in order of time; at one time as they were read
  std::vector<std::string> files;  // by Event::file
  [[nodiscard]] TextId text(std::string_view of);
  [[nodiscard]] const std::string& text(TextId id) const { return texts_[id]; }
  // By time, and as they came where the time is the same.
  void sort();

 private:
  std::vector<std::string> texts_{""};
  std::unordered_map<std::string, TextId> ids_{{"", 0}};
};

[[nodiscard]] std::string_view name_of(Kind kind);
[[nodiscard]] std::string_view name_of(Call call);
[[nodiscard]] std::string_view name_of_state(ValueState state);

}  // namespace holdfast::sim::history
