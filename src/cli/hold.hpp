// SPDX-License-Identifier: Apache-2.0
// Holding locks for as long as somebody wants it, with everything that can end it before.
#pragma once

#include "cli/process.hpp"
#include "cli/verb.hpp"
#include "holdfast/client.hpp"

#include <string>

namespace holdfast::cli {

// Until the end of the input or one of `signals`; prints notices. An exit code: exit_lost if a lock or the
// session was lost, and then says so. `shown` names what is held, as it is to be printed.
[[nodiscard]] int hold_until_end(const Common& common, Client& client, const std::string& shown, const Fd& signals);

}  // namespace holdfast::cli
