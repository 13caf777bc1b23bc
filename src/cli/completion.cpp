// SPDX-License-Identifier: Apache-2.0
// `holdfast completion bash`: prints the script in completion/holdfast.bash, which is compiled in.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"
#include "generated/completion_bash.hpp"

namespace holdfast::cli {

Run declare_completion(CLI::App& app) {
  app.add_subcommand("bash", "for bash: source <(holdfast completion bash)");
  app.require_subcommand(1, 1);
  return [](const Common&) { return print(completion_bash) ? exit_ok : exit_failed; };
}

}  // namespace holdfast::cli
