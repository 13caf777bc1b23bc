// SPDX-License-Identifier: Apache-2.0
// What happens to the value block at a grant and at the end of a lock: value_move_table carried
// out. Owns I8 (a reader sees the last write, or is told that it is doubtful).
#pragma once

#include "lock/resource.hpp"

#include <string_view>

namespace holdfast::lock {

struct Moved {
  ValueMove move = ValueMove::none;
  bool doubtful = false;
};
// The lock's mode changes from lock.granted to `mode`.
Moved move_value(Value& value, const Lock& lock, Mode mode, std::string_view fresh);
// A lock that held `held` ends.
void give_up_value(Value& value, Mode held, const Ending& ending);

}  // namespace holdfast::lock
