// SPDX-License-Identifier: Apache-2.0
// Record: what happened in a block, as the lines that a scenario expects. The three depths tell it
// what they saw; wording and order are decided here, once.
//
// Order: lines come in order of delivery, but the answer to a command stands in front of what the
// command caused elsewhere (how near the asker lives to the master must not show), and nodes that
// reach the same phase share one line at the place of the first.
//
// It also keeps the grants of the whole script and checks that tokens rise (invariant I3).
#pragma once

#include "base/result.hpp"
#include "model/ids.hpp"
#include "model/mode.hpp"
#include "model/token.hpp"
#include "sim/scenario/script.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::sim {

enum class ValueSeen : std::uint8_t { none, valid, doubtful };

struct GrantSeen {
  std::string who;
  std::string name;  // of the resource
  Mode mode = Mode::NL;
  Token token;
  bool kept_token = false;  // a down-conversion or an adoption: its token is an old one
  ValueSeen value_seen = ValueSeen::none;
  std::string value;
};

// Is a line the direct answer to the command that is being carried out?
enum class Place : std::uint8_t { answer, consequence };

struct Line {
  Place place = Place::consequence;
  std::string who;   // whose line it is: an owner or a node; empty for the lines of a look command
  std::string text;  // the whole line
};

class Record {
 public:
  void granted(const GrantSeen& grant, Place place);
  void done(const std::string& who, Place place) { add(place, who, who + " done"); }
  void cancelled(const std::string& who, Place place) { add(place, who, who + " cancelled"); }
  void refused(const std::string& who, Errc reason, Place place);
  void waits_for(const std::string& who, std::vector<std::string> holders, Place place);
  void waits_behind(const std::string& who, std::vector<std::string> ahead, Place place);
  void told(const std::string& who, Mode wanted);
  void lost(const std::string& who, Errc reason);
  void reached(NodeId node, std::string_view phase, Epoch epoch);
  // What an operator asked for; `what` is the command.
  void settled(const std::string& what, Errc status) {
    status == Errc::ok ? done(what, Place::answer) : refused(what, status, Place::answer);
  }
  void look(std::string line) { add(Place::answer, "", std::move(line)); }

  // What follows belongs to another command.
  void begin_command();
  // The lines since the last call.
  [[nodiscard]] std::vector<Line> take();
  [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }
  // The first broken invariant, if any.
  [[nodiscard]] Result<void> check() const;
  // "a:PR < b:EX": the grants of a resource in order of their tokens.
  [[nodiscard]] std::string tokens(const std::string& name) const;

 private:
  struct Phase {
    std::string words;  // "open epoch=2"
    std::vector<NodeId> nodes;
    std::size_t line;
  };
  void add(Place place, const std::string& who, std::string text);
  void check_token(const GrantSeen& grant);

  std::vector<Line> lines_;
  std::size_t command_begins_ = 0;
  std::vector<Phase> phases_;
  std::map<std::string, std::vector<GrantSeen>> grants_;
  std::string broken_;
};

}  // namespace holdfast::sim
