// SPDX-License-Identifier: Apache-2.0
// One pass for the deadlines, one over all events, then what only the end can tell: where spans are cut
// by a deadline, and when a lock that nobody saw go must have gone.
#include "sim/history/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace holdfast::sim::history {
namespace {

class Builder {
 public:
  explicit Builder(const History& history) { model_.history = &history; }

  Result<Model> build() {
    for (Index i = 0; i < events().size(); ++i)
      if (const auto done = meet(i); !done) return done.error();
    for (Index i = 0; i < events().size(); ++i) take(i);
    finish();
    return std::move(model_);
  }

 private:
  using Key = std::pair<Index, std::uint64_t>;  // client, and its number for an operation or a lock

  [[nodiscard]] const std::vector<Event>& events() const { return model_.history->events; }

  // ---- first pass: sessions and their deadlines ----
  Result<void> meet(Index index) {
    const Event& event = events()[index];
    model_.finish = std::max(model_.finish, event.at);
    if (event.kind == Kind::fault) model_.faults = true;
    if (event.kind == Kind::healed) model_.healed = event.at;
    if (event.kind == Kind::session) open_session(index);
    if (event.client == 0 || event.kind == Kind::accepted || event.kind == Kind::refused) return {};
    const auto found = client_of_.find(event.client);
    if (found == client_of_.end())
      return Error{Errc::bad_message,
                   fmt::format("{}:{}: \"{}\" has not said in a line of \"session\" that it is there",
                               model_.history->files[event.file], event.line, model_.text(event.client))};
    look_at_deadline(model_.clients[found->second], event);
    return {};
  }
  void open_session(Index index) {
    const Event& event = events()[index];
    const auto [found, fresh] =
        client_of_.try_emplace(event.client, static_cast<Index>(model_.clients.size()));
    if (!fresh) return model_.strays.push_back({index, "a second session of this name"});
    model_.clients.push_back({.name = event.client,
                              .node = event.node,
                              .incarnation = event.incarnation,
                              .epoch = event.epoch,
                              .opened = event.at,
                              .session = index});
  }
  // The deadline only moves ahead, and once it has passed it is over. So a later one also vouches for the
  // time before; an earlier one says that it was cut short by then.
  static void look_at_deadline(Client& client, const Event& event) {
    if (event.valid_until == never) return;
    if (client.deadline == never || event.valid_until >= client.deadline)
      client.deadline = event.valid_until;
    else
      client.deadline = std::min(client.deadline, std::max(event.at, event.valid_until));
  }

  // ---- second pass ----
  void take(Index index) {
    const Event& event = events()[index];
    switch (event.kind) {
      case Kind::invoke:
        return on_invoke(index);
      case Kind::ok:
      case Kind::fail:
      case Kind::unknown:
        return on_answer(index);
      case Kind::cancel:
        if (const auto found = open_.find({client(event), event.op}); found != open_.end())
          model_.requests[found->second].cancelled = true;
        return;
      case Kind::waiting:
        return on_waiting(index);
      case Kind::notice:
        if (const Index hold = hold_of(event); hold != none) {
          model_.resources[model_.holds[hold].resource].notices.push_back(index);
          return;
        }
        return;
      case Kind::lost:
        return on_lost(index);
      case Kind::end:
        return on_end(index);
      case Kind::accepted:
      case Kind::refused:
        model_.resources[resource(event.name)].storage.push_back(index);
        return;
      case Kind::session:
      case Kind::lease:
      case Kind::fault:
      case Kind::healed:
        return;
    }
  }

  Index resource(TextId name) {
    const auto [found, fresh] = resource_of_.try_emplace(name, static_cast<Index>(model_.resources.size()));
    if (fresh) model_.resources.push_back({.name = name});
    return found->second;
  }
  [[nodiscard]] Index client(const Event& event) const { return client_of_.at(event.client); }
  [[nodiscard]] Index hold_of(const Event& event) const {
    const auto found = hold_of_.find({client(event), event.lock});
    return found == hold_of_.end() ? none : found->second;
  }

