// SPDX-License-Identifier: Apache-2.0
#include "sim/history/event.hpp"

#include <algorithm>
#include <array>

namespace holdfast::sim::history {

TextId History::text(std::string_view of) {
  const auto [found, fresh] = ids_.try_emplace(std::string(of), static_cast<TextId>(texts_.size()));
  if (fresh) texts_.emplace_back(of);
  return found->second;
}

void History::sort() { std::ranges::stable_sort(events, {}, &Event::at); }

std::string_view name_of(Kind kind) {
  constexpr std::array<std::string_view, 15> names{"session", "invoke", "ok",    "fail",     "unknown",
                                                   "cancel",  "waiting", "notice", "lost",  "lease",    "end",
                                                   "accepted", "refused", "fault", "healed"};
  static_assert(static_cast<std::size_t>(Kind::healed) + 1 == names.size());
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(Call call) {
  constexpr std::array<std::string_view, 6> names{"none", "lock", "convert", "release", "adopt", "purge"};
  static_assert(static_cast<std::size_t>(Call::purge) + 1 == names.size());
  return names[static_cast<std::size_t>(call)];
}

std::string_view name_of_state(ValueState state) {
  constexpr std::array<std::string_view, 3> names{"never_written", "valid", "doubtful"};
  return names[static_cast<std::size_t>(state)];
}

}  // namespace holdfast::sim::history
