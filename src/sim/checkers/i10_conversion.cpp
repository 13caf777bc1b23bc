// SPDX-License-Identifier: Apache-2.0
// I10  An upgrade in place never shows an unlocked instant: while it is under way nobody is granted what
// excludes the old mode. And of two that wait for each other exactly one is told so: whoever hears
// "deadlock" came after somebody who waited for what he holds and was not told the same. (Whoever queues
// first gets his turn first, so the later one waits for him, whatever he holds. Deadlocks over several
// resources are I11, and told as "deadlock_cycle".)
#include "sim/checkers/overlap.hpp"

#include "model/name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::sim::checkers {
namespace {

using history::Request;
using history::Resource;

bool is_victim(const Model& model, const Request& request) {
  return request.call == history::Call::convert && request.outcome == history::Outcome::fail &&
         model.text(model.event(request.answer).why) == "deadlock";
}

// A conversion whose program heard no more of it may have stood at its master still.
Time end_of(const Request& request) {
  return request.outcome == history::Outcome::unknown ? history::never : request.answered;
}

// Were both under way at one time, and did b wait for what a holds?
bool waits_for(const Request& b, const Request& a) {
  if (a.hold == b.hold || b.call != history::Call::convert) return false;
  return !compatible(a.from, b.wanted) && a.invoked < end_of(b) && b.invoked < end_of(a);
}

void check_victims(const Model& model, const Resource& resource, Verdict& verdict) {
  for (const Index id : resource.requests) {
    const Request& victim = model.requests[id];
    if (victim.call == history::Call::convert) ++verdict.checked;
    if (!is_victim(model, victim)) continue;
    Index partner = history::none;
    bool one_lives = false;
    for (const Index other : resource.requests) {
      const Request& request = model.requests[other];
      if (request.invoked > victim.answered) break;
      // It stands in the queue before the victim, so the victim waits for its turn.
      if (!waits_for(request, victim)) continue;
      partner = other;
      one_lives = one_lives || !is_victim(model, request);
    }
    const std::string who = fmt::format("{}: {} was told of a conversion deadlock", escaped(model.text(resource.name)),
                                        model.text(model.clients[victim.client].name));
    if (partner == history::none)
      verdict.found(who + ", but nobody was in its way who waited for it", {victim.invoke, victim.answer});
    else if (!one_lives)
      verdict.found(who + ", and so was everybody who was in its way",
                    {victim.invoke, victim.answer, model.requests[partner].answer});
  }
}

// Two that have waited for each other longer than the bound, and nobody has been told.
void check_unbroken(const Model& model, const Bounds& bounds, const Resource& resource, Verdict& verdict) {
  std::vector<const Request*> stuck;
  for (const Index id : resource.requests) {
    const Request& request = model.requests[id];
    const Time until = std::min({request.answered, model.clients[request.client].ended, model.finish});
    const bool takes_part = request.call == history::Call::convert && !request.flags.has(Flag::nodlckwt) &&
                            !request.flags.has(Flag::noqueue);
    if (takes_part && model.healed != history::never && until - std::max(request.invoked, model.healed) > bounds.wait)
      stuck.push_back(&request);
  }
  for (std::size_t i = 0; i < stuck.size(); ++i)
    for (std::size_t j = i + 1; j < stuck.size(); ++j) {
      const Time both = std::min({stuck[i]->answered, stuck[j]->answered, model.finish}) -
                        std::max({stuck[i]->invoked, stuck[j]->invoked, model.healed});
      if (waits_for(*stuck[i], *stuck[j]) && waits_for(*stuck[j], *stuck[i]) && both > bounds.wait)
        verdict.found(fmt::format("{}: {} and {} waited {:.1f} s for each other's conversion and nobody was told",
                                  escaped(model.text(resource.name)),
                                  model.text(model.clients[stuck[i]->client].name),
                                  model.text(model.clients[stuck[j]->client].name), static_cast<double>(both) / 1e9),
                      {stuck[i]->invoke, stuck[j]->invoke});
    }
}

}  // namespace

void conversion(const Model& model, const Bounds& bounds, Verdict& verdict) {
  for (const Resource& resource : model.resources) {
    for_each_overlap(resource, [&](const history::Span& earlier, const history::Span& later) {
      if (earlier.converting)
        verdict.found(text_of(model, earlier, later) + "; it was converting", events_of(earlier, later));
    });
    check_victims(model, resource, verdict);
    check_unbroken(model, bounds, resource, verdict);
  }
}

}  // namespace holdfast::sim::checkers