  void on_invoke(Index index) {
    const Event& event = events()[index];
    const auto id = static_cast<Index>(model_.requests.size());
    if (!open_.try_emplace({client(event), event.op}, id).second)
      return model_.strays.push_back({index, "a second call of this number"});
    Request request{.call = event.call,
                    .from = event.from,
                    .wanted = event.mode,
                    .flags = event.flags,
                    .client = client(event),
                    .invoke = index,
                    .invoked = event.at};
    if (event.call == Call::convert || event.call == Call::release) {
      request.hold = hold_of(event);
      if (request.hold != none) request.resource = model_.holds[request.hold].resource;
    } else {
      request.resource = resource(event.name);
    }
    model_.requests.push_back(request);
    if (request.resource != none) model_.resources[request.resource].requests.push_back(id);
    if (event.call == Call::convert && request.hold != none) begin_conversion(id);
    if (event.call == Call::release) begin_release(id);
    if (event.call == Call::purge) end_orphans(model_.requests[id]);
  }

  // What is sure while the conversion is under way.
  [[nodiscard]] Mode sure_mode(const Request& request) const {
    if (request.flags.has(Flag::convdeadlk) || model_.holds[request.hold].demoted) return Mode::NL;
    if (is_middle_conversion(request.from, request.wanted)) return Mode::CR;
    return is_down_conversion(request.from, request.wanted) ? request.wanted : request.from;
  }
  void begin_conversion(Index id) {
    const Request& request = model_.requests[id];
    Hold& hold = model_.holds[request.hold];
    hold.flags = request.flags;
    add_possible(id, request.hold, request.wanted);
    if (!current_.contains(request.hold)) return;
    end_span(request.hold, request.invoked, Ended::changed, request.invoke);
    begin_span(request.hold, sure_mode(request), request.invoke);
    current_[request.hold].converting = !is_down_conversion(request.from, request.wanted);
  }
  void begin_release(Index id) {
    const Request& request = model_.requests[id];
    ending_[{request.client, events()[request.invoke].lock}] = true;
    if (request.hold == none) return;
    end_span(request.hold, request.invoked, Ended::released, request.invoke);
    tell(request.hold, request.invoked);
  }

  void on_answer(Index index) {
    const Event& event = events()[index];
    const auto found = open_.find({client(event), event.op});
    if (found == open_.end()) return model_.strays.push_back({index, "an answer to no call"});
    Request& request = model_.requests[found->second];
    if (request.outcome != Outcome::open) return model_.strays.push_back({index, "a second answer"});
    request.answer = index;
    request.answered = event.at;
    if (event.kind == Kind::ok) {
      request.outcome = Outcome::ok;
      on_ok(found->second, event);
    } else if (event.kind == Kind::fail) {
      request.outcome = Outcome::fail;
      on_fail(found->second, event);
    } else {
      request.outcome = Outcome::unknown;
      on_unknown(found->second);
    }
  }

  void on_ok(Index id, const Event& event) {
    Request& request = model_.requests[id];
    switch (request.call) {
      case Call::lock:
      case Call::adopt:
        return granted(id, event);
      case Call::convert:
        return converted(id, event);
      case Call::release:
        if (request.hold != none) settle(request.hold, event.at, none);
        return;
      case Call::purge:
      case Call::none:
        return;
    }
  }
  void granted(Index id, const Event& event) {
    Request& request = model_.requests[id];
    if (event.lock == 0 || !event.token)
      return model_.strays.push_back({request.answer, "a grant without lock, mode and token"});
    if (request.call == Call::adopt) end_orphans(request);
    request.granted = event.mode;
    request.hold = static_cast<Index>(model_.holds.size());
    const Key key{request.client, event.lock};
    if (hold_of_.contains(key) && !ending_.contains(key))
      model_.strays.push_back({request.answer, "a lock id that is in use"});
    model_.holds.push_back({.client = request.client,
                            .resource = request.resource,
                            .request = id,
                            .lock = event.lock,
                            .mode = event.mode,
                            .token = event.token,
                            .flags = request.flags,
                            .notices = events()[request.invoke].notices});
    hold_of_[key] = request.hold;
    add_possible(id, request.hold, event.mode);
    if (ending_.contains(key) || model_.clients[request.client].ended != never) return;
    request.believed = true;
    granted_by_[request.answer] = id;
    begin_span(request.hold, event.mode, request.answer);
  }
  // Somebody took one over, or ended all of them: what became of each is not told.
  void end_orphans(const Request& request) {
    std::vector<Index> gone;
    for (const auto& [hold, span] : current_) {
      const Hold& orphan = model_.holds[hold];
      const bool is_orphan = model_.clients[orphan.client].ended <= request.invoked;
      if (is_orphan && (request.call == Call::purge || orphan.resource == request.resource))
        gone.push_back(hold);
    }
    for (const Index hold : gone) {
      end_span(hold, request.invoked, Ended::changed, request.invoke);
      tell(hold, request.invoked);
    }
  }
  void converted(Index id, const Event& event) {
    Request& request = model_.requests[id];
    request.granted = event.mode;
    if (request.hold == none) return model_.strays.push_back({request.answer, "a conversion of no lock"});
    if (!event.token) return model_.strays.push_back({request.answer, "a grant without mode and token"});
    Hold& hold = model_.holds[request.hold];
    // A master applies what one lock asks in its order: what asked for more came behind all before.
    const bool asked_for_more = !is_down_conversion(request.from, request.wanted);
    if (asked_for_more) settle(request.hold, event.at, id);
    tell(request.hold, event.at, id);
    hold.mode = event.mode;
    hold.token = event.token;
    hold.demoted = false;
    request.believed = current_.contains(request.hold);
    if (!request.believed) return;
    granted_by_[request.answer] = id;
    end_span(request.hold, event.at, Ended::changed, request.answer);
    begin_span(request.hold, event.mode, request.answer);
  }

