// SPDX-License-Identifier: Apache-2.0
#include "sim/workloads/habit.hpp"

#include <algorithm>
#include <array>

namespace holdfast::sim {

std::span<const HabitRow> habit_table() {
  static constexpr std::array rows{
      HabitRow{"random", "lock, convert, unlock and cancel a few names at random", make_random},
      HabitRow{"trees", "the same with sub-locks", make_trees},
      HabitRow{"counter", "read, add one and write under EX: no update may be lost", make_counter},
      HabitRow{"ring", "convert up and down around a ring of resources", make_ring},
      HabitRow{"ledger", "move money between accounts under EX: the sum stays", make_ledger},
      HabitRow{"visitor", "use a name for a while and leave it: masters change hands", make_visitor},
      HabitRow{"uneven", "one node is busy on its own, the others come rarely: clocks differ", make_uneven},
      HabitRow{"knots", "hold several names and wait for more, in any order: deadlocks", make_knots},
      HabitRow{"mortal", "die with locks and requests: no orphan may stay", make_mortal},
  };
  return rows;
}

const HabitRow* find_habit(std::string_view name) {
  const auto rows = habit_table();
  const auto row = std::ranges::find(rows, name, &HabitRow::name);
  return row == rows.end() ? nullptr : &*row;
}

}  // namespace holdfast::sim
