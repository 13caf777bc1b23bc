// SPDX-License-Identifier: Apache-2.0
// Wait conditions and forced releases as words and as JSON, for `monitor`, `release` and `self`.
#pragma once

#include "holdfast/monitor.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace holdfast::cli {

// "n2#4294967297:TOKEN", without the token if it was never granted.
[[nodiscard]] std::string to_text(const GrantId& id);
[[nodiscard]] std::optional<GrantId> parse_grant_id(std::string_view text);

// Two lines: who waits for what, and who holds it.
[[nodiscard]] std::string condition_text(const WaitCondition& condition);
[[nodiscard]] nlohmann::ordered_json to_json(const WaitCondition& condition);

// mode, status, gen, locker, obj: as earlier lock monitors name them.
[[nodiscard]] nlohmann::ordered_json to_json(const LockProperties& properties);
[[nodiscard]] std::string released_text(const Released& released, Really really);
[[nodiscard]] nlohmann::ordered_json to_json(const ReleaseReport& report, Really really);

inline constexpr std::string_view release_warning =
    "a program may rely on what is taken from it: what the lock protects can be damaged, unless that refuses old tokens";

}  // namespace holdfast::cli
