// SPDX-License-Identifier: Apache-2.0
// Which scenario scripts real daemons can play.
#pragma once

#include "sim/scenario/script.hpp"

#include <string>

namespace holdfast::live {

// Why this one cannot be played; empty: it can.
[[nodiscard]] std::string why_not(const sim::Script& script);

}  // namespace holdfast::live
