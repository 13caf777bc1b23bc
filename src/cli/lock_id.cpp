// SPDX-License-Identifier: Apache-2.0
#include "cli/lock_id.hpp"

#include <charconv>

namespace holdfast::cli {
namespace {

// All of it, and not zero, which no node and no lock has.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool fine = error == std::errc() && end == text.data() + text.size() && number != 0;
  return fine ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string to_text(const LockId& id) {
  return "n" + std::to_string(id.node.value()) + "#" + std::to_string(id.lock.value());
}

std::optional<LockId> parse_lock_id(std::string_view text) {
  const std::size_t mark = text.find('#');
  if (!text.starts_with('n') || mark == std::string_view::npos) return std::nullopt;
  const auto node = parse_number<NodeId::rep>(text.substr(1, mark - 1));
  const auto lock = parse_number<ClaimId::rep>(text.substr(mark + 1));
  if (!node || !lock) return std::nullopt;
  return LockId{.node = NodeId{*node}, .lock = ClaimId{*lock}};
}

}  // namespace holdfast::cli
