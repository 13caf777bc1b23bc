// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/script.hpp"

#include <algorithm>

namespace holdfast::sim {

bool Block::steps() const {
  return std::ranges::any_of(commands, [](const Command& command) {
    const auto* node = std::get_if<NodeCommand>(&command.action);
    return node != nullptr && node->action == NodeAction::step;
  });
}

const ClusterLine* Script::cluster() const {
  if (blocks.empty() || blocks.front().commands.empty()) return nullptr;
  return std::get_if<ClusterLine>(&blocks.front().commands.front().action);
}

std::string_view name_of(NodeAction action) {
  switch (action) {
    case NodeAction::step:
      return "step";
    case NodeAction::crash:
      return "crash";
    case NodeAction::restart:
      return "restart";
    case NodeAction::join:
      return "join";
    case NodeAction::leave:
      return "leave";
    case NodeAction::fence_ack:
      return "fence-ack";
    case NodeAction::poll:
      return "poll";
    case NodeAction::kill_daemon:
      return "kill daemon";
  }
  return "?";
}

std::string_view name_of(LookAt at) {
  switch (at) {
    case LookAt::resource:
      return "show NAME";
    case LookAt::members:
      return "show members";
    case LookAt::deadlocks:
      return "show deadlocks";
    case LookAt::tokens:
      return "show tokens";
    case LookAt::messages:
      return "messages";
  }
  return "?";
}

}  // namespace holdfast::sim
