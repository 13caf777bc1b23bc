// SPDX-License-Identifier: Apache-2.0
// How the look commands draw a resource.
#pragma once

#include "model/ids.hpp"
#include "model/mode.hpp"
#include "model/value.hpp"
#include "wire/shared_parts.hpp"

#include <string>
#include <vector>

namespace holdfast::sim {

struct LockPicture {
  wire::LockStanding standing{};
  std::string who;  // empty: an orphan
  Mode granted = Mode::NL;
  Mode wanted = Mode::NL;
  NodeId node;  // none: there is no cluster
};

struct ResourcePicture {
  std::string name;
  NodeId master, home;  // none: there is no cluster
  ValueState value_state = ValueState::never_written;
  std::string value;
  std::vector<LockPicture> locks;  // granted, converting, waiting: each in their order
};

// The first line is the resource, an indented one for each lock. Granted locks stand in the order
// of their names: the order of the granted queue means nothing.
[[nodiscard]] std::vector<std::string> drawn(ResourcePicture picture);

}  // namespace holdfast::sim
