// SPDX-License-Identifier: Apache-2.0
// A file is cut into lines, lines into blocks, a block's command lines into words. The first word
// decides: it is a world or look command (command_table), otherwise the name of an owner.
#include "sim/scenario/parser.hpp"

#include "base/limits.hpp"
#include "model/name.hpp"
#include "model/view.hpp"
#include "sim/scenario/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace holdfast::sim {
namespace {

constexpr std::size_t opening_comment_lines_max = 5;
constexpr std::string_view rule = "----";

Result<NodeId> parse_node(std::string_view word) {
  const auto number = word.starts_with('n') ? parse_number(word.substr(1)) : std::nullopt;
  if (!number || *number == 0 || *number > limits::nodes_max)
    return wrong("'" + std::string(word) + "' is no node; nodes are n1 to n" +
                 std::to_string(limits::nodes_max));
  return NodeId{static_cast<std::uint32_t>(*number)};
}

Result<std::vector<NodeId>> parse_nodes(Words& words) {
  std::vector<NodeId> nodes;
  while (!words.at_end()) {
    HF_TRY(const NodeId node, parse_node(words.next()));
    nodes.push_back(node);
  }
  return nodes;
}

Result<Mode> parse_mode_word(std::string_view word) {
  const auto mode = parse_mode(word);
  if (!mode) return wrong("'" + std::string(word) + "' is no mode; allowed are NL CR CW PR PW EX");
  return *mode;
}

// Bytes that are not printable, and spaces, are written as \xNN.
Result<std::string> parse_name(std::string_view word) {
  if (word.empty()) return wrong("the name of a resource is missing");
  const auto name = unescaped(word);
  if (!name)
    return wrong("'" + std::string(word) +
                 "': a backslash is followed by xNN or another backslash");
  return *name;
}

// ---- requests
// -----------------------------------------------------------------------------------------

struct VerbRow {
  std::string_view name;
  Verb verb;
  bool has_mode;
  bool has_name;
};
constexpr std::array verb_table{
    VerbRow{"lock", Verb::lock, true, true},      VerbRow{"convert", Verb::convert, true, true},
    VerbRow{"unlock", Verb::unlock, false, true}, VerbRow{"release", Verb::release, false, true},
    VerbRow{"cancel", Verb::cancel, false, true}, VerbRow{"adopt", Verb::adopt, true, true},
    VerbRow{"purge", Verb::purge, false, false},
};

Result<Who> parse_who(std::string_view word) {
  Who who;
  if (const std::size_t at = word.find('@'); at != std::string_view::npos) {
    HF_TRY(who.node, parse_node(word.substr(at + 1)));
    word = word.substr(0, at);
  }
  if (const std::size_t dot = word.find('.'); dot != std::string_view::npos) {
    const auto index = parse_number(word.substr(dot + 1));
    if (!index || *index == 0 || *index > 1000)
      return wrong("'" + std::string(word) + "': an index is 1 to 1000");
    who.index = static_cast<std::uint32_t>(*index);
    word = word.substr(0, dot);
  }
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (word.empty() || word.front() < 'a' || word.front() > 'z' ||
      !std::ranges::all_of(word, allowed))
    return wrong("'" + std::string(word) +
                 "' is neither a command nor an owner; owners are lower-case words, " +
                 "commands are: together " + std::string(command_words));
  who.name = word;
  return who;
}

Result<void> parse_value_option(std::string_view text, Options& options) {
  if (text == "invalid") {
    options.value_use = ValueUse::invalidate;
    options.flags.set(Flag::ivvalblk);
    return {};
  }
  const auto value = unescaped(text);
  if (!value)
    return wrong("'value=" + std::string(text) +
                 "': a backslash is followed by xNN or another backslash");
  options.value_use = ValueUse::write;
  options.value = *value;
  options.flags.set(Flag::valblk);
  return {};
}

Result<void> parse_option(std::string_view word, Options& options) {
  constexpr std::string_view allowed =
      "noqueue noqueuebast quecvt expedite headque noorder altpr altcw persistent orphan "
      "convdeadlk nodlckwt "
      "forceunlock ivvalblk value value=TEXT value=invalid wait<=TIME parent=NAME transaction=N priority=N";
  if (word == "value") {
    options.value_use = ValueUse::ask;
    options.flags.set(Flag::valblk);
    return {};
  }
  if (word.starts_with("value=")) return parse_value_option(word.substr(6), options);
  if (word.starts_with("wait<=")) {
    HF_TRY(options.wait_max, parse_time(word.substr(6)));
    return {};
  }
  for (const std::string_view key : {"transaction=", "priority="}) {
    if (!word.starts_with(key)) continue;
    const auto number = parse_number(word.substr(key.size()));
    if (!number || *number > UINT32_MAX) return wrong("'" + std::string(word) + "': this is no number");
    if (key == "transaction=")
      options.transaction = *number;
    else
      options.priority = static_cast<std::uint32_t>(*number);
    return {};
  }
  if (word.starts_with("parent=")) {
    HF_TRY(options.parent, parse_name(word.substr(7)));
    return {};
  }
  if (word.starts_with("range="))
    return wrong("'" + std::string(word) + "': region locks are not there yet");
  const auto flag = parse_flag(word);
  if (!flag || *flag == Flag::convert || *flag == Flag::cancel)
    return wrong("'" + std::string(word) + "' is no option; allowed are " + std::string(allowed));
  options.flags.set(*flag);
  if (*flag == Flag::valblk) options.value_use = ValueUse::ask;
  return {};
}

Result<Action> parse_request(std::string_view first, Words& words) {
  Request request;
  HF_TRY(request.who, parse_who(first));
  const std::string_view verb = words.next();
  const auto row = std::ranges::find(verb_table, verb, &VerbRow::name);
  if (row == verb_table.end())
    return wrong("'" + std::string(verb) +
                 "' is no verb; allowed are lock convert unlock release cancel adopt purge");
  request.verb = row->verb;
  if (row->has_mode) {
    HF_TRY(request.mode, parse_mode_word(words.next()));
  }
  if (row->has_name) {
    HF_TRY(request.name, parse_name(words.next()));
  }
  while (!words.at_end())
    if (auto done = parse_option(words.next(), request.options); !done) return done.error();
  const std::string& parent = request.options.parent;
  if (parent.empty()) return Action{request};
  if (request.verb != Verb::lock || !request.name.starts_with(parent + "::"))
    return wrong("'parent=" + escaped(parent) + "' is for a lock on a name below it, such as " +
                 escaped(parent) + "::1");
  return Action{request};
}

// ---- world and look
// -----------------------------------------------------------------------------------

Result<Action> parse_cluster(Words& words) {
  ClusterLine cluster;
  cluster.nodes = 0;
  while (!words.at_end()) {
    const std::string_view word = words.next();
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos)
      return wrong("'" + std::string(word) + "': 'cluster' takes KEY=VALUE");
    const std::string_view key = word.substr(0, equals);
    const std::string_view value = word.substr(equals + 1);
    const auto number = parse_number(value);
    if (key == "nodes") {
      if (!number || *number == 0 || *number > 16) return wrong("nodes= takes 1 to 16");
      cluster.nodes = static_cast<std::uint32_t>(*number);
    } else if (key == "seed") {
      if (!number) return wrong("seed= takes a number");
      cluster.seed = *number;
    } else {
      cluster.settings.emplace_back(key, value);
    }
  }
  if (cluster.nodes == 0) return wrong("'cluster' needs nodes=N");
  return Action{cluster};
}

