// SPDX-License-Identifier: Apache-2.0
// Evidence: what was seen before a lock was ended by force, in a file of its own.
#pragma once

#include <string>
#include <string_view>

#include "holdfast/result.hpp"

namespace holdfast::client {

// Writes a new file in `dir` (which is made if need be) that only its owner may read, and gives its path when it is
// on disk.
[[nodiscard]] Result<std::string> write_evidence(const std::string& dir, std::string_view text);

}  // namespace holdfast::client
