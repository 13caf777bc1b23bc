// SPDX-License-Identifier: Apache-2.0
// Recorder: takes down what the programs of a simulated world ask and hear, as a history. The same checkers
// that read the logs of real programs then look at it (docs/history.md). It only looks: a world with and
// one without a recorder do the same.
#pragma once

#include "sim/history/event.hpp"
#include "sim/world/client.hpp"
#include "sim/world/machine.hpp"

#include <map>
#include <set>
#include <utility>

namespace holdfast::sim::history {

class Recorder {
 public:
  [[nodiscard]] History& history() { return history_; }
  // The world's time of what is told next.
  void at(Duration now) { now_ = now; }

  void connected(const Client& client, Machine& machine);
  void asked(const Client& client, RequestId request, const wire::Lock& call, const std::string& key);
  void asked(const Client& client, RequestId request, const wire::Convert& call);
  void asked(const Client& client, RequestId request, const wire::Unlock& call);
  // Has no answer.
  void asked(const Client& client, const wire::Release& call);
  void cancelled(const Client& client, RequestId target) { add(client, Kind::cancel).op = target.value(); }
  void heard(const Client& client, const session::Event& event);
  void killed(const Client& client);
  // A daemon has stamped its page, or a clock has jumped: what programs see if they look now.
  void look(const Client& client, Machine& machine);
  void fault(std::string_view what, std::string_view why);
  void healed();

 private:
  Event& add(const Client& client, Kind kind);
  Event& invoke(const Client& client, RequestId request, Call call, ClaimId lock);
  void granted(const Client& client, const wire::Granted& granted);
  void answered(const Client& client, RequestId request, Errc status, std::string_view detail = {});
  [[nodiscard]] bool open(const Client& client, RequestId request);

  // What is open, and where locks stand, of one program.
  struct Program {
    std::set<std::uint64_t> open;
    std::map<ClaimId, Mode> modes;
    Time deadline = 0;
    bool ended = false;
  };

  History history_;
  Duration now_{};
  std::map<const Client*, Program> programs_;
  std::uint64_t releases_ = 0;
};

}  // namespace holdfast::sim::history
