// SPDX-License-Identifier: Apache-2.0
// `holdfast value`: reads the value block of a name under PR, or writes it under EX. A value lives
// only as long as some lock on its name exists: whoever writes one that nobody keeps is told so.
#include "cli/acquire.hpp"
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace holdfast::cli {
namespace {

struct Options {
  std::string name;
  std::string lockspace;
  std::optional<std::string> set;
  std::optional<std::string> set_escaped;
  Patience patience;
};

std::string value_text(const Common& common, const std::string& name, const Grant& grant) {
  if (common.json)
    return nlohmann::ordered_json{{"name", escaped(name)},
                                  {"state", name_of(grant.value_state)},
                                  {"write_number", grant.write_number},
                                  {"value", escaped(grant.value)}}
               .dump() +
           "\n";
  return grant.write_number == 0 ? std::string() : escaped(grant.value) + "\n";
}

int read_value(const Common& common, const std::string& name, const Lock& lock) {
  const Grant& grant = lock.grant();
  if (grant.value_state == ValueState::never_written) complain("the value was never written");
  if (grant.value_state == ValueState::doubtful)
    complain("the value is doubtful: who could write it ended without saying whether it had");
  return print(value_text(common, name, grant)) ? exit_ok : exit_failed;
}

bool somebody_else_is_there(Client& client, const std::string& lockspace, const std::string& name) {
  const auto page = client.query_all(
      {.lockspace = lockspace.empty() ? std::string(default_lockspace) : lockspace, .name = name});
  if (!page) return true;
  for (const ResourceInfo& resource : page->resources)
    if (resource.name == name)
      return std::ranges::any_of(resource.locks, [&](const LockInfo& lock) {
        return lock.owner.owner != client.owner() || lock.node != client.node();
      });
  return false;
}

int write_value(const Options& options, const std::string& bytes, const std::string& name,
                Acquired& got) {
  if (!somebody_else_is_there(*got.client, options.lockspace, name))
    complain(
        "nobody else holds or waits for this name: the value goes when this command lets go of it");
  const auto released = got.lock.release({.write_value = bytes});
  return released ? exit_ok : failed(released.error());
}

Result<std::optional<std::string>> bytes_to_set(const Common& common, const Options& options) {
  if (options.set_escaped) {
    auto bytes = unescaped(*options.set_escaped);
    if (!bytes)
      return Error{Errc::bad_argument,
                   "--set-escaped: behind a backslash there must be another one or xNN"};
    return bytes;
  }
  if (!options.set) return std::optional<std::string>();
  HF_TRY(std::string bytes, bytes_argument(common, *options.set));
  return std::optional(std::move(bytes));
}

int value(const Common& common, const Options& options) {
  const auto name = name_argument(common, options.name);
  if (!name) return refused_argument("value", name.error());
  const auto bytes = bytes_to_set(common, options);
  if (!bytes) return refused_argument("value", bytes.error());
  LockOptions lock_options{.read_value = ReadValue::read};
  if (const auto applied = apply(options.patience, lock_options); !applied)
    return refused_argument("value", applied.error());
  const bool sets = bytes->has_value();
  Acquired got = acquire({.common = common,
                          .lockspace = options.lockspace,
                          .name = *name,
                          .mode = sets ? Mode::EX : Mode::PR,
                          .options = lock_options,
                          .connect = {}});
  if (!got.client) return got.exit_code;
  return sets ? write_value(options, **bytes, *name, got) : read_value(common, *name, got.lock);
}

}  // namespace

Run declare_value(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("NAME", options->name, "whose value: any bytes, 255 at most")->required();
  auto* set = app.add_option("--set", options->set, "write this value")->type_name("TEXT");
  app.add_option("--set-escaped", options->set_escaped,
                 "write this value, with \\\\ and \\xNN for any bytes")
      ->type_name("TEXT")
      ->excludes(set);
  add_patience_options(app, options->patience);
  app.add_option("--lockspace", options->lockspace, "the lockspace of the name (default: default)");
  return [options](const Common& common) { return value(common, *options); };
}

}  // namespace holdfast::cli