  void on_fail(Index id, const Event& event) {
    Request& request = model_.requests[id];
    if (request.call == Call::release) {
      ending_.erase({request.client, events()[request.invoke].lock});
      return;
    }
    if (request.call != Call::convert || request.hold == none) return;
    forget_possible(id, event.at);
    Hold& hold = model_.holds[request.hold];
    hold.demoted = hold.demoted || request.flags.has(Flag::convdeadlk);
    if (!current_.contains(request.hold)) return;
    const bool keeps = !hold.demoted && !is_down_conversion(request.from, request.wanted);
    const Mode sure = keeps ? request.from : sure_mode(request);
    end_span(request.hold, event.at, Ended::changed, request.answer);
    begin_span(request.hold, sure, request.answer);
  }
  // Nobody was told what came of it: it may have been granted, also in the mode that it asked for instead.
  void on_unknown(Index id) {
    const Request& request = model_.requests[id];
    if (request.resource == none || (request.call != Call::lock && request.call != Call::adopt)) return;
    add_possible(id, none, request.wanted);
    if (request.flags.has(Flag::altpr)) add_possible(id, none, Mode::PR);
    if (request.flags.has(Flag::altcw)) add_possible(id, none, Mode::CW);
  }
  void on_waiting(Index index) {
    const Event& event = events()[index];
    const auto found = open_.find({client(event), event.op});
    if (found == open_.end()) return model_.strays.push_back({index, "told to wait without a call"});
    Request& request = model_.requests[found->second];
    if (request.waiting != none) return;
    request.waiting = index;
    request.queued = event.at;
  }
  void on_lost(Index index) {
    const Event& event = events()[index];
    const Index hold = hold_of(event);
    if (hold == none) return;
    model_.losses.push_back(index);
    end_span(hold, event.at, Ended::lost, index);
    tell(hold, event.at);
  }
  void on_end(Index index) {
    const Event& event = events()[index];
    Client& gone = model_.clients[client(event)];
    if (gone.ended != never) return;
    gone.ended = event.at;
    gone.end = index;
    gone.why = event.why;
    const bool believes_on = model_.text(event.why) == "disconnected";
    for (auto at = hold_of_.lower_bound({client(event), 0}); at != hold_of_.end() && at->first.first == client(event); ++at) {
      // A persistent lock goes on without its owner.
      if (model_.holds[at->second].flags.has(Flag::persistent)) continue;
      if (!believes_on) end_span(at->second, event.at, Ended::session, index);
      tell(at->second, event.at);
    }
  }

