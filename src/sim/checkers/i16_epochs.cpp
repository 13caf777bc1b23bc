// SPDX-License-Identifier: Apache-2.0
// I16  What acts, acts in its own epoch. What a history shows of it: a grant is not older than the epoch that
// the node of its session was in when the session began (every message carries the clock, so a master that
// has not heard of that epoch yet hears of it with the request), and whoever asked for a new lock after
// another had been granted one on that resource gets no older epoch than he did.
#include "sim/checkers/overlap.hpp"

#include "model/name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::sim::checkers {
namespace {

using history::Request;

void check_session(const Model& model, const Request& grant, Verdict& verdict) {
  const history::Client& client = model.clients[grant.client];
  const Token token = model.event(grant.answer).token;
  if (token.epoch.value() >= client.epoch || grant.granted < grant.from) return;
  verdict.found(fmt::format("{} was granted token {} although its node was in epoch {} already",
                            model.text(client.name), text_of(token), client.epoch),
                {client.session, grant.answer});
}

void check_resource(const Model& model, const history::Resource& resource, Verdict& verdict) {
  std::vector<const Request*> told;
  for (const Index id : resource.requests)
    if (model.requests[id].granted_in_time()) told.push_back(&model.requests[id]);
  std::vector<const Request*> asked(told);
  std::ranges::sort(told, {}, &Request::answer);
  std::size_t next = 0;
  const Request* latest = nullptr;
  for (const Request* grant : asked) {
    ++verdict.checked;
    check_session(model, *grant, verdict);
    for (; next < told.size() && told[next]->answer < grant->invoke; ++next)
      if (latest == nullptr || model.event(told[next]->answer).token.epoch > model.event(latest->answer).token.epoch)
        latest = told[next];
    const Token token = model.event(grant->answer).token;
    if (grant->call != history::Call::lock || latest == nullptr) continue;
    if (compatible(latest->granted, grant->granted)) continue;
    if (const Token before = model.event(latest->answer).token; before.epoch > token.epoch)
      verdict.found(fmt::format("{}: {} was granted token {} after {} had been granted {}",
                                escaped(model.text(resource.name)), model.text(model.clients[grant->client].name),
                                text_of(token), model.text(model.clients[latest->client].name), text_of(before)),
                    {latest->answer, grant->invoke, grant->answer});
  }
}

}  // namespace

void epochs(const Model& model, const Bounds&, Verdict& verdict) {
  for (const history::Resource& resource : model.resources) check_resource(model, resource, verdict);
}

}  // namespace holdfast::sim::checkers
