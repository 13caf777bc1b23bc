// SPDX-License-Identifier: Apache-2.0
// `holdfast self`: what a process has at its node, and whether it is in somebody's way.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/monitor_text.hpp"
#include "cli/process.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <unistd.h>

namespace holdfast::cli {
namespace {

struct Options {
  std::uint32_t pid = 0;
};

// The process that called us and those above it: under `holdfast run`, one of them has the lock.
std::vector<std::uint32_t> callers() {
  std::vector<std::uint32_t> pids;
  for (pid_t pid = ::getppid(); pid > 1;) {
    pids.push_back(static_cast<std::uint32_t>(pid));
    const auto facts = read_process(pid);
    if (!facts) break;
    pid = facts->parent;
  }
  return pids;
}

std::string text_of(const SelfReport& report) {
  std::string text;
  for (const WaitGraph::Place& place : report.locks) {
    const LockInfo& lock = report.graph.lock(place);
    text += fmt::format("{}  {} {} {}  pid {}  {}\n", to_text(grant_id(lock)), name_text(report.graph.resource(place)),
                        mode_text(lock), holdfast::name_of(lock.standing), lock.owner.pid, time_text(lock.age));
  }
  if (report.locks.empty()) text += "no locks\n";
  for (const WaitCondition& condition : report.blocks) text += "blocks: " + condition_text(condition);
  for (const WaitCondition& condition : report.waits) text += "waits: " + condition_text(condition);
  return text;
}

nlohmann::ordered_json json_of(const SelfReport& report) {
  using Json = nlohmann::ordered_json;
  Json locks = Json::array(), blocks = Json::array(), waits = Json::array();
  for (const WaitGraph::Place& place : report.locks) {
    Json json = to_json(report.graph.lock(place));
    json["grant_id"] = to_text(grant_id(report.graph.lock(place)));
    json["name"] = name_text(report.graph.resource(place));
    locks.push_back(std::move(json));
  }
  for (const WaitCondition& condition : report.blocks) blocks.push_back(to_json(condition));
  for (const WaitCondition& condition : report.waits) waits.push_back(to_json(condition));
  return {{"complete", report.complete}, {"locks", std::move(locks)}, {"blocks", std::move(blocks)}, {"waits", std::move(waits)}};
}

int self(const Common& common, const Options& options) {
  auto client = connect(common);
  if (!client) return failed(client.error());
  const std::vector<std::uint32_t> pids = options.pid != 0 ? std::vector{options.pid} : callers();
  const auto report = Monitor(*client).self(pids);
  if (!report) return failed(report.error());
  if (!report->complete) complain(incomplete_text);
  if (!print(common.json ? json_of(*report).dump(2) + "\n" : text_of(*report))) return exit_failed;
  return report->complete ? exit_ok : exit_failed;
}

}  // namespace

Run declare_self(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("--pid", options->pid, "of this process of the node (default: the calling one and those above it)");
  return [options](const Common& common) { return self(common, *options); };
}

}  // namespace holdfast::cli
