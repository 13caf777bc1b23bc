// SPDX-License-Identifier: Apache-2.0
// I8  A reader sees the value of the latest earlier write, in the order of grants; sequences only rise.
// Writers exclude each other, so the order of their tokens is the order of their writes. Every write of a
// history has a text of its own, which is how a reader's value is known. A value that nobody vouches for
// (doubtful, never written) is no claim, and nothing is checked of it; but a value that is called valid
// after its last writer died in the middle of something is one.
#include "sim/checkers/overlap.hpp"

#include "model/name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

namespace holdfast::sim::checkers {
namespace {

using history::Outcome;
using history::Request;
using history::Resource;

struct Write {
  Token token;
  Mode held = Mode::NL;
  history::TextId text = 0;
  Time invoked = 0;
  Time complete = history::never;  // everybody who asks later must see it
  Index event = history::none;
  bool counts = true;  // made under a lock that was ours, and not refused
};

class Values {
 public:
  Values(const Model& model, const Resource& resource, Verdict& verdict)
      : model_(model), resource_(resource), verdict_(verdict) {}

  void check() {
    collect_writes();
    collect_unclean();
    std::vector<const Request*> reads;
    for (const Index id : resource_.requests) {
      const Request& request = model_.requests[id];
      if (request.granted_in_time() && model_.event(request.answer).reads) reads.push_back(&request);
    }
    std::ranges::sort(reads, {}, &Request::invoke);
    for (const Request* read : reads) check_read(*read);
    std::ranges::sort(reads, {}, &Request::answer);
    for (const Request* read : reads) check_sequence(*read);
  }

 private:
  // The token under which the lock of this call was held when it was made, and its mode.
  struct Under {
    Token token;
    Mode mode = Mode::NL;
    bool believed = false;
  };
  void collect_writes() {
    std::unordered_map<Index, Under> under;  // by hold
    std::vector<std::pair<Index, Index>> steps;  // event, request
    for (const Index id : resource_.requests) {
      const Request& request = model_.requests[id];
      steps.emplace_back(request.invoke, id);
      if (request.answer != history::none) steps.emplace_back(request.answer, id);
    }
    std::ranges::sort(steps);
    for (const auto& [event, id] : steps) {
      const Request& request = model_.requests[id];
      if (request.hold == history::none) continue;
      if (event == request.answer && request.outcome == Outcome::ok && request.call != history::Call::release)
        under[request.hold] = {model_.event(event).token, request.granted, request.believed};
      if (event == request.invoke && model_.event(event).writes) add_write(request, under[request.hold]);
    }
    std::ranges::stable_sort(writes_, {}, &Write::token);
    for (const Write& write : writes_) place_of_text_.try_emplace(write.text, &write - writes_.data());
    for (std::size_t i = 0; i < writes_.size(); ++i)
      if (writes_[i].counts && writes_[i].complete != history::never) by_complete_.push_back(i);
    std::ranges::sort(by_complete_, {}, [this](std::size_t place) { return writes_[place].complete; });
  }
  void add_write(const Request& request, const Under& under) {
    const bool in_time = under.believed && request.invoked < model_.clients[request.client].deadline;
    writes_.push_back({.token = under.token,
                       .held = under.mode,
                       .text = model_.event(request.invoke).value,
                       .invoked = request.invoked,
                       .complete = complete_at(request),
                       .event = request.invoke,
                       .counts = in_time && request.outcome != Outcome::fail});
  }
  // An answer to a conversion downwards may come before the master knows.
  [[nodiscard]] static Time complete_at(const Request& request) {
    return request.outcome == Outcome::ok && request.call == history::Call::release ? request.answered : history::never;
  }

  // Writers that were ended while they held: {token, mode}; the value is doubtful until the next write.
  void collect_unclean() {
    for (const history::Span& span : resource_.spans) {
      const history::Hold& hold = model_.holds[span.hold];
      const history::Client& client = model_.clients[hold.client];
      if (span.ended != history::Ended::session || !writes_value(span.mode) || span.converting) continue;
      if (model_.text(client.why) != "killed" || hold.flags.has(Flag::persistent)) continue;
      unclean_.push_back(&span);
    }
  }

