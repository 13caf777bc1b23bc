// SPDX-License-Identifier: Apache-2.0
// `holdfast orphans`: persistent locks whose program is gone. They block until somebody ends them or takes
// them over.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/hold.hpp"
#include "cli/process.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <set>
#include <vector>

namespace holdfast::cli {
namespace {

struct Options {
  std::string pattern = "*";
  std::string lockspace = "*";
  std::uint32_t at = 0;
  std::uint32_t pid = 0;
  bool adopt = false;
  bool purge = false;
};

struct Orphan {
  std::string lockspace;
  std::string name;
  std::string shown;
  LockInfo lock;
};

// ---- listing --------------------------------------------------------------------------------------------

std::vector<Orphan> orphans_in(const QueryPage& page, const Options& options) {
  std::vector<Orphan> found;
  for (const ResourceInfo& resource : page.resources)
    for (const LockInfo& lock : resource.locks) {
      const bool meant = lock.orphan && (options.pid == 0 || lock.owner.pid == options.pid) &&
                         (options.at == 0 || lock.node.value() == options.at);
      if (meant) found.push_back({resource.lockspace, resource.name, name_text(resource), lock});
    }
  return found;
}

std::string table_of(const std::vector<Orphan>& orphans) {
  Table table({"NAME", "MODE", "NODE", "PID", "USER", "SINCE", "COMMAND"});
  for (const Orphan& orphan : orphans)
    table.add({{orphan.shown},
               {mode_text(orphan.lock)},
               {node_text(orphan.lock.node)},
               {fmt::format("{}", orphan.lock.owner.pid)},
               {escaped(orphan.lock.owner.user)},
               {since_text(orphan.lock.age)},
               {escaped(orphan.lock.owner.command)}});
  return table.empty() ? "" : table.text();
}

std::string json_of(const std::vector<Orphan>& orphans, bool complete) {
  auto rows = nlohmann::ordered_json::array();
  for (const Orphan& orphan : orphans) {
    auto row = nlohmann::ordered_json{{"lockspace", escaped(orphan.lockspace)},
                                      {"name", escaped(orphan.name)}};
    row.update(to_json(orphan.lock));
    rows.push_back(std::move(row));
  }
  return nlohmann::ordered_json{{"complete", complete}, {"orphans", std::move(rows)}}.dump(2) +
         "\n";
}

// ---- ending and taking over -----------------------------------------------------------------------------

Result<Lockspace> open(Client& client, const std::string& lockspace) {
  return lockspace == default_lockspace ? Lockspace{} : client.open_lockspace(lockspace);
}

int purge(Client& client, const std::vector<Orphan>& orphans, const Options& options,
          const std::string& pattern) {
  std::set<std::pair<std::string, NodeId>> places;
  for (const Orphan& orphan : orphans) places.emplace(orphan.lockspace, orphan.lock.node);
  for (const auto& [lockspace, node] : places) {
    const auto opened = open(client, lockspace);
    if (!opened) return failed(opened.error());
    const auto done = client.purge(
        {.lockspace = *opened, .node = node, .pid = options.pid, .name = pattern});
    if (!done) return failed(done.error());
  }
  return exit_ok;
}

Result<void> all_are_here(const Client& client, const std::vector<Orphan>& orphans) {
  for (const Orphan& orphan : orphans)
    if (orphan.lock.node != client.node())
      return Error{Errc::no_orphan,
                   fmt::format("'{}' was left at node {}, and only a program there can take it over",
                               orphan.shown, orphan.lock.node.value())};
  return {};
}

Result<Lock, Refusal> adopt(Client& client, const Orphan& orphan) {
  HF_TRY(const Lockspace lockspace, open(client, orphan.lockspace));
  return client.adopt(orphan.name, orphan.lock.granted,
                      {.lockspace = lockspace, .notices = Notices::wanted});
}

int adopt_and_hold(const Common& common, Client& client, const std::vector<Orphan>& orphans) {
  if (const auto fine = all_are_here(client, orphans); !fine) return failed(fine.error());
  std::vector<Lock> held;
  std::string names;
  for (const Orphan& orphan : orphans) {
    auto adopted = adopt(client, orphan);
    if (!adopted) return failed(adopted.error());
    held.push_back(std::move(*adopted));
    names += (names.empty() ? "" : ", ") + orphan.shown;
  }
  const Fd signals = open_signalfd({SIGINT, SIGTERM, SIGHUP});
  if (!print(common.json ? "" : fmt::format("adopted {}\n", names))) return exit_failed;
  const int code = hold_until_end(common, client, names, signals);
  for (Lock& lock : held)
    if (const auto released = lock.release(); code == exit_ok && !released)
      return failed(released.error());
  return code;
}

int orphans(const Common& common, const Options& options) {
  const auto pattern = bytes_argument(common, options.pattern);
  if (!pattern) return refused_argument("orphans", pattern.error());
  auto client = connect(common);
  if (!client) return failed(client.error());
  const auto page = client->query_all({.lockspace = options.lockspace, .name = *pattern});
  if (!page) return failed(page.error());
  const std::vector<Orphan> found = orphans_in(*page, options);
  if (!print(common.json ? json_of(found, page->complete) : table_of(found))) return exit_failed;
  if (!page->complete) {
    complain("some node did not answer in time: its locks are missing");
    return exit_failed;
  }
  if (options.purge) return purge(*client, found, options, *pattern);
  if (!options.adopt) return exit_ok;
  if (!found.empty()) return adopt_and_hold(common, *client, found);
  complain("there is no such orphan");
  return exit_failed;
}

}  // namespace

Run declare_orphans(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("PATTERN", options->pattern, "only names that match; * and ? stand for any bytes");
  app.add_option("--lockspace", options->lockspace, "only lockspaces that match")
      ->type_name("PATTERN");
  app.add_option("--at", options->at, "only those that were left at this node")
      ->type_name("NODE")
      ->check(CLI::Range(1U, UINT32_MAX));
  app.add_option("--pid", options->pid, "only those that this process left");
  auto* adopt = app.add_flag("--adopt", options->adopt,
                             "take them over and hold them until end of input or Ctrl-C");
  app.add_flag("--purge", options->purge, "end them; values that they may have changed are in doubt")
      ->excludes(adopt);
  return [options](const Common& common) { return orphans(common, *options); };
}

}  // namespace holdfast::cli
