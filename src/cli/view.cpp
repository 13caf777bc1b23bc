// SPDX-License-Identifier: Apache-2.0
// `holdfast view`: prints the membership that a node acts on; `view set` gives it the next one.
#include "base/limits.hpp"
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

namespace holdfast::cli {
namespace {

struct Options {
  CLI::App* set = nullptr;
  std::uint64_t epoch = 0;
  std::vector<std::string> members;
  std::optional<std::uint32_t> votes;
  std::uint32_t tie_breaker = 0;
  std::uint32_t device_votes = 0;
  std::string device_timeout;
  bool without_quorum = false;
};

std::string text_of(const View& view) {
  std::string text = fmt::format("epoch {}  {}  {} votes configured\n", view.epoch.value(),
                                 view.quorate ? "quorate" : coloured(Colour::red, "without quorum"),
                                 view.configured_votes);
  if (view.tie_breaker) text += fmt::format("  tie-breaker  node {}\n", view.tie_breaker.value());
  if (view.device_votes != 0)
    text += fmt::format("  quorum device  votes {}  timeout {}\n", view.device_votes,
                        time_text(view.device_timeout));
  for (const Member& member : view.members)
    text += fmt::format("  {}  weight {}  votes {}\n", escaped(member_text(member)), member.weight,
                        member.votes);
  return text;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// "N=ADDRESS:PORT@INCARNATION"
std::optional<Member> parse_life(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::size_t at = text.rfind('@');
  if (equals == std::string::npos || at == std::string::npos || at < equals) return std::nullopt;
  const auto node = parse_number<std::uint32_t>(text.substr(0, equals));
  const auto incarnation = parse_number<std::uint64_t>(text.substr(at + 1));
  if (!node || !incarnation) return std::nullopt;
  return Member{.node = NodeId{*node},
                .incarnation = Incarnation{*incarnation},
                .address = std::string(text.substr(equals + 1, at - equals - 1))};
}

// "votes=V" or "weight=W"
bool take_trait(Member& member, std::string_view text) {
  constexpr std::pair<std::string_view, std::uint32_t Member::*> traits[] = {
      {"votes=", &Member::votes}, {"weight=", &Member::weight}};
  for (const auto& [name, place] : traits) {
    if (!text.starts_with(name)) continue;
    const auto number = parse_number<std::uint32_t>(text.substr(name.size()));
    if (number) member.*place = *number;
    return number.has_value();
  }
  return false;
}

Result<Member> parse_member(std::string_view text) {
  std::size_t comma = std::min(text.find(','), text.size());
  std::optional<Member> member = parse_life(text.substr(0, comma));
  while (member && comma < text.size()) {
    const std::size_t next = std::min(text.find(',', comma + 1), text.size());
    if (!take_trait(*member, text.substr(comma + 1, next - comma - 1))) member.reset();
    comma = next;
  }
  if (member) return *std::move(member);
  return Error{Errc::bad_argument,
               fmt::format("'{}' is no member; write N=ADDRESS:PORT@INCARNATION as `holdfast status` "
                           "prints it, and after it ,votes=V or ,weight=W if they are not 1",
                           escaped(text))};
}

Result<void> take_device(View& view, const Options& options) {
  if ((options.device_votes != 0) != !options.device_timeout.empty())
    return Error{Errc::bad_argument,
                 "--device-votes and --device-timeout belong together: how long may the device stay "
                 "with the side that it chose before?"};
  if (options.device_votes == 0) return {};
  HF_TRY(const Duration timeout, parse_time(options.device_timeout));
  view.device_votes = options.device_votes;
  view.device_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(timeout);
  return {};
}

// Saturates: a view with so many votes is refused elsewhere, or can never be a majority.
std::uint32_t votes_there(const View& view) {
  std::uint64_t votes = view.device_votes;
  for (const Member& member : view.members) votes += member.votes;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(votes, UINT32_MAX));
}

Result<View> view_of(const Options& options) {
  View view{.epoch = Epoch{options.epoch},
            .quorate = !options.without_quorum,
            .tie_breaker = NodeId{options.tie_breaker}};
  for (const std::string& text : options.members) {
    HF_TRY(Member member, parse_member(text));
    view.members.push_back(std::move(member));
  }
  if (const auto taken = take_device(view, options); !taken) return taken.error();
  view.configured_votes = options.votes.value_or(votes_there(view));
  if (view.configured_votes < votes_there(view))
    return Error{Errc::bad_argument,
                 fmt::format("--votes {}: members and device have {} already; it counts also those "
                             "that are not there",
                             view.configured_votes, votes_there(view))};
  return checked(std::move(view));
}

int set_view(const Common& common, const Options& options) {
  const auto view = view_of(options);
  if (!view) return refused_argument("view", view.error());
  auto client = connect(common);
  if (!client) return failed(client.error());
  const auto set = client->set_view(*view);
  return set ? exit_ok : failed(set.error());
}

int view(const Common& common, const Options& options) {
  if (options.set->parsed()) return set_view(common, options);
  auto client = connect(common);
  if (!client) return failed(client.error());
  const auto node = client->status();
  if (!node) return failed(node.error());
  return print(common.json ? to_json(node->view).dump(2) + "\n" : text_of(node->view))
             ? exit_ok
             : exit_failed;
}

}  // namespace

Run declare_view(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  options->set =
      app.add_subcommand("set", "tell this node its next view (operators, manual membership)");
  options->set->fallthrough();
  options->set->add_option("--epoch", options->epoch, "larger than every earlier one")->required();
  options->set
      ->add_option("--member", options->members,
                   "N=ADDRESS:PORT@INCARNATION[,votes=V][,weight=W], once for each member")
      ->required()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  options->set->add_option("--votes", options->votes,
                           "votes of the whole cluster, also of nodes that are not there (default: "
                           "those of the members and the device)")
      ->type_name("V");
  options->set
      ->add_option("--tie-breaker", options->tie_breaker,
                   "the node whose side goes on if exactly half of the votes are there")
      ->type_name("NODE")
      ->transform(node_number());
  options->set->add_option("--device-votes", options->device_votes, "votes of a quorum device")
      ->type_name("V")
      ->check(CLI::Range(1U, UINT32_MAX));
  options->set
      ->add_option("--device-timeout", options->device_timeout,
                   "how long the device may stay with the side that it chose before: 500ms, 5s, ...")
      ->type_name("TIME");
  options->set->add_flag("--without-quorum,--no-quorum", options->without_quorum,
                         "nothing new is granted");
  return [options](const Common& common) { return view(common, *options); };
}

}  // namespace holdfast::cli
