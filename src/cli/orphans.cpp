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

#include <algorithm>
#include <memory>
#include <optional>
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
  bool sub_lock = false;
  LockInfo lock;
};

// ---- listing --------------------------------------------------------------------------------------------

std::vector<Orphan> orphans_in(const QueryPage& page, const Options& options) {
  std::vector<Orphan> found;
  for (const ResourceInfo& resource : page.resources)
    for (const LockInfo& lock : resource.locks) {
      const bool meant = lock.orphan && (options.pid == 0 || lock.owner.pid == options.pid) &&
                         (options.at == 0 || lock.node.value() == options.at);
      if (meant) found.push_back({resource.lockspace, resource.name, name_text(resource), !resource.above.empty(), lock});
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

// Only a program of its node can take an orphan over.
Result<std::vector<Orphan>> those_of_this_node(const Client& client, std::vector<Orphan> orphans) {
  const std::optional<Orphan> elsewhere =
      orphans.empty() ? std::nullopt : std::optional(orphans.front());
  std::erase_if(orphans, [&](const Orphan& orphan) { return orphan.lock.node != client.node(); });
  if (!orphans.empty()) return orphans;
  if (!elsewhere) return Error{Errc::no_orphan, "there is no such orphan"};
  return Error{Errc::no_orphan,
               fmt::format("'{}' was left at node {}, and only a program there can take it over",
                           elsewhere->shown, elsewhere->lock.node.value())};
}

Result<void> can_be_adopted(const std::vector<Orphan>& orphans) {
  for (const Orphan& orphan : orphans) {
    if (orphan.sub_lock)
      return Error{Errc::no_orphan,
                   fmt::format("'{}' is a sub-lock: it needs its parent to be taken over", orphan.shown)};
  }
  return {};
}

// As one that becomes an orphan again if we are killed, or if another one cannot be had.
Result<Lock, Refusal> adopt(Client& client, const Orphan& orphan) {
  HF_TRY(const Lockspace lockspace, open(client, orphan.lockspace));
  return client.adopt(orphan.name, orphan.lock.granted,
                      {.lockspace = lockspace, .notices = Notices::wanted, .flags = {Flag::persistent}});
}

// The name of one that has a twin that is not meant.
std::optional<std::string> another_like_one_of(const std::vector<Orphan>& meant, const std::vector<Orphan>& all) {
  const auto alike = [](const Orphan& a, const Orphan& b) {
    return a.lock.node == b.lock.node && a.lockspace == b.lockspace && a.shown == b.shown &&
           a.lock.granted == b.lock.granted;
  };
  for (const Orphan& orphan : meant)
    if (std::ranges::count_if(all, [&](const Orphan& o) { return alike(o, orphan); }) !=
        std::ranges::count_if(meant, [&](const Orphan& o) { return alike(o, orphan); }))
      return orphan.shown;
  return std::nullopt;
}

void leave_as_they_were(std::vector<Lock>& held) {
  for (Lock& lock : held) (void)lock.detach();
}

int adopt_and_hold(const Common& common, Client& client, const std::vector<Orphan>& orphans) {
  if (const auto fine = can_be_adopted(orphans); !fine) return failed(fine.error());
  std::vector<Lock> held;
  std::string names;
  for (const Orphan& orphan : orphans) {
    auto adopted = adopt(client, orphan);
    if (!adopted) {
      leave_as_they_were(held);
      return failed(adopted.error());
    }
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
    complain(incomplete_text);
    return exit_failed;
  }
  if (options.purge) return purge(*client, found, options, *pattern);
  if (!options.adopt) return exit_ok;
  const auto here = those_of_this_node(*client, found);
  if (!here) return failed(here.error());
  // Adoption goes by name and mode, and would take any of them.
  if (const auto twin = another_like_one_of(*here, orphans_in(*page, {}))) {
    complain(fmt::format("--pid cannot choose among the orphans of '{}': they are alike", *twin));
    return exit_failed;
  }
  return adopt_and_hold(common, *client, *here);
}

}  // namespace

Run declare_orphans(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("PATTERN", options->pattern, "only names that match; * and ? stand for any bytes");
  app.add_option("--lockspace", options->lockspace, "only lockspaces that match")
      ->type_name("PATTERN");
  app.add_option("--at", options->at, "only those that were left at this node")
      ->type_name("NODE")
      ->transform(node_number());
  app.add_option("--pid", options->pid, "only those that this process left");
  auto* adopt = app.add_flag("--adopt", options->adopt,
                             "take over those of this node, hold them until end of input or Ctrl-C, then "
                             "unlock them; their values are taken to be right");
  app.add_flag("--purge", options->purge, "end them; values that they may have changed are in doubt")
      ->excludes(adopt);
  return [options](const Common& common) { return orphans(common, *options); };
}

}  // namespace holdfast::cli
