// SPDX-License-Identifier: Apache-2.0
#include "transcript.hpp"

#include "lock/engine.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace holdfast::conformance {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

constexpr std::string_view unknown = "?";
constexpr std::string_view zeros = "00000000";

struct Named {  // a lock as the transcript knows it
  LockId id;
  std::string name;
  std::string handle;  // empty: its handle was closed
  std::string resource;
  std::string buffer{zeros};  // the first bytes of the caller's value buffer, in hex
  bool used_value = false;    // VALBLK was said once
  bool persistent = false;    // as of the latest lock or conversion
  bool was_granted = false;
  bool was_busy = false;  // a conversion with VALBLK was refused because the lock waited
};

struct Space {
  ResourceId id;
  // Rules unlock-garbage, unlock-sticky, unlock-unused: the original wrote nobody knows what, or
  // did not write where we did. Until the next write the block is not compared.
  bool unknown = false;
};

// What a call answered, and what became of it.
struct Answer {
  std::string error;
  std::map<std::string, std::vector<std::string>> events;  // by lock
};

Words split(const std::string& text, char separator) {
  Words words;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, separator);) words.push_back(word);
  return words;
}

FlagSet parse_flags(const std::string& text) {
  FlagSet flags;
  if (text == "-") return flags;
  for (std::string word : split(text, ',')) {
    std::ranges::transform(word, word.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    const auto flag = parse_flag(word);
    if (!flag) throw std::runtime_error("unknown flag " + word);
    flags.set(*flag);
  }
  return flags;
}

std::string errno_name(Errc error) {
  switch (row_of(error).number) {
    case 0:
      return "";
    case ENOENT:
      return "ENOENT";
    case EBUSY:
      return "EBUSY";
    default:
      return "EINVAL";
  }
}

std::string status_name(const lock::Outcome& outcome) {
  if (outcome.kind == lock::OutcomeKind::granted) return "OK";
  if (outcome.kind == lock::OutcomeKind::unlocked) return "EUNLOCK";
  if (outcome.status == Errc::blocked) return "EAGAIN";
  if (outcome.status == Errc::deadlock) return "EDEADLK";
  return "ECANCEL";
}

class World {
 public:
  Answer run(const Words& words) {
    Answer answer;
    outcomes_.clear();
    answer.error = perform(words);
    for (const lock::Outcome& outcome : outcomes_) note(outcome, answer);
    return answer;
  }
  // The state as the transcript would print it, but for the order of the granted locks.
  [[nodiscard]] Json state() const;
  // The transcript does not know the value of this resource, so neither do we.
  void doubt(const std::string& resource) { spaces_.at(resource).unknown = true; }
  [[nodiscard]] bool knows_value(const std::string& resource) const {
    const auto at = spaces_.find(resource);
    return at == spaces_.end() || !at->second.unknown;
  }
  [[nodiscard]] bool knows_value_of(const std::string& lock) const {
    const auto at = names_.find(lock);
    return at == names_.end() || knows_value(locks_[at->second].resource);
  }
  void check() const {
    for (const auto& [name, space] : spaces_) engine_.check(space.id);
  }

 private:
  std::string perform(const Words& words);
  std::string lock(const Words& words);
  std::string convert(const Words& words);
  std::string unlock(const Words& words);
  std::string cancel(const Words& words, Errc reason);
  std::string adopt(Named& adopter, Mode mode);
  void close(const std::string& handle);
  void note(const lock::Outcome& outcome, Answer& answer);
  void move_value(const lock::Outcome& outcome, Named& named);
  std::string text_of(const lock::Outcome& outcome, const Named& named) const;
  Space& space(const std::string& name) {
    auto& space = spaces_[name];
    if (!space.id) space.id = engine_.create();
    return space;
  }
  Named* find(const std::string& name) {
    const auto at = names_.find(name);
    return at == names_.end() ? nullptr : &locks_[at->second];
  }

  Clock clock_;
  lock::Engine engine_{clock_};
  lock::Outcomes outcomes_;
  std::deque<Named> locks_;  // in order of creation, which is the order of a handle's end
  std::map<std::string, std::size_t> names_;
  std::map<std::string, Space> spaces_;
  std::vector<LockId> orphans_;
  // A persistent lock that still waited when its handle was closed is gone, but the kernel counts
  // it as an orphan in another mode from then on.
  std::set<std::string> ghosts_;
};

// Up to eight characters: hexadecimal digits, or the sign for what nobody knows.
std::string shown(const Value& value) { return value.bytes.substr(0, value.bytes.find('\0')); }
// The engine carries the hex digits themselves: they are as good as the bytes they stand for.
std::string bytes_of(const std::string& hex) { return hex + std::string(32 - hex.size(), '\0'); }

std::string World::perform(const Words& words) {
  const std::string& verb = words.at(0);
  if (verb == "lock") return lock(words);
  if (verb == "conv") return convert(words);
  if (verb == "unlock" || verb == "unlockv") return unlock(words);
  if (verb == "cancel") return cancel(words, Errc::cancelled);
  if (verb == "deadlk") return cancel(words, Errc::deadlock);
  if (verb == "close") {
    close(words.at(1));
    return "";
  }
  if (verb == "open") return "";
  throw std::runtime_error("unknown operation " + verb);
}

// lock HANDLE LOCK RESOURCE MODE FLAGS [HEX]
std::string World::lock(const Words& words) {
  const std::optional<Mode> mode = parse_mode(words.at(4));
  const FlagSet flags = parse_flags(words.at(5));
  if (!mode || lock::check_request(*mode, flags) != Errc::ok) return "EINVAL";
  Named named;
  named.name = words.at(2);
  named.handle = words.at(1);
  named.resource = words.at(3);
  named.used_value = flags.has(Flag::valblk);
  named.persistent = flags.has(Flag::persistent);
  if (words.size() > 6) named.buffer = words.at(6);
  // The claim is the place of the lock in locks_, by which outcomes find it.
  const lock::Holder holder{
      .node = NodeId{1}, .claim = ClaimId{locks_.size() + 1}, .owner = OwnerId{1}};
  if (flags.has(Flag::orphan)) {
    if (std::string error = adopt(named, *mode); !error.empty()) return error;
    engine_.reassign(named.id, holder);
  } else {
    named.id = engine_.request(space(named.resource).id, holder,
                               {.mode = *mode, .flags = flags, .value = {}}, outcomes_);
  }
  names_[named.name] = locks_.size();
  locks_.push_back(named);
  return "";
}

// Rule orphan-no-ast: the answer is the id, nothing else happens.
std::string World::adopt(Named& adopter, Mode mode) {
  std::string error = ghosts_.contains(adopter.resource) ? "EAGAIN" : "ENOENT";
  for (const LockId orphan : orphans_) {
    if (engine_.resource_of(orphan) != space(adopter.resource).id) continue;
    if (engine_.state(orphan).granted != mode) {
      error = "EAGAIN";
      continue;
    }
    adopter.id = orphan;
    adopter.was_granted = true;
    std::erase(orphans_, adopter.id);
    return "";
  }
  return error;
}

// conv LOCK MODE FLAGS [HEX]
std::string World::convert(const Words& words) {
  Named* named = find(words.at(1));
  const std::optional<Mode> mode = parse_mode(words.at(2));
  const FlagSet flags = parse_flags(words.at(3));
  if (named == nullptr) return "ENOENT";
  if (words.size() > 4) named->buffer = words.at(4);
  const std::string value = bytes_of(named->buffer);
  const Errc error =
      engine_.convert(named->id, {.mode = *mode, .flags = flags, .value = value}, outcomes_);
  if (error == Errc::busy && flags.has(Flag::valblk)) named->was_busy = true;
  if (error != Errc::ok) return errno_name(error);
  named->persistent = flags.has(Flag::persistent);
  named->used_value = named->used_value || flags.has(Flag::valblk);
  return "";
}

// unlock LOCK FLAGS [HEX]
std::string World::unlock(const Words& words) {
  Named* named = find(words.at(1));
  const FlagSet flags = parse_flags(words.at(2));
  if (named == nullptr || !engine_.exists(named->id)) return "ENOENT";
  if (lock::check_ending(flags) != Errc::ok) return "EINVAL";
  if (words.size() > 3) named->buffer = words.at(3);
  const lock::LockState state = engine_.state(named->id);
  const std::string value = bytes_of(named->buffer);
  Space& home = space(named->resource);
  const Errc error = engine_.unlock(named->id, {.flags = flags, .value = value}, outcomes_);
  const bool held = state.standing != lock::Standing::waiting && writes_value(state.granted);
  if (error == Errc::ok && held && flags.has(Flag::valblk) && !flags.has(Flag::ivvalblk))
    home.unknown = !named->used_value || named->buffer == unknown;
  return "";
}

std::string World::cancel(const Words& words, Errc reason) {
  const Named* named = find(words.at(1));
  if (named == nullptr) return "ENOENT";
  return errno_name(engine_.cancel(named->id, reason, outcomes_));
}

// Persistent locks lose what is under way and stay; all others end as if their holder had died.
void World::close(const std::string& handle) {
  for (Named& named : locks_) {
    if (named.handle != handle) continue;
    named.handle.clear();
    if (!engine_.exists(named.id)) continue;
    if (!named.persistent) {
      engine_.vanish(named.id, lock::ValueAfter::doubt_if_writer, outcomes_);
    } else if (engine_.cancel(named.id, Errc::cancelled, outcomes_) == Errc::ok &&
               engine_.exists(named.id)) {
      orphans_.push_back(named.id);
    } else {
      ghosts_.insert(named.resource);
    }
  }
}

void World::note(const lock::Outcome& outcome, Answer& answer) {
  Named& named = locks_.at(outcome.holder.claim.value() - 1);
  if (outcome.kind == lock::OutcomeKind::queued) return;
  move_value(outcome, named);
  if (!named.handle.empty()) answer.events[named.name].push_back(text_of(outcome, named));
}

void World::move_value(const lock::Outcome& outcome, Named& named) {
  if (outcome.kind != lock::OutcomeKind::granted) return;
  const bool is_new = !std::exchange(named.was_granted, true);
  if (outcome.value_move == ValueMove::none) return;
  Space& home = space(named.resource);
  const Value& value = engine_.value(home.id);
  if (outcome.value_move == ValueMove::write) {
    home.unknown = named.buffer == unknown;
  } else if (home.unknown) {
    named.buffer = unknown;
  } else if (value.has_bytes()) {
    named.buffer = shown(value);
  } else if (is_new && !named.was_busy) {
    // Rule first-read: a request reads zeros. A conversion leaves the buffer as it was, and so does
    // a request that a conversion (refused, since the request still waited) had sent a value to.
    named.buffer = zeros;
  }
}

// "OK+DEMOTED 0a0b0c0d"; the value last, so that a ? can stand for it and for what is said of it.
std::string World::text_of(const lock::Outcome& outcome, const Named& named) const {
  if (outcome.kind == lock::OutcomeKind::notice)
    return "notice " + std::string(name_of(outcome.mode));
  std::string text = status_name(outcome);
  if (outcome.demoted) text += "+DEMOTED";
  if (outcome.altmode) text += "+ALTMODE";
  text += ' ' + named.buffer;
  return outcome.doubtful ? text + "!" : text;
}

Json World::state() const {
  Json all = Json::object();
  for (const auto& [name, space] : spaces_) {
    if (engine_.empty(space.id)) continue;
    Json one{{"granted", Json::array()}, {"convert", Json::array()}, {"waiting", Json::array()}};
    for (const LockId id : engine_.locks(space.id)) {
      const lock::LockState lock = engine_.state(id);
      const std::string who = locks_.at(lock.holder.claim.value() - 1).name + " ";
      const std::string granted(name_of(lock.granted));
      const std::string wanted(name_of(lock.wanted));
      if (lock.standing == lock::Standing::granted) one["granted"].push_back(who + granted);
      if (lock.standing == lock::Standing::converting)
        one["convert"].push_back(who + granted + ">" + wanted);
      if (lock.standing == lock::Standing::waiting) one["waiting"].push_back(who + wanted);
    }
    std::sort(one["granted"].begin(), one["granted"].end());
    const Value& value = engine_.value(space.id);
    one["lvb"] = value.has_bytes() ? shown(value) : "";
    if (value.has_bytes() && value.state == ValueState::doubtful)
      one["lvb"] = one["lvb"].get<std::string>() + "!";
    all[name] = one;
  }
  return all;
}

// An event as the transcript has it, in the words of text_of.
std::string text_of(const Json& event) {
  if (event.contains("bast")) return "notice " + event["mode"].get<std::string>();
  std::string text = event["status"].get<std::string>();
  std::string doubtful;
  for (const std::string& flag : event.value("flags", Words{})) {
    if (flag == "VALNOTVALID") {
      doubtful = "!";
    } else {
      text += "+" + flag;
    }
  }
  return text + ' ' + event["lvb"].get<std::string>() + doubtful;
}

// What was read is not compared where either side does not know it.
bool same_event(const std::string& recorded, const std::string& ours, bool value_known) {
  if (recorded == ours) return true;
  const std::size_t recorded_value = recorded.find(' ');
  if (recorded.starts_with("notice") ||
      recorded.substr(0, recorded_value) != ours.substr(0, ours.find(' ')))
    return false;
  return !value_known || recorded.find('?') != std::string::npos ||
         ours.find('?') != std::string::npos;
}

class Comparison {
 public:
  explicit Comparison(const std::string& path) : path_(path) {}

  void step(const Json& line) {
    words_ = split(line["op"].get<std::string>(), ' ');
    where_ = path_ + " line " + std::to_string(line["n"].get<int>()) + " (" +
             line["op"].get<std::string>() + "): ";
    const Answer answer = world_.run(words_);
    world_.check();
    ++result_.operations;
    compare_error(line["errno"].get<std::string>(), answer.error);
    learn(line["state"]);
    compare_events(line["events"], answer);
    compare_state(line["state"], world_.state());
  }
  [[nodiscard]] std::size_t differences() const { return result_.differences.size(); }
  [[nodiscard]] Replay take() { return std::move(result_); }

 private:
  void differ(const std::string& what, const std::string& recorded, const std::string& ours) {
    result_.differences.push_back(where_ + what + ": recorded " + recorded + ", ours " + ours);
  }
  void compare_error(const std::string& recorded, const std::string& ours) {
    // Rule second-cancel
    if (words_.at(0) == "cancel" && recorded == "EINVAL" && ours.empty()) return;
    if (recorded != ours) differ("error", recorded, ours);
  }
  // Rule unlock-garbage: from here on nobody knows the value.
  void learn(const Json& state) {
    for (const auto& [name, resource] : state.items())
      if (resource["lvb"].get<std::string>().starts_with(unknown)) world_.doubt(name);
  }
  void compare_events(const Json& recorded, const Answer& answer) {
    std::map<std::string, std::vector<std::string>> expected;
    for (const auto& [handle, events] : recorded.items())
      for (const Json& event : events)
        expected[event.contains("ast") ? event["ast"] : event["bast"]].push_back(text_of(event));
    for (const auto& [lock, events] : expected) result_.events += static_cast<int>(events.size());
    const auto same = [this](const auto& a, const auto& b) {
      return a.first == b.first &&
             std::ranges::equal(a.second, b.second, [&](const auto& x, const auto& y) {
               return same_event(x, y, world_.knows_value_of(a.first));
             });
    };
    if (!std::ranges::equal(expected, answer.events, same))
      differ("events", Json(expected).dump(), Json(answer.events).dump());
  }
  void compare_state(Json recorded, Json ours) {
    for (auto& [name, resource] : recorded.items()) {
      std::sort(resource["granted"].begin(), resource["granted"].end());
      if (!world_.knows_value(name) && ours.contains(name)) ours[name]["lvb"] = resource["lvb"];
    }
    if (recorded != ours) differ("state", recorded.dump(), ours.dump());
  }

  std::string path_;
  std::string where_;
  Words words_;
  World world_;
  Replay result_;
};

}  // namespace

Replay replay(const std::string& path) {
  constexpr std::size_t differences_max = 3;
  Comparison comparison(path);
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);  // the header
  while (std::getline(in, line)) {
    const Json operation = Json::parse(line);
    comparison.step(operation);
    if (comparison.differences() >= differences_max) break;
  }
  return comparison.take();
}

}  // namespace holdfast::conformance
