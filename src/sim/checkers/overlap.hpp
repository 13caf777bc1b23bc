// SPDX-License-Identifier: Apache-2.0
// Overlap: two spans of one resource that exclude each other and share an instant. Three invariants are
// about such pairs: I1 about all of them, I10, I15 and I17 about those whose first span has a story.
#pragma once

#include "sim/checkers/checkers.hpp"

#include <functional>

namespace holdfast::sim::checkers {

// Calls back with (earlier, later), at least once for each span that begins while it must not.
void for_each_overlap(const history::Resource& resource,
                      const std::function<void(const history::Span&, const history::Span&)>& found);

// "orders/17: c3 held EX (token 1.20) when c5 got PR (token 1.19)"
[[nodiscard]] std::string text_of(const Model& model, const history::Span& earlier, const history::Span& later);
[[nodiscard]] std::string text_of(const Token& token);
// What to look at.
[[nodiscard]] std::vector<Index> events_of(const history::Span& earlier, const history::Span& later);

}  // namespace holdfast::sim::checkers