Result<Action> parse_advance(Words& words) {
  HF_TRY(const Duration by, parse_time(words.next()));
  return Action{Advance{by}};
}

Result<Action> parse_traffic(TrafficAction action, Words& words) {
  Traffic traffic{.action = action};
  const std::string_view pair = words.next();
  const std::size_t arrow = pair.find("->");
  if (arrow == std::string_view::npos)
    return wrong("'" + std::string(pair) + "': a direction is written n1->n2, without spaces");
  HF_TRY(traffic.from, parse_node(pair.substr(0, arrow)));
  HF_TRY(traffic.to, parse_node(pair.substr(arrow + 2)));
  if (traffic.from == traffic.to)
    return wrong("'" + std::string(pair) + "': a direction has two ends");
  if (!words.at_end()) traffic.message = words.next();
  if (!traffic.message.empty() && !is_message_name(traffic.message))
    return wrong("'" + traffic.message +
                 "' is no message between nodes; see src/wire/peer_messages.hpp");
  return Action{traffic};
}

Result<Action> parse_partition(Words& words) {
  Partition partition;
  partition.groups.emplace_back();
  while (!words.at_end()) {
    const std::string_view word = words.next();
    if (word == "|") {
      partition.groups.emplace_back();
      continue;
    }
    HF_TRY(const NodeId node, parse_node(word));
    partition.groups.back().push_back(node);
  }
  if (partition.groups.size() < 2 ||
      std::ranges::any_of(partition.groups, [](const auto& g) { return g.empty(); }))
    return wrong("'partition' takes groups of nodes: partition n1 | n2 n3");
  return Action{partition};
}

