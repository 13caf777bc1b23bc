// SPDX-License-Identifier: Apache-2.0
// Getting a lock the way verbs do: connect, open the lockspace, ask. What goes wrong is reported
// with who stands in the way, and becomes an exit code.
#pragma once

#include "cli/verb.hpp"
#include "holdfast/client.hpp"

#include <optional>
#include <string>

namespace holdfast::cli {

struct Acquire {
  const Common& common;
  std::string lockspace;  // empty: "default"
  std::string name;
  Mode mode = Mode::EX;
  LockOptions options;
  ConnectOptions connect;
};

// Either a client with a lock, or no client and the exit code.
struct Acquired {
  std::optional<Client> client;
  Lock lock;
  int exit_code = 0;
};
[[nodiscard]] Acquired acquire(Acquire wanted);

// One line for each who holds or waits for the name, as far as it can be learnt.
[[nodiscard]] std::string who_has(Client& client, std::string_view lockspace,
                                  std::string_view name);

}  // namespace holdfast::cli
