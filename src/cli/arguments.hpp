// SPDX-License-Identifier: Apache-2.0
// Arguments as the verbs share them: names as raw bytes, modes, times, which daemon to talk to.
// Each wrong one is refused with what is allowed.
#pragma once

#include "base/result.hpp"
#include "cli/verb.hpp"
#include "holdfast/client.hpp"

#include <string>
#include <string_view>

namespace holdfast::cli {

// The name as the bytes it was given, or unescaped under --escaped; 255 bytes at most, and empty only under
// --escaped.
[[nodiscard]] Result<std::string> name_argument(const Common& common, const std::string& text);
// The same for values, without a limit of our own: the daemon knows it.
[[nodiscard]] Result<std::string> bytes_argument(const Common& common, const std::string& text);

// --mode, as an option with NL ... EX in any case.
void add_mode_option(CLI::App& app, Mode& mode);

// For options that take a node: its number, or its name as we print it (2, n2). To be added with transform().
[[nodiscard]] CLI::Validator node_number();

// --wait T | --no-wait, into the two fields of LockOptions that they mean.
struct Patience {
  std::string wait;
  bool no_wait = false;
};
void add_patience_options(CLI::App& app, Patience& patience);
[[nodiscard]] Result<void> apply(const Patience& patience, LockOptions& options);

// A session with the daemon that --socket, --dir and --node or $HOLDFAST_SOCKET name.
[[nodiscard]] Result<Client> connect(const Common& common, ConnectOptions options = {});
// Where the daemon of a node of a local cluster listens.
[[nodiscard]] std::string socket_in(const std::string& dir, unsigned node);

// Reports a wrong argument; the result is the exit code for it.
[[nodiscard]] int refused_argument(std::string_view verb, const Error& error);

}  // namespace holdfast::cli
