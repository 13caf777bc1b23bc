// SPDX-License-Identifier: Apache-2.0
#include "lock/value.hpp"

namespace holdfast::lock {

Moved move_value(Value& value, const Lock& lock, Mode mode, std::string_view fresh) {
  const bool moves = lock.flags.has(Flag::valblk);
  const bool doubtful = value.state == ValueState::doubtful;
  switch (value_move(lock.granted, mode)) {
    case ValueMove::read:
      // What nobody ever wrote reads as nothing, whatever happened to a writer.
      return moves ? Moved{.move = ValueMove::read, .doubtful = doubtful && value.has_bytes()}
                   : Moved{};
    case ValueMove::write:
      if (lock.flags.has(Flag::ivvalblk)) {
        value.doubt();
        return {};
      }
      if (!moves) return {};
      value.write(fresh);
      return {.move = ValueMove::write};
    case ValueMove::none:
      // Nothing moves, but who gives up a right to read learns that what it read is in doubt by
      // now, even if it read that there was nothing (recorded).
      return {.doubtful = doubtful};
  }
  HF_ASSERT(false);
  return {};
}

void give_up_value(Value& value, Mode held, const Ending& ending) {
  if (!writes_value(held)) return;
  if (ending.flags.has(Flag::ivvalblk)) {
    value.doubt();
  } else if (ending.flags.has(Flag::valblk)) {
    value.write(ending.value);
  }
}

}  // namespace holdfast::lock
