// SPDX-License-Identifier: Apache-2.0
// Lock ids as people write and read them: "n2#4294967297", the node and the number that --json shows as `id`.
#pragma once

#include "holdfast/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::cli {

struct LockId {
  NodeId node;
  ClaimId lock;
  friend bool operator==(const LockId&, const LockId&) = default;
};

[[nodiscard]] std::string to_text(const LockId& id);
// Nothing if it is none: a name, then.
[[nodiscard]] std::optional<LockId> parse_lock_id(std::string_view text);

}  // namespace holdfast::cli
