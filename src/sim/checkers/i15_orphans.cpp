// SPDX-License-Identifier: Apache-2.0
// I15  Persistent locks outlive their owner, all others do not; an orphan keeps its mode until it is adopted or
// purged. What an adoption finds must have been left there, once, in that mode; and as long as the node of
// an orphan is known to be valid nobody is granted what excludes it.
#include "sim/checkers/overlap.hpp"

#include "model/name.hpp"

#include <fmt/format.h>

#include <set>

namespace holdfast::sim::checkers {
namespace {

using history::Hold;
using history::Request;

class Orphans {
 public:
  Orphans(const Model& model, Verdict& verdict) : model_(model), verdict_(verdict) {
    for (Index i = 0; i < model_.holds.size(); ++i)
      if (model_.holds[i].flags.has(Flag::persistent)) left_.insert(i);
  }

  void check() {
    for (const Request& request : model_.requests)
      if (request.call == history::Call::adopt && request.outcome == history::Outcome::ok) check_adoption(request);
    for (const history::Resource& resource : model_.resources)
      for_each_overlap(resource, [&](const history::Span& earlier, const history::Span& later) {
        const Hold& hold = model_.holds[earlier.hold];
        if (hold.flags.has(Flag::persistent) && model_.clients[hold.client].ended <= later.begin)
          verdict_.found(text_of(model_, earlier, later) + "; the first is an orphan", events_of(earlier, later));
      });
  }

 private:
  void check_adoption(const Request& request) {
    ++verdict_.checked;
    for (const Index id : left_) {
      const Hold& hold = model_.holds[id];
      const bool fits = hold.resource == request.resource && hold.mode == request.granted && id != request.hold;
      if (!fits || model_.clients[hold.client].ended > request.answered) continue;
      left_.erase(id);
      return;
    }
    verdict_.found(fmt::format("{}: {} adopted an orphan in {} that nobody has left there",
                               escaped(model_.text(model_.resources[request.resource].name)),
                               model_.text(model_.clients[request.client].name), name_of(request.granted)),
                   {request.invoke, request.answer});
  }

  const Model& model_;
  Verdict& verdict_;
  std::set<Index> left_;  // holds that were persistent
};

}  // namespace

void orphans(const Model& model, const Bounds&, Verdict& verdict) { Orphans(model, verdict).check(); }

}  // namespace holdfast::sim::checkers
