// SPDX-License-Identifier: Apache-2.0
// The supervisor of a local cluster: starts real daemons, is their membership provider, ends them.
//
// It watches each daemon's process and publishes a view (epoch + 1) to all others the moment one
// dies, hangs (it does not answer its agent), or has begun another life because its lease ran out.
// Nobody else publishes views, so those of a view never meet a second side that goes on: its votes
// are those of its members, and the last daemon of a cluster still works. It does not know what the
// clients of a dead or hanging daemon do: their locks wait for the lease.
//
// A life that was left out of a view never comes back: when its daemon answers again, its agent
// brings it the view that lacks it, it begins another life, and that one is taken in.
//
// If the supervisor dies, daemons and their last view stay; `up --attach` takes over.
#pragma once

#include "cli/local_daemon.hpp"
#include "cli/node_agent.hpp"
#include "cli/up_state.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::cli {

enum class WhenDead { leave_out, restart };
enum class Begin { start_daemons, attach };

struct SupervisorOptions {
  std::string dir;
  unsigned nodes = 3;
  unsigned lease_ms = 0;
  std::string mastering;
  std::optional<unsigned> moves_per_second;  // none: the daemon\'s default
  std::string fence_hook;
  unsigned fence_hook_timeout_ms = 0;
  WhenDead when_dead = WhenDead::leave_out;
  Begin begin = Begin::start_daemons;
};

class Supervisor {
 public:
  // REQUIRES: `signals` (SIGINT, SIGTERM, SIGHUP) were blocked before any thread was started.
  Supervisor(SupervisorOptions options, const Fd& signals);
  // Ends the daemons if they run.
  ~Supervisor();
  // Until every daemon is open in the first view.
  [[nodiscard]] Result<void> start();
  // Where everything is, for people.
  [[nodiscard]] std::string summary() const;
  // Until a signal; then the daemons are ended.
  void watch();

 private:
  struct Node {
    unsigned number = 0;
    std::optional<LocalDaemon> daemon;  // none: it does not run
    std::unique_ptr<NodeAgent> agent;
    AgentReport report;
    Incarnation left_out;  // this life of it is in no view any more
    [[nodiscard]] bool answers() const { return daemon && !report.silent; }
  };
  [[nodiscard]] Result<void> take_directory();
  [[nodiscard]] Result<void> start_daemons();
  [[nodiscard]] Result<void> attach(const UpState& state);
  [[nodiscard]] Result<void> wait_until_open();
  [[nodiscard]] DaemonOptions options_of(unsigned number) const;
  [[nodiscard]] Result<void> start_node(Node& node);
  void start_agent(Node& node);
  void wait_for_something(Instant deadline) const;
  void see_deaths();
  void on_death(Node& node);
  void read_reports();
  void on_report(const AgentReport& report);
  void on_silence(const Node& node);
  void publish(Epoch at_least);
  [[nodiscard]] View next_view(Epoch at_least) const;
  [[nodiscard]] UpState state() const;
  void end_daemons();

  const SupervisorOptions options_;
  const Fd& signals_;
  std::string program_;
  Fd directory_lock_;
  Fd wake_;  // an agent has reported
  std::mutex mutex_;
  std::vector<AgentReport> reports_;  // guarded by mutex_
  std::vector<Node> nodes_;
  View view_;
};

}  // namespace holdfast::cli
