// SPDX-License-Identifier: Apache-2.0
// Expected against got.
#pragma once

#include "sim/scenario/stage.hpp"

#include <string>
#include <vector>

namespace holdfast::sim {

[[nodiscard]] bool as_expected(const std::vector<std::string>& expected,
                               const std::vector<std::string>& got, LineOrder order);
// Lines with "  " (both), "- " (only expected), "+ " (only got) in front.
[[nodiscard]] std::string difference(const std::vector<std::string>& expected,
                                     const std::vector<std::string>& got);

}  // namespace holdfast::sim
