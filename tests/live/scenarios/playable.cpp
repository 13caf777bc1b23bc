// SPDX-License-Identifier: Apache-2.0
#include "playable.hpp"

#include <variant>

namespace holdfast::live {

std::string why_not(const sim::Script& script) {
  if (script.cluster() != nullptr)
    for (const auto& [key, value] : script.cluster()->settings)
      if (key == "votes" || key == "tie_breaker") return "it counts votes";
  for (const sim::Block& block : script.blocks)
    for (const sim::Command& command : block.commands) {
      const auto* node = std::get_if<sim::NodeCommand>(&command.action);
      const auto* look = std::get_if<sim::Look>(&command.action);
      if (std::holds_alternative<sim::Traffic>(command.action))
        return "it holds, drops or doubles messages";
      if (std::holds_alternative<sim::Partition>(command.action))
        return "it cuts the network in parts";
      if (std::holds_alternative<sim::ClockChange>(command.action)) return "it sets a clock";
      const auto* view = std::get_if<sim::ViewCommand>(&command.action);
      if (view != nullptr && !view->quorate) return "it takes the quorum away";
      if (node != nullptr && node->action == sim::NodeAction::step)
        return "it steps a node by hand";
      if (look != nullptr && look->at == sim::LookAt::messages) return "it counts messages";
      if (look != nullptr && look->at == sim::LookAt::deadlocks) return "it looks for deadlocks";
    }
  return {};
}

}  // namespace holdfast::live
