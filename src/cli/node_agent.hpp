// SPDX-License-Identifier: Apache-2.0
// The supervisor's operator session with one of its daemons, in a thread of its own, so that a
// daemon that hangs holds up nobody else. It brings the newest view to the daemon and reports what
// it learns: which life of the node it speaks to, and whether that has taken the view and is open.
// It asks at least six times in a lease, and says so if an answer takes longer than a third of one:
// so whoever needs the other's answers hears of its silence before its own lease is over.
#pragma once

#include "cli/process.hpp"
#include "holdfast/client.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace holdfast::cli {

struct AgentReport {
  unsigned node = 0;
  Incarnation incarnation;
  std::string address;
  Epoch taken;    // the newest view that the daemon accepted from us
  Epoch refused;  // a view of ours that it called too old
  Epoch seen;     // the epoch that it stands at
  bool open = false;
  bool silent = false;  // it owes us an answer for too long
  std::string trouble;  // why it does not take our view, for people
  friend bool operator==(const AgentReport&, const AgentReport&) = default;
};

class NodeAgent {
 public:
  // `known` is what was heard of the node before, `lease` what it has as far as we know: it will say so
  // itself. `report` is called from the thread whenever the report changes.
  NodeAgent(AgentReport known, std::string socket, Duration lease,
            std::function<void(AgentReport)> report);
  // Ends the thread, within a third of a lease.
  ~NodeAgent();
  NodeAgent(const NodeAgent&) = delete;
  NodeAgent& operator=(const NodeAgent&) = delete;
  void publish(const View& view);

 private:
  void work();
  void serve(Client& client);
  // These are false if the session is over, or we are to end.
  bool bring_view(Client& client, const View& view);
  bool learn(Client& client);
  bool sit_out_silence(const Client& client);
  // The newest view, if it says anything to this life of the node.
  [[nodiscard]] std::optional<View> news();
  void tell_silence();
  [[nodiscard]] bool stopping();
  void pause();
  void tell();

  const std::string socket_;
  Duration lease_;
  const std::function<void(AgentReport)> report_;
  AgentReport known_;
  AgentReport told_;
  bool was_member_ = false;  // this life of the node has taken a view with itself in it
  Instant heard_;            // when it answered last
  Fd wake_;  // readable when there is a new view or the end
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<View> view_;  // guarded by mutex_, as is stop_
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace holdfast::cli
