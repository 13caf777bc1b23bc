// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/judge.hpp"

#include "sim/scenario/words.hpp"

#include <algorithm>

namespace holdfast::sim {
namespace {

std::string text_of(const Token& token) {
  return std::to_string(token.epoch.value()) + "." + std::to_string(token.counter);
}

}  // namespace

std::uint64_t Judge::number_in(std::string_view bytes) {
  if (!bytes.starts_with('w')) return 0;
  return parse_number(bytes.substr(1)).value_or(0);
}

// Writers exclude each other, so the order of their tokens is the order of the writes.
std::uint64_t Judge::write(const std::string& key, const Token& token, Mode held) {
  std::vector<Write>& writes = keys_[key].writes;
  const auto behind = std::ranges::upper_bound(writes, token, {}, &Write::token);
  writes.insert(behind, {.number = ++writes_, .token = token, .held = held});
  key_of_write_[writes_] = key;
  return writes_;
}

void Judge::write_done(std::uint64_t number) {
  const auto key = key_of_write_.find(number);
  if (key == key_of_write_.end()) return;
  std::vector<Write>& writes = keys_[key->second].writes;
  if (const auto write = std::ranges::find(writes, number, &Write::number); write != writes.end())
    write->complete = true;
}

void Judge::write_refused(std::uint64_t number) {
  const auto key = key_of_write_.find(number);
  if (key == key_of_write_.end()) return;
  std::erase_if(keys_[key->second].writes,
                [number](const Write& write) { return write.number == number; });
  key_of_write_.erase(key);
}

std::uint64_t Judge::floor(const std::string& key) const {
  const auto known = keys_.find(key);
  if (known == keys_.end()) return 0;
  std::uint64_t latest = 0;
  for (const Write& write : known->second.writes)
    if (write.complete) latest = write.number;
  return latest;
}

void Judge::granted(const Question& question, const wire::Granted& event) {
  check_token(question, event);
  check_value(question, event);
  if (question.write != 0 && !question.at_once) write_done(question.write);
}

// Grants that exclude each other come one after the other, so their tokens must rise (I3). A
// conversion that does not ask for more keeps its token.
void Judge::check_token(const Question& question, const wire::Granted& event) {
  Key& key = keys_[question.key];
  const auto complain = [&](const std::string& what) {
    fail("I3 is broken on " + question.key + ": " + std::string(name_of(event.mode)) +
         " with token " + text_of(event.token) + " " + what);
  };
  if (question.conversion && event.token == question.token_before) {
    if (!excludes_at_least(question.mode_before, event.mode))
      complain("kept its token on the way up");
    return;
  }
  if (question.conversion && event.token < question.token_before)
    complain("came after its own " + text_of(question.token_before));
  for (const Mode other : all_modes)
    if (!compatible(other, event.mode) && key.largest[index_of(other)] >= event.token)
      complain("came after " + std::string(name_of(other)) + " with " +
               text_of(key.largest[index_of(other)]));
  Token& largest = key.largest[index_of(event.mode)];
  largest = std::max(largest, event.token);
}

// A value that is said to be valid is one that was written, and no later write was complete when
// the question was made, nor made by somebody who must have finished before this grant (I8).
void Judge::check_value(const Question& question, const wire::Granted& event) {
  if (event.notes.has(wire::GrantNote::doubtful)) ++doubtful_reads;
  if (!event.notes.has(wire::GrantNote::value) || event.value_state != ValueState::valid) return;
  ++valid_reads;
  const std::vector<Write>& writes = keys_[question.key].writes;
  const auto seen = std::ranges::find_if(
      writes, [&](const Write& w) { return bytes_of(w.number) == event.value; });
  const std::string what = "a grant of " + std::string(name_of(event.mode)) + " on " +
                           question.key + " (token " + text_of(event.token) + ") read '" +
                           std::string(event.value) + "', ";
  if (seen == writes.end()) return fail("I8 is broken: " + what + "which nobody wrote there");
  const auto complain = [&](const Write& later) {
    fail("I8 is broken: " + what + "but '" + bytes_of(later.number) + "' (token " +
         text_of(later.token) + ") was written later and before it");
  };
  const auto floor = std::ranges::find(writes, question.floor, &Write::number);
  if (floor != writes.end() && seen < floor) return complain(*floor);
  if (question.conversion) return;
  for (auto later = seen + 1; later != writes.end(); ++later)
    if (later->token < event.token && !compatible(later->held, event.mode)) return complain(*later);
}

}  // namespace holdfast::sim
