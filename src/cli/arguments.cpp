// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.hpp"

#include "cli/environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

namespace holdfast::cli {

Result<std::string> bytes_argument(const Common& common, const std::string& text) {
  if (!common.escaped) return text;
  if (auto bytes = unescaped(text)) return *std::move(bytes);
  return Error{
      Errc::bad_argument,
      fmt::format("'{}' is not escaped as --escaped wants it: behind a backslash there must be "
                  "another one or xNN",
                  escaped(text))};
}

Result<std::string> name_argument(const Common& common, const std::string& text) {
  HF_TRY(std::string name, bytes_argument(common, text));
  // Mostly a shell variable that is not set: whoever runs two such commands would lock one name.
  if (name.empty() && !common.escaped)
    return Error{Errc::bad_name,
                 "the name is empty; if that is what you mean, add --escaped"};
  if (const auto checked = check_name(name); !checked) return checked.error();
  return name;
}

void add_mode_option(CLI::App& app, Mode& mode) {
  const auto parse = [&mode](const std::string& text) {
    const auto parsed = parse_mode(text);
    if (!parsed)
      throw CLI::ValidationError(
          "--mode", fmt::format("unknown mode '{}'; allowed are NL CR CW PR PW EX", escaped(text)));
    mode = *parsed;
  };
  app.add_option_function<std::string>("--mode,-m", parse, "NL CR CW PR PW or EX (default: EX)")
      ->type_name("MODE");
}

CLI::Validator node_number() {
  const auto check = [](std::string& text) -> std::string {
    const std::string digits = text.starts_with('n') ? text.substr(1) : text;
    unsigned number = 0;
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (wrong != std::errc{} || end != digits.data() + digits.size() || number == 0)
      return fmt::format("'{}' is no node; allowed is a number from 1, or a name such as n2", escaped(text));
    text = digits;
    return {};
  };
  return CLI::Validator(check, "");
}

void add_patience_options(CLI::App& app, Patience& patience) {
  auto* wait = app.add_option("--wait,-w", patience.wait,
                              "give up after this time, such as 500ms, 5s, 2m, 1h (default: as the lockspace says, else never)")
                   ->type_name("TIME");
  app.add_flag("--no-wait,-n", patience.no_wait, "give up at once if somebody else is in the way")
      ->excludes(wait);
}

Result<void> apply(const Patience& patience, LockOptions& options) {
  if (patience.no_wait) options.when_blocked = WhenBlocked::fail;
  if (patience.wait.empty()) return {};
  auto wait = parse_time(patience.wait);
  if (!wait) return Error{Errc::bad_argument, "--wait: " + wait.error().detail};
  options.wait_max = *wait;
  return {};
}

std::string socket_in(const std::string& dir, unsigned node) {
  return fmt::format("{}/n{}/holdfast.sock", dir, node);
}

Result<Client> connect(const Common& common, ConnectOptions options) {
  if (!common.socket.empty()) {
    options.socket = common.socket;
  } else if (!common.dir.empty()) {
    options.socket = socket_in(common.dir, common.node.value_or(1));
  } else {
    options.socket = socket_from_environment().value_or("");
  }
  return Client::connect(options);
}

int refused_argument(std::string_view verb, const Error& error) {
  complain(fmt::format("{}: {} (see: holdfast {} --help)", verb,
                       error.detail.empty() ? error.text() : error.detail, verb));
  return exit_usage;
}

}  // namespace holdfast::cli
