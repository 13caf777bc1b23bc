// SPDX-License-Identifier: Apache-2.0
// Fence: what storage has to remember to be safe from writers that come too late, and how it decides. The largest token
// that it accepted, one for each mode; (t, m) is stale if a larger one was accepted in a mode that conflicts with m.
//
// Why one for each mode and not one for all: holders whose modes are compatible have the lock at the same time, each with
// a token of its own, and the smaller one is no less valid. Two CW holders both write; an EX holder from before them
// does not.
//
// A header of its own and nothing but a decision: keep it beside your data and make it durable before the write that it
// allowed (fenced_file.cpp shows how).
#pragma once

#include <holdfast/mode.hpp>
#include <holdfast/token.hpp>

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace fenced_file {

enum class Verdict {
  known,  // accepted, and nothing new to remember
  newer,  // accepted, and the fence has changed: make it durable before anything is written
  stale,  // refused: somebody who has the lock after this one was here already
};

class Fence {
 public:
  Verdict offer(holdfast::Mode mode, const holdfast::Token& token) {
    if (newest_against(mode, token)) return Verdict::stale;
    holdfast::Token& newest = newest_[holdfast::index_of(mode)];
    if (token <= newest) return Verdict::known;
    newest = token;
    return Verdict::newer;
  }

  // The mode in which a larger token was accepted, if that is a reason to refuse this one.
  [[nodiscard]] std::optional<holdfast::Mode> newest_against(holdfast::Mode mode, const holdfast::Token& token) const {
    for (const holdfast::Mode other : holdfast::all_modes)
      if (!holdfast::compatible(other, mode) && newest(other) > token) return other;
    return std::nullopt;
  }

  // The largest token accepted in this mode; false if there was none.
  [[nodiscard]] const holdfast::Token& newest(holdfast::Mode mode) const { return newest_[holdfast::index_of(mode)]; }
  void remember(holdfast::Mode mode, const holdfast::Token& token) { newest_[holdfast::index_of(mode)] = token; }

 private:
  std::array<holdfast::Token, holdfast::mode_count> newest_{};
};

// The text of a token, as to_text() and $HOLDFAST_TOKEN have it: exactly 32 hexadecimal digits.
[[nodiscard]] inline std::optional<holdfast::Token> token_of(std::string_view text) {
  const auto word = [](std::string_view digits) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  if (text.size() != 32) return std::nullopt;
  const auto epoch = word(text.substr(0, 16));
  const auto counter = word(text.substr(16));
  if (!epoch || !counter || *epoch == 0) return std::nullopt;
  return holdfast::Token{.epoch = holdfast::Epoch{*epoch}, .counter = *counter};
}

// One line for each mode that has a token: "EX 0000000000000001000000000000002a".
[[nodiscard]] inline std::string to_text(const Fence& fence) {
  std::string text;
  for (const holdfast::Mode mode : holdfast::all_modes)
    if (fence.newest(mode)) text.append(name_of(mode)) += " " + holdfast::to_text(fence.newest(mode)) + "\n";
  return text;
}

// Nothing if the text is damaged in any way: a fence that has forgotten something protects nobody.
[[nodiscard]] inline std::optional<Fence> fence_of(std::string_view text) {
  Fence fence;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t blank = text.find(' ');
    if (end == std::string_view::npos || blank == std::string_view::npos || blank > end) return std::nullopt;
    const auto mode = holdfast::parse_mode(text.substr(0, blank));
    const auto token = token_of(text.substr(blank + 1, end - blank - 1));
    if (!mode || !token || fence.newest(*mode)) return std::nullopt;
    fence.remember(*mode, *token);
    text.remove_prefix(end + 1);
  }
  return fence;
}

}  // namespace fenced_file
