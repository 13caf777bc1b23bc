// SPDX-License-Identifier: Apache-2.0
// FormerPeer: another node as an earlier life of this one knew it last: a member, or lost with its lease still
// running. It may believe in locks by what that life answered.
#pragma once

#include "model/ids.hpp"

namespace holdfast {

struct FormerPeer {
  NodeId node;
  Incarnation incarnation;
  std::uint32_t votes = 1;
  friend bool operator==(const FormerPeer&, const FormerPeer&) = default;
};

}  // namespace holdfast
