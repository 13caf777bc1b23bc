// SPDX-License-Identifier: Apache-2.0
#include "cli/wait_text.hpp"

#include "cli/lock_id.hpp"
#include "cli/report_text.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>

namespace holdfast::cli {
namespace {

// "held in PR (for 3 s)", "behind EX in the queue (for 5 s)".
std::string reason(const LockInfo& blocker, BlockKind kind) {
  if (kind == BlockKind::holds)
    return fmt::format("held in {}{} ({})", name_of(blocker.granted), blocker.orphan ? " by an orphan" : "",
                       blocker.standing == LockStanding::granted ? "for " + time_text(blocker.age)
                                                                 : "converting to " + std::string(name_of(blocker.wanted)));
  return fmt::format("behind {} in the queue (for {})", mode_text(blocker), time_text(blocker.age));
}

}  // namespace

const OwnerInfo& facts_of(const WaitGraph& graph, const WaitOwner& owner) {
  return graph.lock(graph.places(owner).front()).owner;
}

std::string owner_text(const WaitGraph& graph, const WaitOwner& owner) {
  const OwnerInfo& facts = facts_of(graph, owner);
  std::string text = fmt::format("{}  pid {}  {}", node_text(owner.node), facts.pid, escaped(facts.user));
  if (!facts.label.empty()) text += "  label " + escaped(facts.label);
  if (!facts.command.empty()) text += "  " + escaped(facts.command);
  return text;
}

std::string wait_text(const WaitGraph& graph, const WaitTree::Node& node) {
  const LockInfo& lock = graph.lock(*node.waits);
  const ResourceInfo& resource = graph.resource(*node.waits);
  std::string text = fmt::format("waits {} for {} on {}", time_text(lock.age), mode_text(lock), name_text(resource));
  text += "  " + to_text(LockId{.node = lock.node, .lock = lock.id});
  if (node.behind) {
    text += ": " + reason(graph.lock(*node.behind), node.kind);
    if (node.others != 0) text += fmt::format(", and {} more in its way", node.others);
  } else if (resource.recovering) {
    text += ": the name is being recovered";
  } else if (node.cycle == 0) {
    text += ": nobody is in its way any more, or its master has no quorum";
  }
  return text;
}

std::string_view line_text(WaitTree::Line line) {
  switch (line) {
    case WaitTree::Line::full: return "";
    case WaitTree::Line::again: return "  (see above)";
    case WaitTree::Line::closes_cycle: return "  (closes the cycle)";
  }
  return "";
}

}  // namespace holdfast::cli
