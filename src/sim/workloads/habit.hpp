// SPDX-License-Identifier: Apache-2.0
// Habit: what one kind of program does. A habit has programs at all nodes and may compare what they
// are told; it never looks behind what a user of the product can see.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace holdfast::sim {

class Desk;
struct Program;

class Habit {
 public:
  Habit() = default;
  virtual ~Habit() = default;
  Habit(const Habit&) = delete;
  Habit& operator=(const Habit&) = delete;

  // One thing that this program does now; nothing is an answer too.
  virtual void act(Desk& desk, Program& program) = 0;
  // A write that was made on top of `base` (0: of nothing, or unknown) is certain now.
  virtual void on_written(Desk&, std::uint64_t /*base*/, std::uint64_t /*write*/) {}
};

// What a run chooses for its habits.
struct HabitOptions {
  std::uint64_t names = 4;  // how many resources
};

struct HabitRow {
  std::string_view name;
  std::string_view what;
  std::unique_ptr<Habit> (*make)(const HabitOptions&);
};
// All of them, in the order in which their names are told.
[[nodiscard]] std::span<const HabitRow> habit_table();
[[nodiscard]] const HabitRow* find_habit(std::string_view name);

std::unique_ptr<Habit> make_random(const HabitOptions& options);
std::unique_ptr<Habit> make_trees(const HabitOptions& options);
std::unique_ptr<Habit> make_counter(const HabitOptions& options);
std::unique_ptr<Habit> make_ring(const HabitOptions& options);
std::unique_ptr<Habit> make_ledger(const HabitOptions& options);
std::unique_ptr<Habit> make_visitor(const HabitOptions& options);
std::unique_ptr<Habit> make_uneven(const HabitOptions& options);
std::unique_ptr<Habit> make_knots(const HabitOptions& options);
std::unique_ptr<Habit> make_mortal(const HabitOptions& options);

}  // namespace holdfast::sim
