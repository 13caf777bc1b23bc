// SPDX-License-Identifier: Apache-2.0
// I5  A waiter never stays beyond a bound while the resource is free for it; looked at from the moment at
// which faults are over. A resource is free while nobody holds what conflicts with anybody who waits:
// then somebody has to be granted, and the clock of all who wait runs.
#include "sim/checkers/checkers.hpp"

#include "model/name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::sim::checkers {
namespace {

using history::Request;
using history::Resource;

class FreeTime {
 public:
  FreeTime(const Model& model, const Bounds& bounds, const Resource& resource, Verdict& verdict)
      : model_(model), bounds_(bounds), resource_(resource), verdict_(verdict) {}

  void check() {
    for (const Index id : resource_.requests) add_waiter(id);
    if (waits_ == 0) return;
    for (const history::Possible& possible : resource_.possible) add_holder(possible);
    std::ranges::stable_sort(changes_, {}, [](const Change& change) { return std::pair{change.at, change.by}; });
    for (std::size_t i = 0; i < changes_.size();) {
      // All of one moment, ends of waits first: they were free until here.
      std::size_t end = i;
      while (end < changes_.size() && changes_[end].at == changes_[i].at) ++end;
      for (std::size_t at = i; at < end; ++at)
        if (changes_[at].request != history::none && changes_[at].by < 0) judge(changes_[at]);
      for (; i < end; ++i) apply(changes_[i]);
      const bool now_free = waiting_ > 0 && !blocked();
      if (!now_free) free_since_ = history::never;
      if (now_free && free_since_ == history::never) free_since_ = changes_[end - 1].at;
    }
  }

 private:
  struct Change {
    Time at = 0;
    int by = 1;                     // comes or goes
    Index request = history::none;  // who waits; none: a holder
    Mode mode = Mode::NL;
  };
  static constexpr std::size_t new_lock = mode_count;  // in place of the mode that a converter holds

  void add_waiter(Index id) {
    const Request& request = model_.requests[id];
    const bool waits = request.call == history::Call::lock || request.call == history::Call::convert;
    if (!waits || request.flags.has(Flag::noqueue) || model_.healed == history::never) return;
    const history::Client& client = model_.clients[request.client];
    const Time from = std::max(request.invoked, model_.healed);
    Time until = std::min(request.answered, client.ended);
    if (until == history::never) until = model_.finish;
    if (until < from) return;
    ++waits_;
    changes_.push_back({from, 1, id, request.wanted});
    changes_.push_back({until, -1, id, request.wanted});
  }
  void add_holder(const history::Possible& possible) {
    const Request& request = model_.requests[possible.request];
    // Not before it was told: until then it was waiting like others.
    if (request.outcome != history::Outcome::ok) return;
    const Time until = std::min(possible.told, possible.end);
    if (until <= request.answered || until < model_.healed) return;
    changes_.push_back({request.answered, 1, history::none, possible.mode});
    if (until != history::never) changes_.push_back({until, -1, history::none, possible.mode});
  }

  void judge(const Change& change) {
    ++verdict_.checked;
    if (free_since_ == history::never) return;
    const Request& request = model_.requests[change.request];
    const Time since = std::max({free_since_, request.invoked, model_.healed});
    if (change.at - since <= bounds_.wait) return;
    std::vector<Index> events{request.invoke};
    if (request.answer != history::none) events.push_back(request.answer);
    verdict_.found(fmt::format("{}: {} waited {:.1f} s for {} while nobody was in anybody's way",
                               escaped(model_.text(resource_.name)),
                               model_.text(model_.clients[request.client].name),
                               static_cast<double>(change.at - since) / 1e9, name_of(request.wanted)),
                   std::move(events));
  }
  void apply(const Change& change) {
    if (change.request == history::none) {
      held_[index_of(change.mode)] += change.by;
      return;
    }
    const Request& request = model_.requests[change.request];
    const bool converts = request.call == history::Call::convert;
    wanted_[converts ? index_of(request.from) : new_lock][index_of(change.mode)] += change.by;
    waiting_ += change.by;
  }
  // Is anybody who waits in conflict with what another holds?
  [[nodiscard]] bool blocked() const {
    for (std::size_t own = 0; own <= mode_count; ++own)
      for (const Mode wanted : all_modes) {
        if (wanted_[own][index_of(wanted)] == 0) continue;
        for (const Mode other : all_modes) {
          const int of_others = held_[index_of(other)] - (index_of(other) == own ? 1 : 0);
          if (of_others > 0 && !compatible(other, wanted)) return true;
        }
      }
    return false;
  }

  const Model& model_;
  const Bounds& bounds_;
  const Resource& resource_;
  Verdict& verdict_;
  std::vector<Change> changes_;
  std::array<int, mode_count> held_{};
  std::array<std::array<int, mode_count>, mode_count + 1> wanted_{};
  int waiting_ = 0;
  std::uint64_t waits_ = 0;
  Time free_since_ = history::never;
};

}  // namespace

void no_lost_grant(const Model& model, const Bounds& bounds, Verdict& verdict) {
  for (const Resource& resource : model.resources) FreeTime(model, bounds, resource, verdict).check();
}

}  // namespace holdfast::sim::checkers