Result<Action> parse_node_command(NodeAction action, Words& words) {
  HF_TRY(const NodeId node, parse_node(words.next()));
  return Action{NodeCommand{action, node}};
}

Result<Action> parse_clock(Words& words) {
  HF_TRY(const NodeId node, parse_node(words.next()));
  const std::string_view amount = words.next();
  if (amount.empty() || (amount.front() != '+' && amount.front() != '-'))
    return wrong("'clock' takes a node and +TIME or -TIME: clock n2 +5s");
  HF_TRY(const Duration by, parse_time(amount.substr(1)));
  return Action{ClockChange{node, amount.front() == '-' ? -by : by}};
}

Result<Action> parse_client(ClientAction action, Words& words) {
  const std::string_view what = words.next();
  if (what == "daemon" && action == ClientAction::kill)
    return parse_node_command(NodeAction::kill_daemon, words);
  if (what != "client")
    return wrong("'pause', 'resume' and 'kill' take: client NAME; 'kill' also: daemon NODE");
  HF_TRY(const Who who, parse_who(words.next()));
  return Action{ClientCommand{action, who.name}};
}

Result<Action> parse_view(Words& words) {
  const auto epoch = parse_number(words.next());
  if (!epoch || *epoch == 0) return wrong("'view' takes an epoch from 1 and nodes: view 2 n1 n3");
  const bool quorate = !words.take("no-quorum");
  HF_TRY(std::vector<NodeId> nodes, parse_nodes(words));
  return Action{ViewCommand{Epoch{*epoch}, std::move(nodes), quorate}};
}

Result<Action> parse_move(Words& words) {
  Move move;
  HF_TRY(move.name, parse_name(words.next()));
  if (words.next() != "->") return wrong("'move' takes: NAME -> NODE");
  HF_TRY(move.to, parse_node(words.next()));
  return Action{move};
}

Result<Action> parse_show(Words& words) {
  const std::string_view what = words.next();
  if (what == "members") return Action{Look{LookAt::members, {}}};
  if (what == "deadlocks") return Action{Look{LookAt::deadlocks, {}}};
  const bool tokens = what == "tokens" && !words.at_end();
  HF_TRY(std::string name, parse_name(tokens ? words.next() : what));
  return Action{Look{tokens ? LookAt::tokens : LookAt::resource, std::move(name)}};
}

// A word followed by a direction, since an owner may be told to release a resource, not the world.
Result<Action> parse_world(std::string_view first, Words& words) {
  if (first == "cluster") return parse_cluster(words);
  if (first == "advance") return parse_advance(words);
  if (first == "run") return Action{Run{}};
  if (first == "heal") return Action{Heal{}};
  if (first == "hold") return parse_traffic(TrafficAction::hold, words);
  if (first == "release") return parse_traffic(TrafficAction::release, words);
  if (first == "drop") return parse_traffic(TrafficAction::drop, words);
  if (first == "duplicate") return parse_traffic(TrafficAction::duplicate, words);
  if (first == "partition") return parse_partition(words);
  if (first == "step") return parse_node_command(NodeAction::step, words);
  if (first == "crash") return parse_node_command(NodeAction::crash, words);
  if (first == "restart") return parse_node_command(NodeAction::restart, words);
  if (first == "join") return parse_node_command(NodeAction::join, words);
  if (first == "leave") return parse_node_command(NodeAction::leave, words);
  if (first == "fence-ack") return parse_node_command(NodeAction::fence_ack, words);
  if (first == "poll") return parse_node_command(NodeAction::poll, words);
  if (first == "clock") return parse_clock(words);
  if (first == "pause") return parse_client(ClientAction::pause, words);
  if (first == "resume") return parse_client(ClientAction::resume, words);
  if (first == "kill") return parse_client(ClientAction::kill, words);
  if (first == "view") return parse_view(words);
  if (first == "move") return parse_move(words);
  if (first == "show") return parse_show(words);
  if (first == "messages") return Action{Look{LookAt::messages, {}}};
  return parse_request(first, words);
}

