// SPDX-License-Identifier: Apache-2.0
// I6  Conversions before waiters, waiters in their order. What a history shows of a queue: somebody was
// told to wait before another's request was made. If the two exclude each other and the later one was
// granted first, it overtook. Requests with a flag that changes their place are left out, and so are
// conversions that overtake (their first attempt is in place).
#include "sim/checkers/checkers.hpp"

#include "model/name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::sim::checkers {
namespace {

using history::Request;

constexpr FlagSet out_of_order{Flag::noqueue, Flag::expedite, Flag::headque, Flag::noorder,
                               Flag::altpr,   Flag::altcw,    Flag::orphan,  Flag::convdeadlk};

bool is_plain(const Request& request) {
  return request.granted_in_time() && !request.cancelled && request.flags.within(FlagSet::from_bits(all_flag_bits & ~out_of_order.bits()));
}

void check_resource(const Model& model, const history::Resource& resource, Verdict& verdict) {
  std::vector<const Request*> waited, later;
  for (const Index id : resource.requests) {
    const Request& request = model.requests[id];
    if (!is_plain(request)) continue;
    if (request.queued != history::never) waited.push_back(&request);
    if (request.call == history::Call::lock) later.push_back(&request);
  }
  std::ranges::sort(waited, {}, &Request::queued);
  std::array<const Request*, mode_count> latest{};  // of each mode: who of those that waited was granted last
  std::size_t next = 0;
  for (const Request* request : later) {
    ++verdict.checked;
    for (; next < waited.size() && waited[next]->queued < request->invoked; ++next) {
      const Request*& one = latest[index_of(waited[next]->wanted)];
      if (one == nullptr || waited[next]->answer > one->answer) one = waited[next];
    }
    for (const Mode other : all_modes) {
      const Request* before = latest[index_of(other)];
      if (before == nullptr || compatible(other, request->wanted) || before->answer < request->answer) continue;
      verdict.found(fmt::format("{}: {} asked for {} when {} had been told to wait for {}, and was granted first",
                                escaped(model.text(resource.name)),
                                model.text(model.clients[request->client].name), name_of(request->wanted),
                                model.text(model.clients[before->client].name), name_of(before->wanted)),
                    {before->invoke, before->waiting, request->invoke, request->answer, before->answer});
    }
  }
}

}  // namespace

void queue_discipline(const Model& model, const Bounds&, Verdict& verdict) {
  for (const history::Resource& resource : model.resources) check_resource(model, resource, verdict);
}

}  // namespace holdfast::sim::checkers