  // ---- spans ----
  void begin_span(Index hold, Mode mode, Index event) {
    current_[hold] = {.begin = events()[event].at, .mode = mode, .hold = hold, .from = event};
  }
  void end_span(Index hold, Time at, Ended how, Index event) {
    auto span = current_.extract(hold);
    if (span.empty()) return;
    span.mapped().end = at;
    span.mapped().ended = how;
    span.mapped().to = event;
    keep(span.mapped());
  }
  void keep(Span span) {
    const Time deadline = model_.clients[model_.holds[span.hold].client].deadline;
    if (span.end > deadline) {
      span.end = deadline;
      span.ended = Ended::lease;
    }
    Hold& hold = model_.holds[span.hold];
    if (span.begin < span.end) {
      model_.resources[hold.resource].spans.push_back(span);
      return;
    }
    // Told too late: nobody believed in it. (A span may also begin with a call, or with a refusal.)
    if (const auto made = granted_by_.find(span.from); made != granted_by_.end())
      model_.requests[made->second].believed = false;
  }

  // ---- what may stand at the master ----
  void add_possible(Index request, Index hold, Mode mode) {
    auto& possible = model_.resources[model_.requests[request].resource].possible;
    if (hold != none) possible_of_[hold].push_back(static_cast<Index>(possible.size()));
    possible.push_back(
        {.begin = model_.requests[request].invoked, .mode = mode, .request = request, .hold = hold});
  }
  // All of a lock but what `kept` brought is surely gone.
  void settle(Index hold, Time at, Index kept) {
    for (const Index one : possible_of_[hold]) {
      Possible& possible = model_.resources[model_.holds[hold].resource].possible[one];
      if (possible.request == kept) continue;
      possible.end = std::min(possible.end, at);
      possible.told = std::min(possible.told, at);
    }
  }
  // What was asked has not happened.
  void forget_possible(Index request, Time at) {
    const Index hold = model_.requests[request].hold;
    for (const Index one : possible_of_[hold]) {
      Possible& possible = model_.resources[model_.holds[hold].resource].possible[one];
      if (possible.request == request) possible.end = possible.told = at;
    }
  }
  // From now on nothing is known of it, but of what `kept` brought.
  void tell(Index hold, Time at, Index kept = none) {
    for (const Index one : possible_of_[hold]) {
      Possible& possible = model_.resources[model_.holds[hold].resource].possible[one];
      if (possible.request != kept) possible.told = std::min(possible.told, at);
    }
  }

  // ---- the end ----
  void finish() {
    while (!current_.empty()) end_span(current_.begin()->first, never, Ended::open, none);
    // An answer that was on its way when its program died counts as none.
    for (Index id = 0; id < model_.requests.size(); ++id)
      if (model_.requests[id].outcome == Outcome::open) on_unknown(id);
    for (Resource& one : model_.resources) {
      std::ranges::stable_sort(one.spans, {}, &Span::begin);
      end_of_what_is_possible(one);
    }
    if (!model_.faults) model_.healed = events().empty() ? 0 : events().front().at;
  }
  // Whoever was granted what excludes it shows that it had gone by then.
  void end_of_what_is_possible(Resource& one) {
    std::array<std::vector<std::pair<Time, Index>>, mode_count> begins;
    for (const Span& span : one.spans) begins[index_of(span.mode)].emplace_back(span.begin, span.hold);
    for (auto& list : begins) std::ranges::sort(list);
    for (Possible& possible : one.possible) {
      const Index client = model_.requests[possible.request].client;
      if (possible.hold == none) possible.told = std::min(possible.told, model_.clients[client].ended);
      if (possible.end != never || possible.told == never) continue;
      for (const Mode other : all_modes) {
        if (compatible(other, possible.mode)) continue;
        const auto& list = begins[index_of(other)];
        auto next = std::ranges::lower_bound(list, std::pair{possible.told, Index{0}});
        while (next != list.end() && next->second == possible.hold) ++next;
        if (next != list.end()) possible.end = std::min(possible.end, next->first);
      }
    }
  }

  Model model_;
  std::unordered_map<TextId, Index> client_of_, resource_of_;
  std::map<Key, Index> open_;     // requests by their number
  std::map<Key, Index> hold_of_;  // the latest of a lock id
  std::map<Key, bool> ending_;    // given up: what is granted on it is not believed
  std::map<Index, Span> current_;
  std::unordered_map<Index, Index> granted_by_;  // the request of an ok that was believed
  std::unordered_map<Index, std::vector<Index>> possible_of_;  // by hold; places in its resource
};

}  // namespace

Result<Model> build(const History& history) { return Builder(history).build(); }

}  // namespace holdfast::sim::history
