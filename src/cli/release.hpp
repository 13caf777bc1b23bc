// SPDX-License-Identifier: Apache-2.0
// Forced releases on the command line: what `release` and `monitor` share.
#pragma once

#include "cli/verb.hpp"
#include "holdfast/monitor.hpp"

#include <span>
#include <string>

namespace holdfast::cli {

// --yes, --reason, --grace, --evidence.
struct ForceOptions {
  bool yes = false;
  std::string reason;
  std::string grace;
  std::string evidence = ".";
};
void add_force_options(CLI::App& app, ForceOptions& options);
[[nodiscard]] Result<ForcedRelease> forced_release(const ForceOptions& options);

// Does it, or says what it would do; the result is an exit code.
[[nodiscard]] int carry_out(const Common& common, Monitor& monitor, std::span<const GrantId> ids,
                            const ForcedRelease& how);

}  // namespace holdfast::cli
