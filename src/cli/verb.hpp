// SPDX-License-Identifier: Apache-2.0
// What a verb is: a row of the registry (verbs.cpp) and one file that declares its options and does
// it. A new verb is that file, its declaration below and its row.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cli {

// Options that every verb understands, written before or behind it.
struct Common {
  std::string socket;  // --socket
  std::string dir;     // --dir: of a local cluster of `up`
  std::optional<unsigned> node;  // --node: which of its nodes; none: the first
  bool json = false;   // --json
  bool escaped =
      false;  // --escaped: names and values on the command line are written as output shows them
  std::vector<std::string>
      command;  // what stands behind the first "--", where a verb takes a command
};

// Does the verb; the result is the exit code.
using Run = std::function<int(const Common&)>;

enum class Group { locks, looking, cluster, tools };
// What happens to the arguments behind the verb?
enum class Arguments {
  parsed,
  parsed_before_command,  // those behind the first "--" are a command
  handed_on,              // to another program, unread
};

struct Verb {
  std::string_view name;
  Group group;
  Arguments arguments;
  std::string_view summary;
  std::string_view examples;
  // Declares its options; what it returns is called once they are parsed. (handed_on: never called)
  Run (*declare)(CLI::App& app);
};

[[nodiscard]] std::span<const Verb> verbs();
[[nodiscard]] std::string_view heading_of(Group group);

Run declare_cluster(CLI::App& app);
Run declare_completion(CLI::App& app);
Run declare_deadlocks(CLI::App& app);
Run declare_demo(CLI::App& app);
Run declare_down(CLI::App& app);
Run declare_lock(CLI::App& app);
Run declare_lockspaces(CLI::App& app);
Run declare_history(CLI::App& app);
Run declare_ls(CLI::App& app);
Run declare_monitor(CLI::App& app);
Run declare_move(CLI::App& app);
Run declare_node(CLI::App& app);
Run declare_orphans(CLI::App& app);
Run declare_release(CLI::App& app);
Run declare_restart(CLI::App& app);
Run declare_run(CLI::App& app);
Run declare_self(CLI::App& app);
Run declare_show(CLI::App& app);
Run declare_status(CLI::App& app);
Run declare_top(CLI::App& app);
Run declare_up(CLI::App& app);
Run declare_value(CLI::App& app);
Run declare_view(CLI::App& app);
Run declare_why(CLI::App& app);
// A verb that another program does, found beside this one.
int hand_on(std::string_view program, std::span<char*> arguments);

}  // namespace holdfast::cli
