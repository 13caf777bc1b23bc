// SPDX-License-Identifier: Apache-2.0
// I3  Tokens rise with the order of grants. Grants that exclude each other and were both believed in
// came one after the other, so the order in which their owners heard of them is the order of the grants. A
// conversion that does not ask for more keeps its token, one that does never does.
#include "sim/checkers/overlap.hpp"

#include "model/name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace holdfast::sim::checkers {
namespace {

using history::Request;
using history::Resource;

class TokenOrder {
 public:
  TokenOrder(const Model& model, const Resource& resource, Verdict& verdict)
      : model_(model), resource_(resource), verdict_(verdict) {}

  void check() {
    std::vector<const Request*> grants;
    for (const Index id : resource_.requests)
      if (model_.requests[id].granted_in_time()) grants.push_back(&model_.requests[id]);
    std::erase_if(grants, [](const Request* grant) { return grant->call == history::Call::release; });
    std::ranges::sort(grants, {}, &Request::answer);
    for (const Request* grant : grants) take(*grant);
  }

 private:
  struct Latest {
    Token token;
    Index event = history::none;
  };

  void take(const Request& grant) {
    const Token token = model_.event(grant.answer).token;
    ++verdict_.checked;
    Latest& own = of_hold_[grant.hold];
    if (own.token == token && own.event != history::none) {
      if (!excludes_at_least(grant.from, grant.granted))
        complain(grant, own, "has the token of what its own lock had before it asked for more");
      return;
    }
    if (own.token > token) complain(grant, own, "has a smaller token than its own lock had before");
    own = {token, grant.answer};
    for (const Mode other : all_modes)
      if (const Latest& before = largest_[index_of(other)];
          !compatible(other, grant.granted) && before.event != history::none && before.token >= token)
        complain(grant, before, fmt::format("has no larger token than {} had before it", name_of(other)));
    Latest& mine = largest_[index_of(grant.granted)];
    if (mine.event == history::none || token > mine.token) mine = {token, grant.answer};
  }
  void complain(const Request& grant, const Latest& before, const std::string& what) {
    verdict_.found(fmt::format("{}: {} of {} with token {} {} ({})", escaped(model_.text(resource_.name)),
                               name_of(grant.granted), model_.text(model_.clients[grant.client].name),
                               text_of(model_.event(grant.answer).token), what, text_of(before.token)),
                   {before.event, grant.answer});
  }

  const Model& model_;
  const Resource& resource_;
  Verdict& verdict_;
  std::array<Latest, mode_count> largest_{};
  std::unordered_map<Index, Latest> of_hold_;
};

}  // namespace

void token_order(const Model& model, const Bounds&, Verdict& verdict) {
  for (const Resource& resource : model.resources) TokenOrder(model, resource, verdict).check();
}

}  // namespace holdfast::sim::checkers
