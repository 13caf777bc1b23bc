// SPDX-License-Identifier: Apache-2.0
// I9  Each blocked incompatible waiter causes at least one notice to each blocking holder that asked for
// notices, within a bound (looked at from the moment at which faults are over); none after the release.
// Notices that nobody's wait explains are counted as spurious.
#include "sim/checkers/checkers.hpp"

#include "model/name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace holdfast::sim::checkers {
namespace {

using history::Request;
using history::Resource;
using history::Span;

class Notices {
 public:
  Notices(const Model& model, const Bounds& bounds, const Resource& resource, Verdict& verdict)
      : model_(model), bounds_(bounds), resource_(resource), verdict_(verdict) {}

  void check() {
    for (const Index index : resource_.notices) told_[key_of(model_.event(index))].push_back(index);
    for (const Span& span : resource_.spans) {
      const history::Hold& hold = model_.holds[span.hold];
      // As in the Linux DLM, whoever converts hears nothing meanwhile, nor does whoever was granted past the
      // queue of those who waited before.
      const bool overtook = hold.flags.has(Flag::noorder) || hold.flags.has(Flag::expedite);
      if (span.converting || overtook) continue;
      if (hold.notices && span.end - span.begin > bounds_.notice) long_.push_back(&span);
    }
    for (const Index id : resource_.requests) check_wait(model_.requests[id]);
    check_released();
    count_spurious();
  }

 private:
  using LockKey = std::pair<history::TextId, std::uint64_t>;
  struct Hash {
    std::size_t operator()(const LockKey& key) const { return key.first * 0x9e3779b97f4a7c15ULL ^ key.second; }
  };
  static LockKey key_of(const history::Event& event) { return {event.client, event.lock}; }
  [[nodiscard]] LockKey key_of(const history::Hold& hold) const {
    return {model_.clients[hold.client].name, hold.lock};
  }

  void check_wait(const Request& request) {
    if (request.queued == history::never || model_.healed == history::never) return;
    const Time since = std::max(request.queued, model_.healed);
    const Time until = std::min({request.answered, model_.clients[request.client].ended, model_.finish});
    if (until <= since + bounds_.notice) return;
    for (const Span* span : long_) {
      if (span->hold == request.hold || compatible(span->mode, request.wanted)) continue;
      if (span->begin > since || span->end < since + bounds_.notice) continue;
      ++verdict_.checked;
      if (!was_told(model_.holds[span->hold], since + bounds_.notice)) complain(request, *span);
    }
  }
  [[nodiscard]] bool was_told(const history::Hold& hold, Time until) const {
    const auto told = told_.find(key_of(hold));
    return told != told_.end() && model_.event(told->second.front()).at <= until;
  }
  void complain(const Request& request, const Span& span) {
    const history::Hold& hold = model_.holds[span.hold];
    verdict_.found(fmt::format("{}: {} waited for {}, and {}, which holds {}, was not told within {:.1f} s",
                               escaped(model_.text(resource_.name)),
                               model_.text(model_.clients[request.client].name), name_of(request.wanted),
                               model_.text(model_.clients[hold.client].name), name_of(span.mode),
                               static_cast<double>(bounds_.notice) / 1e9),
                   {span.from, request.invoke, request.waiting});
  }

  void check_released() {
    for (const Index id : resource_.requests) {
      const Request& request = model_.requests[id];
      if (request.call != history::Call::release || request.outcome != history::Outcome::ok) continue;
      const auto told = told_.find(key_of(model_.event(request.invoke).lock, request.client));
      if (told == told_.end() || told->second.back() < request.answer) continue;
      verdict_.found(fmt::format("{}: {} was told of a waiter after it had released",
                                 escaped(model_.text(resource_.name)),
                                 model_.text(model_.clients[request.client].name)),
                     {request.invoke, request.answer, told->second.back()});
    }
  }
  [[nodiscard]] LockKey key_of(std::uint64_t lock, Index client) const {
    return {model_.clients[client].name, lock};
  }

  // A notice is explained by another's conflicting request that was open after the lock was granted.
  void count_spurious() {
    std::unordered_map<LockKey, const history::Hold*, Hash> holds;
    for (const Span& span : resource_.spans)
      holds[key_of(model_.holds[span.hold])] = &model_.holds[span.hold];
    std::array<Time, mode_count> open_until{};
    std::size_t next = 0;
    for (const Index index : resource_.notices) {
      const history::Event& notice = model_.event(index);
      ++verdict_.checked;
      for (; next < resource_.requests.size(); ++next) {
        const Request& request = model_.requests[resource_.requests[next]];
        if (request.invoked > notice.at) break;
        if (request.call == history::Call::release) continue;
        Time& until = open_until[index_of(request.wanted)];
        until = std::max(until, request.answered);
      }
      const auto hold = holds.find(key_of(notice));
      if (hold == holds.end()) continue;
      const Time granted = model_.requests[hold->second->request].answered;
      const bool explained = std::ranges::any_of(all_modes, [&](Mode mode) {
        return !compatible(mode, hold->second->mode) && open_until[index_of(mode)] > granted;
      });
      if (!explained) ++verdict_.spurious;
    }
  }

  const Model& model_;
  const Bounds& bounds_;
  const Resource& resource_;
  Verdict& verdict_;
  std::unordered_map<LockKey, std::vector<Index>, Hash> told_;
  std::vector<const Span*> long_;
};

}  // namespace

void notices(const Model& model, const Bounds& bounds, Verdict& verdict) {
  for (const Resource& resource : model.resources) Notices(model, bounds, resource, verdict).check();
}

}  // namespace holdfast::sim::checkers
