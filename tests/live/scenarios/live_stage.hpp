// SPDX-License-Identifier: Apache-2.0
// The deepest depth: real daemons on loopback, real sockets, real time. Commands that need a hand
// inside the network or the clocks cannot be played here; why_not() says which.
#pragma once

#include "sim/scenario/stage.hpp"

#include <string>

namespace holdfast::live {

// `bin` is the directory with holdfastd.
[[nodiscard]] sim::Depth live_depth(std::string bin);

}  // namespace holdfast::live
