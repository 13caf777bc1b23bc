// SPDX-License-Identifier: Apache-2.0
// Words: the small things that reading scripts is made of.
#pragma once

#include "base/error.hpp"
#include "wire/peer_messages.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::sim {

inline constexpr std::string_view command_words =
    "cluster advance run heal hold release drop duplicate partition step crash restart join leave "
    "fence-ack clock "
    "pause resume kill view move show messages";

[[nodiscard]] inline Error wrong(std::string what) {
  return Error{Errc::bad_argument, std::move(what)};
}

// The words of a line, one after another; an empty one at the end.
class Words {
 public:
  explicit Words(std::string_view line) : left_(line) { skip(); }
  [[nodiscard]] bool at_end() const { return left_.empty(); }
  std::string_view next() {
    const std::size_t end = std::min(left_.find(' '), left_.size());
    const std::string_view word = left_.substr(0, end);
    left_.remove_prefix(end);
    skip();
    return word;
  }
  // Takes the next word if it is this one.
  bool take(std::string_view word) {
    const bool is_next = left_.substr(0, left_.find(' ')) == word;
    if (is_next) (void)next();
    return is_next;
  }

 private:
  void skip() { left_.remove_prefix(std::min(left_.find_first_not_of(' '), left_.size())); }
  std::string_view left_;
};

[[nodiscard]] inline std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Without trailing blanks and carriage returns.
[[nodiscard]] inline std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t'))
      line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

template <class... Messages>
[[nodiscard]] bool is_one_of(wire::MessageList<Messages...>, std::string_view name) {
  return ((Messages::name == name) || ...);
}
[[nodiscard]] inline bool is_message_name(std::string_view name) {
  return is_one_of(wire::BetweenPeers{}, name) || is_one_of(wire::LinkFrames{}, name);
}

}  // namespace holdfast::sim
