// SPDX-License-Identifier: Apache-2.0
// `holdfast release`: ends locks of others by force, named exactly. Without --yes it only says what it would do.
#include "cli/release.hpp"

#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/monitor_text.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <unistd.h>

namespace holdfast::cli {
namespace {

struct Options {
  std::vector<std::string> locks;
  ForceOptions force;
};

// A lock of which only the id was given is meant as it stands now.
Result<std::vector<GrantId>> complete(Client& client, const std::vector<std::string>& texts) {
  std::vector<GrantId> ids;
  for (const std::string& text : texts) {
    const auto id = parse_grant_id(text);
    if (!id)
      return Error{Errc::bad_argument,
                   fmt::format("'{}' is no lock id: it looks like n2#4294967297 or n2#4294967297:TOKEN", text)};
    ids.push_back(*id);
  }
  HF_TRY(const QueryPage page, client.query_all());
  for (GrantId& id : ids)
    for (const ResourceInfo& resource : page.resources)
      for (const LockInfo& lock : resource.locks)
        if (!id.token && lock.node == id.node && lock.id == id.lock) id.token = lock.token;
  return ids;
}

int release(const Common& common, const Options& options) {
  const auto how = forced_release(options.force);
  if (!how) return refused_argument("release", how.error());
  auto client = connect(common);
  if (!client) return failed(client.error());
  const auto ids = complete(*client, options.locks);
  if (!ids) return ids.error().code == Errc::bad_argument ? refused_argument("release", ids.error()) : failed(ids.error());
  Monitor monitor(*client);
  return carry_out(common, monitor, *ids, *how);
}

}  // namespace

void add_force_options(CLI::App& app, ForceOptions& options) {
  app.add_flag("--yes", options.yes, "do it; without this it is only said what would be done");
  app.add_option("--reason", options.reason, "told to the owner and written down; needed with --yes")->type_name("TEXT");
  app.add_option("--grace", options.grace, "the owner is told so long before, such as 10s (default: not at all)")
      ->type_name("TIME");
  app.add_option("--evidence", options.evidence, "directory for what was seen before (default: .)")->type_name("DIR");
}

Result<ForcedRelease> forced_release(const ForceOptions& options) {
  ForcedRelease how{.really = options.yes ? Really::yes : Really::no,
                    .reason = options.reason,
                    .evidence_dir = options.evidence};
  if (options.yes && options.reason.empty())
    return Error{Errc::bad_argument, "--yes needs a --reason: it is told to the owner and written down"};
  if (!options.grace.empty()) {
    HF_TRY(const Duration grace, parse_time(options.grace));
    how.grace = grace;
  }
  return how;
}

int carry_out(const Common& common, Monitor& monitor, std::span<const GrantId> ids, const ForcedRelease& how) {
  const auto report = monitor.release(ids, how);
  if (!report) return failed(report.error());
  std::string text;
  for (const Released& released : report->released) text += released_text(released, how.really);
  if (!report->evidence.empty()) text += "evidence: " + report->evidence + "\n";
  if (!print(common.json ? to_json(*report, how.really).dump() + "\n" : text)) return exit_failed;
  if (how.really == Really::no && !common.json)
    complain(fmt::format("nothing was done: --yes does it; {}", release_warning));
  const bool all = std::ranges::all_of(report->released, [](const Released& one) { return one.outcome.has_value(); });
  return all ? exit_ok : exit_failed;
}

Run declare_release(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("LOCKID", options->locks, "n2#17, or n2#17:TOKEN for exactly this grant")->required();
  add_force_options(app, options->force);
  return [options](const Common& common) { return release(common, *options); };
}

}  // namespace holdfast::cli
