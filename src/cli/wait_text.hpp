// SPDX-License-Identifier: Apache-2.0
// The words for who waits for whom, in `why` and `top`.
#pragma once

#include <string>

#include "holdfast/wait_graph.hpp"

namespace holdfast::cli {

// What is known of an owner of that graph.
[[nodiscard]] const OwnerInfo& facts_of(const WaitGraph& graph, const WaitOwner& owner);
// "n1  pid 4711  alice  label nightly  backup --all".
[[nodiscard]] std::string owner_text(const WaitGraph& graph, const WaitOwner& owner);
// "waits 3 s for EX on orders/17  n2#4294967297: held in EX (for 2 min 3 s)". REQUIRES: node.waits.
[[nodiscard]] std::string wait_text(const WaitGraph& graph, const WaitTree::Node& node);
// "  (see above)" and the like; empty for most.
[[nodiscard]] std::string_view line_text(WaitTree::Line line);

}  // namespace holdfast::cli
