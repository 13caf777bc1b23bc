// SPDX-License-Identifier: Apache-2.0
// How a run in a process of its own says what came of it.
#pragma once

#include "sim/campaigns/play.hpp"

#include <string>
#include <string_view>

namespace holdfast::sim {

[[nodiscard]] std::string to_json(const Outcome& outcome);
// Nothing if it was not one: the process ended before it could say.
[[nodiscard]] std::optional<Outcome> outcome_in(std::string_view json);

}  // namespace holdfast::sim
