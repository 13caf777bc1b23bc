// SPDX-License-Identifier: Apache-2.0
// The table `kinds` says which fields each kind of line must have, the table `fields` how each is
// taken. A field that is not in the tables is refused: a misspelt one would silently check nothing.
#include "sim/history/reader.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>

namespace holdfast::sim::history {
namespace {

using Json = nlohmann::json;
using Taken = std::optional<std::string>;  // what is wrong, or nothing

struct Place {
  History& history;
  Event& event;
};

// ---- values ----

Taken take_number(const Json& json, std::uint64_t& out) {
  if (!json.is_number_unsigned()) return "must be a whole number, 0 or more";
  out = json.get<std::uint64_t>();
  return {};
}

Taken take_time(const Json& json, Time& out) {
  if (!json.is_number_integer()) return "must be nanoseconds, a whole number";
  out = json.get<Time>();
  return {};
}

Taken take_text(const Json& json, History& history, TextId& out) {
  if (!json.is_string()) return "must be a text";
  out = history.text(json.get_ref<const std::string&>());
  return {};
}

Taken take_bool(const Json& json, bool& out) {
  if (!json.is_boolean()) return "must be true or false";
  out = json.get<bool>();
  return {};
}

Taken take_mode(const Json& json, Mode& out) {
  const auto mode = json.is_string() ? parse_mode(json.get_ref<const std::string&>()) : std::nullopt;
  if (!mode) return "must be one of \"NL\" \"CR\" \"CW\" \"PR\" \"PW\" \"EX\"";
  out = *mode;
  return {};
}

Taken take_flags(const Json& json, FlagSet& out) {
  if (!json.is_array()) return "must be a list of names of flags";
  for (const Json& name : json) {
    const auto flag = name.is_string() ? parse_flag(name.get_ref<const std::string&>()) : std::nullopt;
    if (!flag) return "has " + name.dump() + ", which is no flag";
    out.set(*flag);
  }
  return {};
}

std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  std::uint64_t number = 0;
  for (const char digit : digits) {
    constexpr std::string_view all = "0123456789abcdef";
    const std::size_t value = all.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    number = number * 16 + value;
  }
  return number;
}

Taken take_token(const Json& json, Token& out) {
  constexpr const char* wrong = "must be a token, 32 hexadecimal digits";
  if (!json.is_string() || json.get_ref<const std::string&>().size() != 32) return wrong;
  const std::string_view text = json.get_ref<const std::string&>();
  const auto epoch = parse_hex(text.substr(0, 16));
  const auto counter = parse_hex(text.substr(16));
  if (!epoch || !counter) return wrong;
  out = {Epoch{*epoch}, *counter};
  return {};
}

Taken take_call(const Json& json, Event& event) {
  for (const Call call : {Call::lock, Call::convert, Call::release, Call::adopt, Call::purge})
    if (json.is_string() && json.get_ref<const std::string&>() == name_of(call)) {
      event.call = call;
      return {};
    }
  return "must be one of \"lock\" \"convert\" \"release\" \"adopt\" \"purge\"";
}

Taken take_value_state(const Json& json, Event& event) {
  for (const ValueState state : {ValueState::never_written, ValueState::valid, ValueState::doubtful})
    if (json.is_string() && json.get_ref<const std::string&>() == name_of_state(state)) {
      event.value_state = state;
      event.reads = true;
      return {};
    }
  return "must be one of \"never_written\" \"valid\" \"doubtful\"";
}

// ---- fields ----

struct Field {
  std::string_view name;
  Taken (*take)(const Json&, Place);
};
constexpr Field fields[] = {
    {"t", [](const Json& j, Place p) { return take_time(j, p.event.at); }},
    {"client", [](const Json& j, Place p) { return take_text(j, p.history, p.event.client); }},
    {"op", [](const Json& j, Place p) { return take_number(j, p.event.op); }},
    {"call", [](const Json& j, Place p) { return take_call(j, p.event); }},
    {"resource", [](const Json& j, Place p) { return take_text(j, p.history, p.event.name); }},
    {"what", [](const Json& j, Place p) { return take_text(j, p.history, p.event.name); }},
    {"lock", [](const Json& j, Place p) { return take_number(j, p.event.lock); }},
    {"from", [](const Json& j, Place p) { return take_mode(j, p.event.from); }},
    {"mode", [](const Json& j, Place p) { return take_mode(j, p.event.mode); }},
    {"flags", [](const Json& j, Place p) { return take_flags(j, p.event.flags); }},
    {"token", [](const Json& j, Place p) { return take_token(j, p.event.token); }},
    {"valid_until", [](const Json& j, Place p) { return take_time(j, p.event.valid_until); }},
    {"value_state", [](const Json& j, Place p) { return take_value_state(j, p.event); }},
    {"value", [](const Json& j, Place p) { return take_text(j, p.history, p.event.value); }},
    {"number", [](const Json& j, Place p) { return take_number(j, p.event.number); }},
    {"write",
     [](const Json& j, Place p) {
       p.event.writes = true;
       return take_text(j, p.history, p.event.value);
     }},
    {"notices", [](const Json& j, Place p) { return take_bool(j, p.event.notices); }},
    {"why", [](const Json& j, Place p) { return take_text(j, p.history, p.event.why); }},
    {"node", [](const Json& j, Place p) { return take_number(j, p.event.node); }},
    {"incarnation", [](const Json& j, Place p) { return take_number(j, p.event.incarnation); }},
    {"owner", [](const Json& j, Place p) { return take_number(j, p.event.owner); }},
    {"epoch", [](const Json& j, Place p) { return take_number(j, p.event.epoch); }},
};

struct KindRow {
  Kind kind;
  std::string_view must;  // besides "t" and "event"
  std::string_view may;
};
constexpr KindRow kinds[] = {
    {Kind::session, "client node incarnation owner", "epoch valid_until"},
    {Kind::invoke, "client op call", "resource lock from mode flags write notices"},
    {Kind::ok, "client op", "lock mode token valid_until value_state value number epoch"},
    {Kind::fail, "client op why", "lock"},
    {Kind::unknown, "client op why", "lock"},
    {Kind::cancel, "client op", ""},
    {Kind::waiting, "client op", "lock"},
    {Kind::notice, "client lock mode", ""},
    {Kind::lost, "client lock why", ""},
    {Kind::lease, "client valid_until", ""},
    {Kind::end, "client why", ""},
    {Kind::accepted, "resource mode token", "client lock op"},
    {Kind::refused, "resource mode token", "client lock op"},
    {Kind::fault, "what why", ""},
    {Kind::healed, "", ""},
};
// What each call must have besides.
struct CallRow {
  Call call;
  std::string_view must;
};
constexpr CallRow calls[] = {
    {Call::lock, "resource mode"}, {Call::convert, "lock from mode"}, {Call::release, "lock"},
    {Call::adopt, "resource mode"}, {Call::purge, "resource"},
};

bool lists(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

// The first of these words that the line does not have.
Taken missing(std::string_view words, const Json& line) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (!line.contains(words.substr(0, end))) return fmt::format("\"{}\" is missing", words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return {};
}

// ---- lines ----

Taken take_line(const Json& line, const KindRow& row, Place place) {
  for (const auto& [name, value] : line.items()) {
    if (name == "event") continue;
    const auto field = std::ranges::find(fields, name, &Field::name);
    const bool known = name == "t" || lists(row.must, name) || lists(row.may, name);
    if (field == std::end(fields) || !known)
      return fmt::format("\"{}\" means nothing in a line of \"{}\"; allowed are: t event {} {}", name,
                         name_of(row.kind), row.must, row.may);
    if (const Taken wrong = field->take(value, place)) return fmt::format("\"{}\" {}", name, *wrong);
  }
  if (Taken wrong = missing("t", line)) return wrong;
  if (Taken wrong = missing(row.must, line)) return wrong;
  for (const CallRow& call : calls)
    if (row.kind == Kind::invoke && place.event.call == call.call) return missing(call.must, line);
  return {};
}

Taken take_event(const Json& line, Place place) {
  if (!line.is_object()) return "is no JSON object";
  const auto kind = line.find("event");
  if (kind == line.end() || !kind->is_string()) return "has no \"event\"";
  for (const KindRow& row : kinds)
    if (kind->get_ref<const std::string&>() == name_of(row.kind)) {
      place.event.kind = row.kind;
      return take_line(line, row, place);
    }
  std::string allowed;
  for (const KindRow& row : kinds) allowed += fmt::format(" {}", name_of(row.kind));
  return fmt::format("\"event\" is {}; allowed are{}", kind->dump(), allowed);
}

Taken take_heading(const Json& line) {
  if (!line.is_object() || !line.contains("history"))
    return fmt::format("the first line of a history is {{\"history\":{}}}", version);
  if (line["history"] != version)
    return fmt::format("history {} is not known here, only {}", line["history"].dump(), version);
  return {};
}

}  // namespace

Result<void> read(std::istream& in, const std::string& name, History& history) {
  const auto file = static_cast<std::uint32_t>(history.files.size());
  history.files.push_back(name);
  std::string text;
  std::uint32_t number = 0;
  const auto complain = [&](const std::string& what) {
    return Error{Errc::bad_message, fmt::format("{}:{}: {}", name, number, what)};
  };
  while (std::getline(in, text)) {
    ++number;
    // Whoever wrote it was killed in the middle of its last line.
    if (in.eof() && number > 1) break;
    const Json line = Json::parse(text, nullptr, false);
    if (line.is_discarded()) return complain("this is no JSON");
    if (number == 1) {
      if (const Taken wrong = take_heading(line)) return complain(*wrong);
      continue;
    }
    Event event{.file = file, .line = number};
    if (const Taken wrong = take_event(line, {history, event})) return complain(*wrong);
    history.events.push_back(event);
  }
  if (number == 0) return complain("the file is empty; its first line must be {\"history\":1}");
  return {};
}

Result<History> read_files(std::span<const std::string> paths) {
  History history;
  for (const std::string& path : paths) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return Error{Errc::cannot_read, path};
    if (const auto done = read(in, path, history); !done) return done.error();
  }
  history.sort();
  return history;
}

}  // namespace holdfast::sim::history
