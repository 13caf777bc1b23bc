// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/record.hpp"

#include "model/name.hpp"

#include <algorithm>

namespace holdfast::sim {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out.append(out.empty() ? "" : " ").append(word);
  return out;
}

void sort_once(std::vector<std::string>& names) {
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

}  // namespace

void Record::granted(const GrantSeen& grant, Place place) {
  std::string text = grant.who + " granted " + std::string(name_of(grant.mode));
  if (grant.value_seen == ValueSeen::valid) text += " value=" + escaped(grant.value);
  if (grant.value_seen == ValueSeen::doubtful) text += " value doubtful";
  add(place, grant.who, std::move(text));
  check_token(grant);
}

void Record::refused(const std::string& who, Errc reason, Place place) {
  if (reason == Errc::cancelled) return cancelled(who, place);
  add(place, who, who + " refused " + std::string(holdfast::name_of(reason)));
}

void Record::waits_for(const std::string& who, std::vector<std::string> holders, Place place) {
  if (holders.empty()) return;
  sort_once(holders);
  add(place, who, who + " waits for " + joined(holders));
}

void Record::waits_behind(const std::string& who, std::vector<std::string> ahead, Place place) {
  if (ahead.empty()) return;
  sort_once(ahead);
  add(place, who, who + " waits behind " + joined(ahead));
}

void Record::told(const std::string& who, Mode wanted) {
  add(Place::consequence, who,
      who + " told " + std::string(holdfast::name_of(wanted)) + " is wanted");
}

void Record::lost(const std::string& who, Errc reason) {
  add(Place::consequence, who, who + " lost " + std::string(holdfast::name_of(reason)));
}

void Record::reached(NodeId node, std::string_view phase, Epoch epoch) {
  const std::string words = std::string(phase) + " epoch=" + std::to_string(epoch.value());
  auto known = std::ranges::find(phases_, words, &Phase::words);
  if (known == phases_.end()) {
    add(Place::consequence, name_of(node), "");
    phases_.push_back({words, {}, lines_.size() - 1});
    known = phases_.end() - 1;
  }
  if (std::ranges::find(known->nodes, node) == known->nodes.end()) known->nodes.push_back(node);
  std::ranges::sort(known->nodes);
  std::string text;
  for (const NodeId one : known->nodes) text += name_of(one) + " ";
  lines_[known->line].text = text + words;
}

void Record::begin_command() { command_begins_ = lines_.size(); }

std::vector<Line> Record::take() {
  phases_.clear();
  command_begins_ = 0;
  return std::exchange(lines_, {});
}

Result<void> Record::check() const {
  if (broken_.empty()) return {};
  return Error{Errc::bad_message, broken_};
}

std::string Record::tokens(const std::string& name) const {
  const auto found = grants_.find(name);
  if (found == grants_.end()) return "nobody";
  std::vector<GrantSeen> sorted = found->second;
  std::ranges::stable_sort(sorted, {}, &GrantSeen::token);
  std::string text;
  for (const GrantSeen& grant : sorted) {
    if (!text.empty()) text += " < ";
    text += grant.who + ":" + std::string(holdfast::name_of(grant.mode));
  }
  return text;
}

// An answer moves up to the other answers of its command.
void Record::add(Place place, const std::string& who, std::string text) {
  auto at = lines_.end();
  if (place == Place::answer)
    at = std::find_if(lines_.begin() + static_cast<std::ptrdiff_t>(command_begins_), lines_.end(),
                      [](const Line& line) { return line.place == Place::consequence; });
  for (Phase& phase : phases_)
    if (lines_.begin() + static_cast<std::ptrdiff_t>(phase.line) >= at) ++phase.line;
  lines_.insert(at, Line{place, who, std::move(text)});
}

// Grants reach their holders by different roads, so only what excludes each other must come in
// order: the later one cannot have been granted before the earlier one was given up.
void Record::check_token(const GrantSeen& grant) {
  auto& known = grants_[grant.name];
  if (grant.kept_token) return;
  for (const GrantSeen& earlier : known)
    if (!compatible(earlier.mode, grant.mode) && grant.token <= earlier.token && broken_.empty())
      broken_ = "I3 is broken: " + grant.who + " was granted " +
                std::string(holdfast::name_of(grant.mode)) + " on " + escaped(grant.name) +
                " with token " + to_text(grant.token) + ", after " + earlier.who +
                " had a conflicting grant with token " + to_text(earlier.token);
  known.push_back(grant);
}

}  // namespace holdfast::sim
