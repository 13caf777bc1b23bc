// SPDX-License-Identifier: Apache-2.0
// The outcome of a check as text and as JSON: what was checked, what is broken, and the lines that show it.
#pragma once

#include "sim/checkers/checkers.hpp"

namespace holdfast::sim::checkers {

[[nodiscard]] bool clean(const std::vector<Verdict>& verdicts);
[[nodiscard]] std::string text_report(const Model& model, const std::vector<Verdict>& verdicts);
[[nodiscard]] std::string json_report(const Model& model, const std::vector<Verdict>& verdicts);
// The first thing that is broken, in one line; empty if nothing is.
[[nodiscard]] std::string first_broken(const std::vector<Verdict>& verdicts);

}  // namespace holdfast::sim::checkers
