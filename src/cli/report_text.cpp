// SPDX-License-Identifier: Apache-2.0
#include "cli/report_text.hpp"

#include "base/assert.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace holdfast::cli {
namespace {

using Json = nlohmann::ordered_json;

std::int64_t milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace

bool is_valid(const NodeInfo& node) { return node.deadline_left > std::chrono::nanoseconds{0}; }

std::string_view name_of(ValueState state) {
  switch (state) {
    case ValueState::never_written:
      return "never written";
    case ValueState::valid:
      return "valid";
    case ValueState::doubtful:
      return "doubtful";
  }
  HF_ASSERT(!"unknown state");
}

std::string path_of(const ResourceInfo& resource) {
  std::string bytes;
  for (const std::string& name : resource.above) bytes += name + "::";
  return bytes + resource.name;
}

std::string path_text(const ResourceInfo& resource) {
  std::string text;
  for (const std::string& name : resource.above) text += escaped(name) + "::";
  return text + escaped(resource.name);
}

std::string name_text(const ResourceInfo& resource) {
  const bool usual = resource.lockspace == default_lockspace;
  return (usual ? "" : escaped(resource.lockspace) + ":") + path_text(resource);
}

std::string node_text(NodeId node) { return node ? fmt::format("n{}", node.value()) : "-"; }

std::string mode_text(const LockInfo& lock) {
  using holdfast::name_of;
  switch (lock.standing) {
    case LockStanding::granted:
      return std::string(name_of(lock.granted));
    case LockStanding::converting:
      return fmt::format("{}->{}", name_of(lock.granted), name_of(lock.wanted));
    case LockStanding::waiting:
      return std::string(name_of(lock.wanted));
  }
  HF_ASSERT(!"unknown standing");
}

std::string value_text(const ResourceInfo& resource) {
  const std::string text = resource.write_number == 0 ? "-" : escaped(resource.value);
  return resource.value_state == ValueState::doubtful ? text + " (doubtful)" : text;
}

std::string member_text(const Member& member) {
  return fmt::format("{}={}@{}", member.node.value(), member.address, member.incarnation.value());
}

Json to_json(const OwnerInfo& owner) {
  return {{"node", owner.node.value()},        {"id", owner.owner.value()},
          {"pid", owner.pid},                  {"start_ticks", owner.start_ticks},
          {"uid", owner.uid},                  {"user", escaped(owner.user)},
          {"command", escaped(owner.command)}, {"label", escaped(owner.label)}};
}

Json to_json(const LockInfo& lock) {
  using holdfast::name_of;
  Json json{
      {"standing", name_of(lock.standing)}, {"node", lock.node.value()}, {"id", lock.id.value()}};
  if (lock.standing != LockStanding::waiting) json["mode"] = name_of(lock.granted);
  if (lock.standing != LockStanding::granted) json["wanted"] = name_of(lock.wanted);
  if (lock.token) json["token"] = to_text(lock.token);
  json["age_ms"] = milliseconds(lock.age);
  json["since"] = since_iso(lock.age);
  json["orphan"] = lock.orphan;
  if (lock.tag != 0) json["tag"] = lock.tag;
  if (lock.parent) json["parent"] = lock.parent.value();
  json["owner"] = to_json(lock.owner);
  return json;
}

Json to_json(const ResourceInfo& resource) {
  Json locks = Json::array();
  for (const LockInfo& lock : resource.locks) locks.push_back(to_json(lock));
  Json above = Json::array();
  for (const std::string& name : resource.above) above.push_back(escaped(name));
  return {{"lockspace", escaped(resource.lockspace)},
          {"above", std::move(above)},
          {"name", escaped(resource.name)},
          {"master", resource.master.value()},
          {"home", resource.home.value()},
          {"mastership", resource.mastership.value()},
          {"recovering", resource.recovering},
          {"value",
           {{"state", name_of(resource.value_state)},
            {"write_number", resource.write_number},
            {"bytes", escaped(resource.value)}}},
          {"locks", std::move(locks)}};
}

Json to_json(const View& view) {
  Json members = Json::array();
  for (const Member& member : view.members)
    members.push_back({{"node", member.node.value()},
                       {"address", escaped(member.address)},
                       {"incarnation", member.incarnation.value()},
                       {"weight", member.weight},
                       {"votes", member.votes}});
  Json json{{"epoch", view.epoch.value()},
            {"quorate", view.quorate},
            {"configured_votes", view.configured_votes}};
  if (view.tie_breaker) json["tie_breaker"] = view.tie_breaker.value();
  if (view.device_votes != 0)
    json["device"] = {{"votes", view.device_votes}, {"timeout_ms", view.device_timeout.count()}};
  json["members"] = std::move(members);
  return json;
}

Json to_json(const LockspaceInfo& info) {
  Json members = Json::array();
  for (const NodeId node : info.members) members.push_back(node.value());
  Json json{{"name", escaped(info.name)}, {"members", std::move(members)}, {"joins", info.joins}};
  if (info.joins > 0) {
    json["mode"] = fmt::format("{:04o}", info.mode);
    json["uid"] = info.uid;
    json["gid"] = info.gid;
  }
  json["change"] = {
      {"number", info.change}, {"joined", info.joined}, {"left", info.left}, {"failed", info.failed}};
  return json;
}

Json to_json(const NodeInfo& node) {
  Json peers = Json::array();
  for (const NodeId peer : node.peers_connected) peers.push_back(peer.value());
  Json waits = Json::array();
  for (const LeaseWait& wait : node.lease_waits)
    waits.push_back({{"node", wait.node.value()},
                     {"incarnation", wait.incarnation.value()},
                     {"left_ms", milliseconds(wait.left)}});
  return {{"node", node.node.value()},
          {"incarnation", node.incarnation.value()},
          {"member",
           member_text(
               {.node = node.node, .incarnation = node.incarnation, .address = node.peer_address})},
          {"cluster", escaped(node.cluster)},
          {"version", escaped(node.version)},
          {"phase", holdfast::name_of(node.phase)},
          {"valid", is_valid(node)},
          {"peer_address", escaped(node.peer_address)},
          {"lease_ms", milliseconds(node.lease)},
          {"deadline_left_ms", milliseconds(node.deadline_left)},
          {"uptime_ms", milliseconds(node.uptime)},
          {"sessions", node.sessions},
          {"locks", node.claims},
          {"resources_mastered", node.resources_mastered},
          {"moved", node.moved},
          {"moved_by_use", node.moved_by_use},
          {"directory_entries", node.directory_entries},
          {"peers_connected", std::move(peers)},
          {"lease_waits", std::move(waits)},
          {"view", to_json(node.view)}};
}

}  // namespace holdfast::cli
