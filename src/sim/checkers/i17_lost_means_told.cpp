// SPDX-License-Identifier: Apache-2.0
// I17  A grant that the system takes away yields a lost event, or a client whose deadline has passed,
// before any incompatible regrant; and a session that the system ends tells of every lock first.
#include "sim/checkers/overlap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::sim::checkers {
namespace {

using history::Ended;

// Ends of a session that are not the system's doing, or leave the locks valid until the deadline.
bool ended_by_program(const std::string& why) {
  constexpr std::array<std::string_view, 3> own{"closed", "killed", "disconnected"};
  return std::ranges::find(own, why) != own.end();
}

}  // namespace

void lost_means_told(const Model& model, const Bounds&, Verdict& verdict) {
  verdict.checked = model.losses.size();
  for (const history::Resource& resource : model.resources) {
    for_each_overlap(resource, [&](const history::Span& earlier, const history::Span& later) {
      if (earlier.ended == Ended::lost || earlier.ended == Ended::lease)
        verdict.found(text_of(model, earlier, later) + "; the first was taken away", events_of(earlier, later));
    });
    for (const history::Span& span : resource.spans) {
      const history::Client& client = model.clients[model.holds[span.hold].client];
      if (span.ended != Ended::session || ended_by_program(model.text(client.why))) continue;
      verdict.found(fmt::format("{}: the session of {} ended ({}), and its lock was not told lost before",
                                model.text(resource.name), model.text(client.name), model.text(client.why)),
                    {span.from, client.end});
    }
  }
}

}  // namespace holdfast::sim::checkers
