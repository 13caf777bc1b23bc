// SPDX-License-Identifier: Apache-2.0
// `holdfast view`: prints the membership that a node acts on; `view set` gives it the next one.
#include "base/limits.hpp"
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <memory>
#include <optional>

namespace holdfast::cli {
namespace {

struct Options {
  CLI::App* set = nullptr;
  std::uint64_t epoch = 0;
  std::vector<std::string> members;
  std::optional<std::uint32_t> votes;
  bool without_quorum = false;
};

std::string text_of(const View& view) {
  std::string text = fmt::format("epoch {}  {}  {} votes configured\n", view.epoch.value(),
                                 view.quorate ? "quorate" : coloured(Colour::red, "without quorum"),
                                 view.configured_votes);
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

Result<Member> parse_member(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::size_t at = text.rfind('@');
  if (equals != std::string::npos && at != std::string::npos && equals < at) {
    const auto node = parse_number<std::uint32_t>(std::string_view(text).substr(0, equals));
    const auto incarnation = parse_number<std::uint64_t>(std::string_view(text).substr(at + 1));
    if (node && incarnation)
      return Member{.node = NodeId{*node},
                    .incarnation = Incarnation{*incarnation},
                    .address = text.substr(equals + 1, at - equals - 1)};
  }
  return Error{
      Errc::bad_argument,
      fmt::format(
          "'{}' is no member; write N=ADDRESS:PORT@INCARNATION as `holdfast status` prints it",
          escaped(text))};
}

Result<View> view_of(const Options& options) {
  View view{.epoch = Epoch{options.epoch}, .quorate = !options.without_quorum};
  for (const std::string& text : options.members) {
    HF_TRY(Member member, parse_member(text));
    view.configured_votes += member.votes;
    view.members.push_back(std::move(member));
  }
  if (options.votes) view.configured_votes = *options.votes;
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
      ->add_option("--member", options->members, "N=ADDRESS:PORT@INCARNATION, once for each member")
      ->required()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  options->set->add_option("--votes", options->votes,
                           "votes of the whole cluster (default: one for each member)");
  options->set->add_flag("--without-quorum", options->without_quorum, "nothing new is granted");
  return [options](const Common& common) { return view(common, *options); };
}

}  // namespace holdfast::cli
