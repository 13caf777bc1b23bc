// SPDX-License-Identifier: Apache-2.0
// `holdfast down`: ends the cluster of a directory: its supervisor, which ends the daemons, and
// whatever daemon is left without one. It returns when they have ended.
#include "cli/arguments.hpp"
#include "cli/environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/process.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "cli/up_state.hpp"

#include <fmt/format.h>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

enum class Ending { ended, did_not_run, still_runs };

// SIGTERM, then, if that does not help in time, SIGKILL.
Ending end_process(const ProcessName& process, Duration patience) {
  const Fd pidfd = process.pid != 0 ? open_pidfd(process) : Fd();
  if (!pidfd) return Ending::did_not_run;
  if (send_signal(pidfd, SIGTERM) == Sent::not_permitted) return Ending::still_runs;
  // A stopped process does not see SIGTERM.
  send_signal(pidfd, SIGCONT);
  if (wait_for_end(pidfd, boottime() + patience)) return Ending::ended;
  send_signal(pidfd, SIGKILL);
  return wait_for_end(pidfd, boottime() + patience) ? Ending::ended : Ending::still_runs;
}

int down(const Common& common) {
  const std::string dir = common.dir.empty() ? default_up_dir() : common.dir;
  const auto state = read_up_state(dir);
  if (!state) return failed(state.error());
  if (!*state) {
    complain(fmt::format("there is no cluster in {}", dir));
    return exit_failed;
  }
  unsigned ended = 0;
  unsigned left = 0;
  const auto count = [&](Ending ending) {
    ended += ending == Ending::ended ? 1 : 0;
    left += ending == Ending::still_runs ? 1 : 0;
  };
  // It needs up to 5 s for a daemon that does not want to end.
  count(end_process((*state)->supervisor, 15s));
  for (const UpNode& node : (*state)->nodes) count(end_process(node.process, 5s));
  if (left > 0) {
    complain(fmt::format("{} processes of the cluster in {} still run: not permitted to end them",
                         left, dir));
    return exit_failed;
  }
  return print(
             fmt::format("the cluster in {} {}\n", dir, ended > 0 ? "is down" : "was down already"))
             ? exit_ok
             : exit_failed;
}

}  // namespace

Run declare_down(CLI::App&) { return down; }

}  // namespace holdfast::cli
