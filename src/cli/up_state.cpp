// SPDX-License-Identifier: Apache-2.0
#include "cli/up_state.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <sys/stat.h>

namespace holdfast::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string state_file(const std::string& dir) { return dir + "/up.json"; }

template <class Number>
Number number_in(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() && found->is_number_unsigned() ? found->get<Number>() : Number{};
}

ProcessName process_in(const Json& json) {
  return {.pid = number_in<pid_t>(json, "pid"),
          .start_ticks = number_in<std::uint64_t>(json, "start_ticks")};
}

UpNode node_in(const Json& json) {
  return {.node = number_in<unsigned>(json, "node"),
          .process = process_in(json),
          .incarnation = Incarnation{number_in<std::uint64_t>(json, "incarnation")},
          .address = json.is_object() ? json.value("address", "") : "",
          .left_out = Incarnation{number_in<std::uint64_t>(json, "left_out")}};
}

Result<void> make_dir(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return last_error(Errc::cannot_write, path);
}

}  // namespace

std::string node_dir(const std::string& dir, unsigned node) {
  return fmt::format("{}/n{}", dir, node);
}

std::string restart_order(const std::string& dir, unsigned node) {
  return node_dir(dir, node) + "/restart";
}

Result<std::optional<UpState>> read_up_state(const std::string& dir) {
  const auto content = read_file(state_file(dir));
  if (!content) return std::optional<UpState>();
  const Json json = Json::parse(*content, nullptr, false);
  if (!json.is_object())
    return Error{Errc::cannot_read, state_file(dir) + " is no state file of `holdfast up`"};
  UpState state{.supervisor = process_in(json.value("supervisor", Json())),
                .epoch = Epoch{number_in<std::uint64_t>(json, "epoch")}};
  for (const Json& node : json.value("nodes", Json::array())) state.nodes.push_back(node_in(node));
  return std::optional(std::move(state));
}

Result<void> write_up_state(const std::string& dir, const UpState& state) {
  Json nodes = Json::array();
  for (const UpNode& node : state.nodes)
    nodes.push_back({{"node", node.node},
                     {"pid", static_cast<std::uint64_t>(node.process.pid)},
                     {"start_ticks", node.process.start_ticks},
                     {"incarnation", node.incarnation.value()},
                     {"address", node.address},
                     {"left_out", node.left_out.value()},
                     {"socket", node_dir(dir, node.node) + "/holdfast.sock"}});
  const Json json{{"supervisor",
                   {{"pid", static_cast<std::uint64_t>(state.supervisor.pid)},
                    {"start_ticks", state.supervisor.start_ticks}}},
                  {"epoch", state.epoch.value()},
                  {"nodes", std::move(nodes)}};
  return replace_file(state_file(dir), json.dump(2) + "\n");
}

Result<void> make_up_dirs(const std::string& dir, unsigned nodes) {
  auto made = make_dir(dir);
  for (unsigned node = 1; node <= nodes && made; ++node) {
    made = make_dir(node_dir(dir, node));
    if (made) made = make_dir(node_dir(dir, node) + "/state");
  }
  return made;
}

}  // namespace holdfast::cli
