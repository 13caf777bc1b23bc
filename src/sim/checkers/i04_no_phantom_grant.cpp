// SPDX-License-Identifier: Apache-2.0
// I4  Each grant answers exactly one open request of a live incarnation, with what was asked for.
#include "sim/checkers/checkers.hpp"

#include <fmt/format.h>

namespace holdfast::sim::checkers {
namespace {

// What the owner agreed to get.
bool as_asked(const history::Request& request) {
  if (request.granted == request.wanted) return true;
  return (request.flags.has(Flag::altpr) && request.granted == Mode::PR) ||
         (request.flags.has(Flag::altcw) && request.granted == Mode::CW);
}

}  // namespace

void no_phantom_grant(const Model& model, const Bounds&, Verdict& verdict) {
  for (const history::Stray& stray : model.strays)
    verdict.found(fmt::format("{}: {}", model.text(model.event(stray.event).client), stray.what), {stray.event});
  for (const history::Request& request : model.requests) {
    if (request.answer == history::none) continue;
    ++verdict.checked;
    const history::Client& client = model.clients[request.client];
    if (request.outcome == history::Outcome::ok && request.answered > client.ended)
      verdict.found(fmt::format("{} was answered after its end", model.text(client.name)),
                    {request.invoke, client.end, request.answer});
    const bool grants = request.call != history::Call::release && request.call != history::Call::purge;
    if (grants && request.outcome == history::Outcome::ok && !as_asked(request))
      verdict.found(fmt::format("{} asked for {} and was granted {}", model.text(client.name),
                                name_of(request.wanted), name_of(request.granted)),
                    {request.invoke, request.answer});
  }
}

}  // namespace holdfast::sim::checkers
