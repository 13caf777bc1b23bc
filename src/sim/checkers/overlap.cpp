// SPDX-License-Identifier: Apache-2.0
// A sweep by the begin of spans: of each mode it is enough to remember the span that lasts longest.
#include "sim/checkers/overlap.hpp"

#include "model/name.hpp"

#include <fmt/format.h>

namespace holdfast::sim::checkers {

using history::Resource;
using history::Span;

void for_each_overlap(const Resource& resource, const std::function<void(const Span&, const Span&)>& found) {
  std::array<const Span*, mode_count> longest{};
  for (const Span& span : resource.spans) {
    for (const Mode other : all_modes) {
      const Span* before = longest[index_of(other)];
      if (before != nullptr && !compatible(other, span.mode) && before->end > span.begin) found(*before, span);
    }
    const Span*& mine = longest[index_of(span.mode)];
    if (mine == nullptr || span.end > mine->end) mine = &span;
  }
}

std::string text_of(const Token& token) {
  return fmt::format("{}.{}", token.epoch.value(), token.counter);
}

std::string text_of(const Model& model, const Span& earlier, const Span& later) {
  const auto who = [&](const Span& span) {
    return model.text(model.clients[model.holds[span.hold].client].name);
  };
  const Time until = std::min(earlier.end, later.end);
  const std::string how_long = until == history::never
                                   ? std::string("neither has given it up")
                                   : fmt::format("both did for {:.3f} ms", static_cast<double>(until - later.begin) / 1e6);
  return fmt::format("{}: {} believed in its {} when {} got {}; {}",
                     escaped(model.text(model.resources[model.holds[later.hold].resource].name)), who(earlier),
                     name_of(earlier.mode), who(later), name_of(later.mode), how_long);
}

std::vector<Index> events_of(const Span& earlier, const Span& later) {
  std::vector<Index> events{earlier.from, later.from};
  if (earlier.to != history::none) events.push_back(earlier.to);
  return events;
}

}  // namespace holdfast::sim::checkers
