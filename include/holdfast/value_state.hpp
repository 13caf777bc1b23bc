// SPDX-License-Identifier: Apache-2.0
// ValueState: what a resource's value block is worth: never written, valid, or doubtful (its writer died, or
// said so).
#pragma once

#include <cstdint>

namespace holdfast {

// Wire value: never renumber.
enum class ValueState : std::uint8_t { never_written = 0, valid = 1, doubtful = 2 };

}  // namespace holdfast
