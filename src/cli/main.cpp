// SPDX-License-Identifier: Apache-2.0
// The program `holdfast`: finds the verb, has its options parsed, does it. What verbs there are is
// in verbs.cpp. CLI11 reports wrong usage by throwing, so it is caught here.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"
#include "cli/verb.hpp"
#include "model/name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <optional>
#include <span>

namespace holdfast::cli {
namespace {

#ifndef HOLDFAST_VERSION
#define HOLDFAST_VERSION "unknown"
#endif

const Verb* find_verb(std::string_view name) {
  const auto all = verbs();
  const auto verb = std::ranges::find(all, name, &Verb::name);
  return verb == all.end() ? nullptr : &*verb;
}

std::string help_text() {
  std::string text = fmt::format("{}\n\n  holdfast [OPTIONS] VERB ...\n",
                                 coloured(Colour::bold, "holdfast: locks for a cluster"));
  std::optional<Group> group;
  for (const Verb& verb : verbs()) {
    if (group != verb.group)
      text += fmt::format("\n{}\n", coloured(Colour::bold, heading_of(verb.group)));
    group = verb.group;
    text += fmt::format("  {:<12}{}\n", verb.name, verb.summary);
  }
  text += fmt::format(
      "\n{}\n"
      "  --socket PATH     the daemon to talk to (else $HOLDFAST_SOCKET, else "
      "/run/holdfast/holdfast.sock)\n"
      "  --dir DIR         of a local cluster that `holdfast up` started; --node N picks one of "
      "its nodes\n"
      "  --json            output for programs\n"
      "  --escaped         names and values are written as output shows them: \\\\ and \\xNN\n"
      "  --version, --help\n"
      "\n{}\n"
      "  holdfast up --nodes 3 --detach && export HOLDFAST_SOCKET=...\n"
      "  holdfast run backup -- ./nightly.sh\n"
      "  holdfast ls\n"
      "\n`holdfast VERB --help` tells more, with examples.\n",
      coloured(Colour::bold, "Options for every verb"), coloured(Colour::bold, "Examples"));
  return text;
}

std::string verb_names() {
  std::string names;
  for (const Verb& verb : verbs()) names.append(names.empty() ? "" : ", ").append(verb.name);
  return names;
}

void add_common_options(CLI::App& app, Common& common) {
  app.add_option("--socket", common.socket, "the daemon to talk to")->type_name("PATH");
  app.add_option("--dir", common.dir, "directory of a local cluster")->type_name("DIR");
  app.add_option("--node", common.node, "which node of the local cluster")
      ->type_name("N")
      ->transform(node_number());
  app.add_flag("--json", common.json, "output for programs");
  app.add_flag("--escaped", common.escaped, "names and values are escaped");
}

std::string footer_of(const Verb& verb) {
  return fmt::format(
      "\nExamples:\n{}\n\n--socket, --dir, --node, --json and --escaped work with every verb: "
      "see holdfast --help.",
      verb.examples);
}

// The parser and what each verb declared.
struct Parser {
  CLI::App app;
  Common common;
  std::vector<Run> runs;
};

void build(Parser& parser) {
  parser.app.require_subcommand(0, 1);
  parser.app.set_help_flag("");
  add_common_options(parser.app, parser.common);
  for (const Verb& verb : verbs()) {
    if (verb.arguments == Arguments::handed_on) {
      parser.runs.emplace_back();
      continue;
    }
    CLI::App* sub = parser.app.add_subcommand(std::string(verb.name), std::string(verb.summary));
    sub->fallthrough();
    sub->set_help_flag("--help,-h", "print this help");
    sub->footer(footer_of(verb));
    parser.runs.push_back(verb.declare(*sub));
  }
}

// The first argument that is no option, nor the value of one.
std::optional<std::size_t> find_verb_argument(std::span<char*> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (!argument.starts_with('-')) return i;
    if (argument == "--socket" || argument == "--dir" || argument == "--node") ++i;
  }
  return std::nullopt;
}

int usage(const Verb& verb, const std::string& what) {
  std::string line = what.substr(0, what.find('\n'));
  complain(fmt::format("{}: {} (see: holdfast {} --help)", verb.name, line, verb.name));
  return exit_usage;
}

int parse_and_run(const Verb& verb, std::span<char*> arguments) {
  Parser parser;
  build(parser);
  auto end = arguments.end();
  if (verb.arguments == Arguments::parsed_before_command) {
    end = std::ranges::find(arguments, std::string_view("--"));
    if (end != arguments.end()) parser.common.command.assign(end + 1, arguments.end());
  }
  try {
    // CLI11 takes them from the back.
    parser.app.parse(std::vector<std::string>(std::make_reverse_iterator(end), arguments.rend()));
  } catch (const CLI::CallForHelp& help) {
    return parser.app.exit(help);
  } catch (const CLI::ParseError& error) {
    return usage(verb, error.what());
  }
  if (parser.common.node && parser.common.dir.empty())
    return usage(verb, "--node picks a node of the local cluster that --dir DIR names; there is no --dir");
  const auto row = static_cast<std::size_t>(&verb - verbs().data());
  return parser.runs[row](parser.common);
}

int run_main(std::span<char*> arguments) {
  const auto at = find_verb_argument(arguments);
  const auto before = arguments.first(at.value_or(arguments.size()));
  const auto asks = [&](std::string_view option) {
    return std::ranges::find(before, option) != before.end();
  };
  if (asks("--version")) return print("holdfast " HOLDFAST_VERSION "\n") ? exit_ok : exit_failed;
  if (asks("--help") || asks("-h")) return print(help_text()) ? exit_ok : exit_failed;
  if (!at) {
    complain(fmt::format("which verb? allowed are {} (see: holdfast --help)", verb_names()));
    return exit_usage;
  }
  const Verb* verb = find_verb(arguments[*at]);
  if (verb == nullptr) {
    complain(fmt::format("unknown verb '{}'; allowed are {} (see: holdfast --help)",
                         escaped(arguments[*at]), verb_names()));
    return exit_usage;
  }
  if (verb->arguments == Arguments::handed_on)
    return hand_on("holdfast-" + std::string(verb->name), arguments.subspan(*at + 1));
  return parse_and_run(*verb, arguments);
}

}  // namespace
}  // namespace holdfast::cli

int main(int argc, char** argv) {
  // A reader that went away (`holdfast ls | head`) is an error of write(), not the end of us.
  std::signal(SIGPIPE, SIG_IGN);
  const auto count = static_cast<std::size_t>(argc);
  return holdfast::cli::run_main(std::span(argv, count).subspan(count > 0 ? 1 : 0));
}
