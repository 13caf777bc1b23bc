// SPDX-License-Identifier: Apache-2.0
// `holdfast monitor`: waits that do not end, once or at intervals, and what is done about those that persist.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/monitor_text.hpp"
#include "cli/process.hpp"
#include "cli/release.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <poll.h>
#include <string_view>

namespace holdfast::cli {
namespace {

enum class Policy { report, notify, release };

struct Options {
  std::string every;
  unsigned persistent = 0;
  std::string longer_than;
  std::string policy = "report";
  std::string exec;
  ForceOptions force;
};

struct Plan {
  Duration every{};  // 0: one look
  Persistence persistence{.looks = 1};
  Policy policy = Policy::report;
  std::string exec;
  ForcedRelease how;
};

Result<Plan> to_plan(const Options& options) {
  Plan plan;
  if (!options.every.empty()) {
    HF_TRY(const Duration every, parse_time(options.every));
    if (every <= Duration{0}) return Error{Errc::bad_argument, "--every needs a time above 0"};
    plan.every = every;
  }
  plan.persistence.looks = options.persistent != 0 ? options.persistent : plan.every > Duration{0} ? 2 : 1;
  if (!options.longer_than.empty()) {
    HF_TRY(const Duration longer_than, parse_time(options.longer_than));
    plan.persistence.longer_than = longer_than;
  }
  constexpr std::array<std::string_view, 3> names{"report", "notify", "release"};
  plan.policy = static_cast<Policy>(std::ranges::find(names, options.policy) - names.begin());
  if (plan.policy == Policy::notify && options.exec.empty())
    return Error{Errc::bad_argument, "--policy notify needs --exec COMMAND, which is told"};
  if (plan.policy == Policy::release && plan.every == Duration{0} && plan.persistence.longer_than == Duration{0})
    return Error{Errc::bad_argument, "--policy release needs --every or --longer-than: one look cannot tell what persists"};
  plan.exec = options.exec;
  HF_TRY(plan.how, forced_release(options.force));
  return plan;
}

// The command reads the condition on its standard input, as a line of JSON.
void tell(const std::string& command, const WaitCondition& condition) {
  std::FILE* const pipe = ::popen(command.c_str(), "we");
  if (pipe == nullptr) return complain("cannot start the command of --exec");
  const std::string line = to_json(condition).dump() + "\n";
  (void)std::fwrite(line.data(), 1, line.size(), pipe);
  if (const int status = ::pclose(pipe); status != 0) complain(fmt::format("the command of --exec failed ({})", status));
}

// False if nobody reads what we write.
bool show(const Common& common, const Look& look) {
  if (common.json) {
    nlohmann::ordered_json conditions = nlohmann::ordered_json::array();
    for (const WaitCondition& condition : look.conditions) conditions.push_back(to_json(condition));
    return print(nlohmann::ordered_json{{"complete", look.complete}, {"conditions", std::move(conditions)}}.dump() + "\n");
  }
  std::string text;
  for (const WaitCondition& condition : look.conditions) text += condition_text(condition);
  return print(text);
}

int act(const Common& common, const Plan& plan, Monitor& monitor, const Look& look) {
  if (plan.policy == Policy::notify)
    for (const WaitCondition& condition : look.conditions) tell(plan.exec, condition);
  // What is not known does not count against anybody.
  if (plan.policy != Policy::release || look.conditions.empty() || !look.complete) return exit_ok;
  return carry_out(common, monitor, holders_of(look.conditions), plan.how);
}

// True: it is time for the next look.
bool wait_for(Duration time, const Fd& signals) {
  pollfd polled{.fd = signals.number(), .events = POLLIN, .revents = 0};
  const timespec limit{.tv_sec = time.count() / 1'000'000'000, .tv_nsec = time.count() % 1'000'000'000};
  return ::ppoll(&polled, 1, &limit, nullptr) == 0;
}

int monitor(const Common& common, const Options& options) {
  const auto plan = to_plan(options);
  if (!plan) return refused_argument("monitor", plan.error());
  auto client = connect(common);
  if (!client) return failed(client.error());
  std::signal(SIGPIPE, SIG_IGN);  // of a command that does not read
  const Fd signals = open_signalfd({SIGINT, SIGTERM, SIGHUP});
  Monitor monitor(*client);
  while (true) {
    const auto look = monitor.monitor(plan->persistence);
    if (!look) return failed(look.error());
    if (!look->complete) complain(incomplete_text);
    if (!show(common, *look)) return exit_failed;
    const int code = act(common, *plan, monitor, *look);
    if (plan->every == Duration{0}) return look->complete ? code : exit_failed;
    if (!wait_for(plan->every, signals)) return exit_ok;
  }
}

}  // namespace

Run declare_monitor(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("--every", options->every, "look again and again, such as 10s, until Ctrl-C")->type_name("TIME");
  app.add_option("--persistent", options->persistent,
                 "only waits that so many looks in a row have seen (default: 2 with --every, else 1)")
      ->type_name("N");
  app.add_option("--longer-than", options->longer_than, "only waits that are older, such as 30s")->type_name("TIME");
  app.add_option("--policy", options->policy, "what is done about them: report, notify or release")
      ->check(CLI::IsMember({"report", "notify", "release"}));
  app.add_option("--exec", options->exec, "with --policy notify: this shell command reads each of them as JSON")
      ->type_name("COMMAND");
  add_force_options(app, options->force);
  return [options](const Common& common) { return monitor(common, *options); };
}

}  // namespace holdfast::cli
