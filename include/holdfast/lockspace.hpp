// SPDX-License-Identifier: Apache-2.0
// Ways into a lockspace and out of it. A program that only wants to lock opens it by name and is done. The
// other ways are those of the Linux DLM: a node is in a lockspace from its first join until it has left as
// often as it has joined, and whoever joins says who else may open it.
#pragma once

#include <cstdint>

namespace holdfast {

// Wire values: never renumber.
enum class LockspaceUse : std::uint8_t {
  any = 0,       // whether or not this node is in it
  existing = 1,  // only if this node is in it
  join = 2,
  join_new = 3,  // only if this node is not in it
};

enum class LeaveHow : std::uint8_t {
  if_unused = 0,  // the last leave needs that no program of this node has locks in it
  force = 1,      // they lose them, with their sessions (locks of other users: the operator only)
};

}  // namespace holdfast
