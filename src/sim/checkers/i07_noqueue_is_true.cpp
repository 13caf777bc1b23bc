// SPDX-License-Identifier: Apache-2.0
// I7  EAGAIN only if a conflicting grant or a queue existed during the call. A release that nobody
// answered, and a conversion downwards, may count as held until something shows that its master has applied it.
// A request that was never answered may have been granted: whoever died before hearing of it held it all the same.
#include "sim/checkers/checkers.hpp"

#include "model/name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::sim::checkers {
namespace {

using history::Request;
using history::Resource;

// Of those that began, the two that lasted longest, of different locks: one of them is not one's own.
class LongestTwo {
 public:
  void add(Time end, Index owner) {
    if (owner == owners_[0]) {
      ends_[0] = std::max(ends_[0], end);
    } else if (end > ends_[0]) {
      ends_[1] = ends_[0];
      owners_[1] = owners_[0];
      ends_[0] = end;
      owners_[0] = owner;
    } else if (end > ends_[1]) {
      ends_[1] = end;
      owners_[1] = owner;
    }
  }
  [[nodiscard]] bool another_until(Time then, Index self) const { return ends_[owners_[0] == self ? 1 : 0] > then; }

 private:
  std::array<Time, 2> ends_{};
  std::array<Index, 2> owners_{history::none, history::none};
};

struct Window {
  Time begin = 0;
  Time end = 0;
  Index owner = 0;  // a request that made a lock: the same for all that was done with it
  int mode = -1;    // none: a place in the queue
};

class Refusals {
 public:
  Refusals(const Model& model, const Bounds& bounds, const Resource& resource, Verdict& verdict)
      : model_(model), bounds_(bounds), resource_(resource), verdict_(verdict) {}

  void check() {
    std::vector<Index> refused;
    for (const Index id : resource_.requests)
      if (is_refusal(model_.requests[id])) refused.push_back(id);
    if (refused.empty()) return;
    const std::vector<Window> windows = all_windows();
    std::ranges::sort(refused, {}, [&](Index id) { return model_.requests[id].answered; });
    std::array<LongestTwo, mode_count> held;
    LongestTwo queued;
    std::size_t next = 0;
    for (const Index id : refused) {
      const Request& request = model_.requests[id];
      for (; next < windows.size() && windows[next].begin <= request.answered; ++next) {
        const Window& window = windows[next];
        (window.mode < 0 ? queued : held[static_cast<std::size_t>(window.mode)]).add(window.end, window.owner);
      }
      bool true_refusal = queued.another_until(request.invoked, id);
      for (const Mode other : all_modes)
        if (!compatible(other, request.wanted))
          true_refusal = true_refusal || held[index_of(other)].another_until(request.invoked, owner_of(id));
      ++verdict_.checked;
      if (!true_refusal)
        verdict_.found(fmt::format("{}: {} was refused {} although nobody held what conflicts and nobody waited",
                                   escaped(model_.text(resource_.name)),
                                   model_.text(model_.clients[request.client].name), name_of(request.wanted)),
                       {request.invoke, request.answer});
    }
  }

 private:
  [[nodiscard]] bool is_refusal(const Request& request) const {
    return request.outcome == history::Outcome::fail && request.flags.has(Flag::noqueue) &&
           !request.flags.has(Flag::altpr) && !request.flags.has(Flag::altcw) &&
           model_.text(model_.event(request.answer).why) == "blocked";
  }
  [[nodiscard]] Index owner_of(Index id) const {
    const Request& request = model_.requests[id];
    return request.hold == history::none ? id : model_.holds[request.hold].request;
  }
  [[nodiscard]] std::vector<Window> all_windows() const {
    std::vector<Window> windows;
    for (const history::Possible& possible : resource_.possible)
      windows.push_back({possible.begin, possible.end, owner_of(possible.request),
                         static_cast<int>(index_of(possible.mode))});
    for (const Index id : resource_.requests) {
      const Request& request = model_.requests[id];
      const bool waits = request.call == history::Call::lock || request.call == history::Call::convert;
      if (waits && !request.flags.has(Flag::noqueue))
        windows.push_back({request.invoked, end_of_wait(request), id, -1});
    }
    std::ranges::stable_sort(windows, {}, &Window::begin);
    return windows;
  }
  [[nodiscard]] Time end_of_wait(const Request& request) const {
    const Time ended = model_.clients[request.client].ended;
    const bool told = request.outcome == history::Outcome::ok || request.outcome == history::Outcome::fail;
    if (told) return request.answered;
    return ended == history::never ? history::never : ended + bounds_.forget;
  }

  const Model& model_;
  const Bounds& bounds_;
  const Resource& resource_;
  Verdict& verdict_;
};

}  // namespace

void noqueue_is_true(const Model& model, const Bounds& bounds, Verdict& verdict) {
  for (const Resource& resource : model.resources) Refusals(model, bounds, resource, verdict).check();
}

}  // namespace holdfast::sim::checkers
