// SPDX-License-Identifier: Apache-2.0
// The end of a simulated run: its history goes through the checkers that real histories go through.
#pragma once

#include "sim/history/recorder.hpp"

#include <string>

namespace holdfast::sim::history {

// What is broken first, in one line, or nothing. The history is written to `file` if that is not empty.
[[nodiscard]] std::string judge(Recorder& recorder, const std::string& file);

}  // namespace holdfast::sim::history
