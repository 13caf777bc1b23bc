// SPDX-License-Identifier: Apache-2.0
// The verbs `sim`, `check` and `bench`: other programs of ours that take the arguments as they are.
#include "cli/environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/process.hpp"
#include "cli/terminal.hpp"
#include "cli/verb.hpp"

#include <csignal>
#include <unistd.h>

namespace holdfast::cli {

int hand_on(std::string_view program, std::span<char*> arguments) {
  const auto path = find_program(program);
  if (!path) return failed(path.error());
  std::vector<std::string> own{*path};
  std::vector<char*> argv{own.front().data()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  argv.push_back(nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  ::execv(path->c_str(), argv.data());
  return failed(last_error(Errc::cannot_start, *path));
}

}  // namespace holdfast::cli
