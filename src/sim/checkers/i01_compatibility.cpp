// SPDX-License-Identifier: Apache-2.0
// I1  At every instant the valid grants of a resource are pairwise compatible.
#include "sim/checkers/overlap.hpp"

namespace holdfast::sim::checkers {

void compatibility(const Model& model, const Bounds&, Verdict& verdict) {
  for (const history::Resource& resource : model.resources) {
    verdict.checked += resource.spans.size();
    for_each_overlap(resource, [&](const history::Span& earlier, const history::Span& later) {
      verdict.found(text_of(model, earlier, later), events_of(earlier, later));
    });
  }
}

}  // namespace holdfast::sim::checkers