  void check_read(const Request& read) {
    const history::Event& event = model_.event(read.answer);
    ++verdict_.checked;
    if (event.value_state != ValueState::valid) return;
    const auto seen = place_of_text_.find(event.value);
    if (seen == place_of_text_.end()) return complain(read, "which nobody wrote there", {});
    const auto place = static_cast<std::size_t>(seen->second);
    if (const std::optional<std::size_t> floor = floor_of(read); floor && *floor > place)
      return complain_of_later(read, writes_[*floor]);
    const bool is_new = read.call == history::Call::lock;
    for (std::size_t i = place + 1; is_new && i < writes_.size() && writes_[i].token < event.token; ++i)
      if (writes_[i].counts && !compatible(writes_[i].held, read.granted))
        return complain_of_later(read, writes_[i]);
    check_unclean(read, writes_[place]);
  }
  // The latest write that was complete when the read was asked for. Reads come by the time of their call.
  [[nodiscard]] std::optional<std::size_t> floor_of(const Request& read) {
    for (; next_complete_ < by_complete_.size(); ++next_complete_) {
      const std::size_t place = by_complete_[next_complete_];
      if (writes_[place].complete >= read.invoked) break;
      floor_ = std::max(floor_.value_or(0), place);
    }
    return floor_;
  }
  void complain_of_later(const Request& read, const Write& later) {
    complain(read,
             fmt::format("but '{}' (token {}) was written after it and before the read",
                         escaped(model_.text(later.text)), text_of(later.token)),
             later.event);
  }
  // Between the write that was read and the read itself a writer died.
  void check_unclean(const Request& read, const Write& seen) {
    for (const history::Span* span : unclean_) {
      const Token token = model_.event(span->from).token;
      if (!token || token <= seen.token || token >= model_.event(read.answer).token) continue;
      if (compatible(span->mode, read.granted) || read.invoked < span->end) continue;
      complain(read, fmt::format("called valid although a holder of {} (token {}) was killed after it was written",
                                 name_of(span->mode), text_of(token)),
               span->to);
    }
  }
  // One value has one number, and as long as one lock is held numbers do not fall.
  void check_sequence(const Request& read) {
    const history::Event& event = model_.event(read.answer);
    if (event.value_state != ValueState::valid) return;
    const auto [numbered, fresh] = number_of_text_.try_emplace(event.value, read.answer);
    if (!fresh && model_.event(numbered->second).number != event.number)
      complain(read, "which had another number when it was read before", numbered->second);
    const auto [before, first] = latest_of_hold_.try_emplace(read.hold, read.answer);
    if (!first && model_.event(before->second).number > event.number)
      complain(read, "which is older than what its own lock had read before", before->second);
    before->second = read.answer;
  }

  void complain(const Request& read, const std::string& what, std::optional<Index> other) {
    const history::Event& event = model_.event(read.answer);
    std::vector<Index> events;
    if (other) events.push_back(*other);
    events.push_back(read.invoke);
    events.push_back(read.answer);
    verdict_.found(fmt::format("{}: {} of {} (token {}) read '{}', {}", escaped(model_.text(resource_.name)),
                               name_of(read.granted), model_.text(model_.clients[read.client].name),
                               text_of(event.token), escaped(model_.text(event.value)), what),
                   std::move(events));
  }

  const Model& model_;
  const Resource& resource_;
  Verdict& verdict_;
  std::vector<Write> writes_;  // in the order of their tokens
  std::unordered_map<history::TextId, std::ptrdiff_t> place_of_text_;
  std::vector<std::size_t> by_complete_;  // places of writes
  std::size_t next_complete_ = 0;
  std::optional<std::size_t> floor_;
  std::vector<const history::Span*> unclean_;
  std::unordered_map<history::TextId, Index> number_of_text_;
  std::unordered_map<Index, Index> latest_of_hold_;
};

}  // namespace

void value_freshness(const Model& model, const Bounds&, Verdict& verdict) {
  for (const Resource& resource : model.resources) Values(model, resource, verdict).check();
}

}  // namespace holdfast::sim::checkers
