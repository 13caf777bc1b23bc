// SPDX-License-Identifier: Apache-2.0
// The supervisor's operator session with one of its daemons, in a thread of its own, so that a
// daemon that hangs holds up nobody else. It brings the newest view to the daemon and reports what
// it learns: which life of the node it speaks to, and whether that has taken the view and is open.
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
  std::string trouble;  // why it does not take our view, for people
  friend bool operator==(const AgentReport&, const AgentReport&) = default;
};

class NodeAgent {
 public:
  // `report` is called from the thread whenever the report changes.
  NodeAgent(unsigned node, std::string socket, std::function<void(AgentReport)> report);
  // Ends the thread. REQUIRES: the daemon has ended or answers; a session with it ends by itself
  // then.
  ~NodeAgent();
  NodeAgent(const NodeAgent&) = delete;
  NodeAgent& operator=(const NodeAgent&) = delete;
  void publish(const View& view);

 private:
  void work();
  void serve(Client& client);
  // False if the session is over.
  bool bring_view(Client& client, const View& view);
  bool learn(Client& client);
  [[nodiscard]] std::optional<View> newer_than(Epoch epoch);
  [[nodiscard]] bool stopping();
  void pause();
  void tell();

  const std::string socket_;
  const std::function<void(AgentReport)> report_;
  AgentReport told_;
  AgentReport known_;
  Fd wake_;  // readable when there is a new view or the end
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<View> view_;  // guarded by mutex_, as is stop_
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace holdfast::cli
