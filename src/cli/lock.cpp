// SPDX-License-Identifier: Apache-2.0
// `holdfast lock`: holds a lock until the end of its input or a signal, and tells what happens to
// it.
#include "cli/acquire.hpp"
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/hold.hpp"
#include "cli/process.hpp"
#include "cli/terminal.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace holdfast::cli {
namespace {

struct Options {
  std::string name;
  std::string lockspace;
  std::string label;
  Patience patience;
  Mode mode = Mode::EX;
};

std::string granted_line(const Common& common, const std::string& name, const Lock& lock) {
  if (common.json)
    return nlohmann::ordered_json{{"name", escaped(name)},
                                  {"mode", name_of(lock.mode())},
                                  {"token", to_text(lock.token())}}
               .dump() +
           "\n";
  return fmt::format("granted {} {} token {}\n", name_of(lock.mode()), escaped(name),
                     to_text(lock.token()));
}

int lock(const Common& common, const Options& options) {
  const auto name = name_argument(common, options.name);
  if (!name) return refused_argument("lock", name.error());
  LockOptions lock_options{.notices = Notices::wanted};
  if (const auto applied = apply(options.patience, lock_options); !applied)
    return refused_argument("lock", applied.error());
  Acquired got = acquire({.common = common,
                          .lockspace = options.lockspace,
                          .name = *name,
                          .mode = options.mode,
                          .options = lock_options,
                          .connect = {.label = options.label}});
  if (!got.client) return got.exit_code;
  // While it waited, a signal simply ended it. Before anybody reads that we hold the lock, that
  // must change.
  const Fd signals = open_signalfd({SIGINT, SIGTERM, SIGHUP});
  if (!print(granted_line(common, *name, got.lock))) return exit_failed;
  const int code = hold_until_end(common, *got.client, escaped(*name), signals);
  if (code != exit_ok) return code;
  const auto released = got.lock.release();
  return released ? exit_ok : failed(released.error());
}

}  // namespace

Run declare_lock(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("NAME", options->name, "what to lock: any bytes, 255 at most")->required();
  add_mode_option(app, options->mode);
  add_patience_options(app, options->patience);
  app.add_option("--lockspace", options->lockspace, "the lockspace of the name (default: default)");
  app.add_option("--label", options->label, "free text that `holdfast ls` shows");
  return [options](const Common& common) { return lock(common, *options); };
}

}  // namespace holdfast::cli