// ---- the file
// -----------------------------------------------------------------------------------------

class FileParser {
 public:
  FileParser(std::string path, std::string_view text) {
    script_.path = std::move(path);
    script_.lines = split_lines(text);
  }

  Result<Script> parse() {
    if (auto opened = check_opening(); !opened) return opened.error();
    while (at_ < script_.lines.size()) {
      const std::string& line = script_.lines[at_];
      if (line.empty() || line.front() == '#') {
        ++at_;
        continue;
      }
      if (auto done = parse_block(); !done) return done.error();
    }
    if (script_.blocks.empty())
      return at_line(script_.lines.size(), wrong("the file has no block"));
    return std::move(script_);
  }

 private:
  [[nodiscard]] Error at_line(std::size_t line, const Error& error) const {
    return Error{error.code, script_.path + ":" + std::to_string(line) + ": " + error.detail};
  }

  Result<void> check_opening() const {
    std::size_t comments = 0;
    while (comments < script_.lines.size() && script_.lines[comments].starts_with('#')) ++comments;
    if (comments == 0 || comments > opening_comment_lines_max)
      return at_line(
          1, wrong("a scenario opens with 1 to 5 comment lines ('#'): the story, why it matters, "
                   "which invariant; here are " +
                   std::to_string(comments)));
    return {};
  }

  Result<void> parse_block() {
    Block block;
    if (script_.lines[at_] == "together") {
      block.order = Order::any;
      ++at_;
    }
    for (; at_ < script_.lines.size() && script_.lines[at_] != rule; ++at_) {
      const std::string& line = script_.lines[at_];
      if (line.empty()) return at_line(at_ + 1, wrong("a block's commands end with a line '----'"));
      if (auto done = parse_line(line, block); !done) return at_line(at_ + 1, done.error());
    }
    if (at_ == script_.lines.size())
      return at_line(at_, wrong("the last block has no line '----'"));
    if (block.commands.empty())
      return at_line(at_ + 1, wrong("a block needs a command in front of '----'"));
    block.rule_line = ++at_;
    for (; at_ < script_.lines.size() && !script_.lines[at_].empty(); ++at_)
      block.expected.push_back(script_.lines[at_]);
    script_.blocks.push_back(std::move(block));
    return {};
  }

  Result<void> parse_line(const std::string& line, Block& block) const {
    HF_TRY(Action action, parse_command(line));
    const bool first_of_all = script_.blocks.empty() && block.commands.empty();
    if (std::holds_alternative<ClusterLine>(action) && !first_of_all)
      return wrong("'cluster' is the first command of the first block, or not there at all");
    block.commands.push_back(Command{at_ + 1, line, std::move(action)});
    return {};
  }

  Script script_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Duration> parse_time(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t ns;
  };
  constexpr std::array units{Unit{"ns", 1}, Unit{"us", 1'000}, Unit{"ms", 1'000'000},
                             Unit{"s", 1'000'000'000}, Unit{"m", 60'000'000'000}};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_number(text.substr(0, digits));
  const auto unit = std::ranges::find(units, text.substr(digits), &Unit::name);
  if (!number || unit == units.end() || *number > std::uint64_t{10'000'000})
    return wrong("'" + std::string(text) +
                 "' is no time; write a number and ns, us, ms, s or m, such as 250ms");
  return Duration{static_cast<std::int64_t>(*number) * unit->ns};
}

Result<Action> parse_command(std::string_view line) {
  Words words(line);
  const std::string_view first = words.next();
  auto action = parse_world(first, words);
  if (action && !words.at_end())
    return wrong("'" + std::string(words.next()) + "' is one word too many behind '" +
                 std::string(first) + "'");
  return action;
}

Result<Script> parse_script(std::string path, std::string_view text) {
  return FileParser(std::move(path), text).parse();
}

}  // namespace holdfast::sim
