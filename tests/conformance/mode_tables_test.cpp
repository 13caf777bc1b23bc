// SPDX-License-Identifier: Apache-2.0
// What the engine does, cell by cell, drawn as the manual prints it: every pair of modes, every
// conversion beside every other lock, every move of the value block, every conversion that may ask
// to queue. The same cells are compared with what a real Linux DLM answered (kernel/tables.json).
#include "lock/engine.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <functional>
#include <string>

namespace holdfast::lock {
namespace {

class Bench {
 public:
  Bench() : resource_(engine_.create()) {}
  LockId request(Mode mode, FlagSet flags = {Flag::noqueue}) {
    out.clear();
    return engine_.request(resource_, Holder{.node = NodeId{1}},
                           {.mode = mode, .flags = flags, .value = {}}, out);
  }
  Errc convert(LockId lock, const Ask& ask) {
    out.clear();
    return engine_.convert(lock, ask, out);
  }
  [[nodiscard]] bool granted() const {
    return !out.empty() && out.front().kind == OutcomeKind::granted;
  }
  [[nodiscard]] const Value& value() const { return engine_.value(resource_); }

  Outcomes out;

 private:
  Clock clock_;
  Engine engine_{clock_};
  ResourceId resource_;
};

using Cell = std::function<std::string(Mode row, Mode column)>;

std::string draw(const Cell& cell) {
  std::string picture = "\n    ";
  for (const Mode column : all_modes) picture += " " + std::string(name_of(column));
  for (const Mode row : all_modes) {
    picture += "\n " + std::string(name_of(row)) + " ";
    for (const Mode column : all_modes) picture += "  " + cell(row, column);
  }
  return picture + "\n";
}

std::string mark(bool yes) { return yes ? "x" : "."; }

bool granted_beside(Mode held, Mode wanted) {
  Bench bench;
  bench.request(held);
  bench.request(wanted);
  return bench.granted();
}

// Nothing if the two cannot be held together.
std::optional<bool> converted_beside(Mode from, Mode to, Mode other) {
  Bench bench;
  bench.request(other);
  const LockId lock = bench.request(from);
  if (!bench.granted()) return std::nullopt;
  EXPECT_EQ(bench.convert(lock, {.mode = to, .flags = {Flag::noqueue}, .value = {}}), Errc::ok);
  return bench.granted();
}

// A resource with a value, a lock that converts with another one: who has which afterwards.
std::string value_moved(Mode from, Mode to) {
  Bench bench;
  const LockId keeper = bench.request(Mode::NL);
  EXPECT_EQ(bench.convert(keeper, {.mode = Mode::EX, .flags = {}, .value = {}}), Errc::ok);
  EXPECT_EQ(bench.convert(keeper, {.mode = Mode::NL, .flags = {Flag::valblk}, .value = "old"}),
            Errc::ok);
  const LockId lock = bench.request(from);
  EXPECT_EQ(
      bench.convert(lock, {.mode = to, .flags = {Flag::noqueue, Flag::valblk}, .value = "new"}),
      Errc::ok);
  EXPECT_TRUE(bench.granted());
  const bool written = bench.value().bytes == "new";
  EXPECT_EQ(written, bench.out.front().value_move == ValueMove::write);
  if (written) return "write";
  return bench.out.front().value_move == ValueMove::read ? "read" : "none";
}

std::string letter(const std::string& move) {
  return move == "read" ? "R" : move == "write" ? "W" : "-";
}

Errc queued_conversion(Mode from, Mode to) {
  Bench bench;
  const LockId lock = bench.request(from);
  return bench.convert(lock, {.mode = to, .flags = {Flag::quecvt}, .value = {}});
}

nlohmann::json measured() {
  std::ifstream in("tests/conformance/kernel/tables.json");
  return nlohmann::json::parse(in);
}
std::string key(Mode mode) { return std::string(name_of(mode)); }

TEST(Tables, which_modes_can_be_held_at_once) {
  // Row: held, column: wanted.
  EXPECT_EQ(draw([](Mode held, Mode wanted) { return mark(granted_beside(held, wanted)); }), R"(
     NL CR CW PR PW EX
 NL   x  x  x  x  x  x
 CR   x  x  x  x  x  .
 CW   x  x  x  .  .  .
 PR   x  x  .  x  .  .
 PW   x  x  .  .  .  .
 EX   x  .  .  .  .  .
)");
}

TEST(Tables, which_conversions_succeed_beside_which_lock) {
  // Row: held by somebody else, column: wanted. What the converter holds itself never matters, but
  // a pair that cannot be held together has no cell.
  const auto beside = [](Mode from) {
    return draw([from](Mode other, Mode to) {
      const std::optional<bool> cell = converted_beside(from, to, other);
      return cell ? mark(*cell) : "/";
    });
  };
  EXPECT_EQ(beside(Mode::NL), R"(
     NL CR CW PR PW EX
 NL   x  x  x  x  x  x
 CR   x  x  x  x  x  .
 CW   x  x  x  .  .  .
 PR   x  x  .  x  .  .
 PW   x  x  .  .  .  .
 EX   x  .  .  .  .  .
)");
  EXPECT_EQ(beside(Mode::CW), R"(
     NL CR CW PR PW EX
 NL   x  x  x  x  x  x
 CR   x  x  x  x  x  .
 CW   x  x  x  .  .  .
 PR   /  /  /  /  /  /
 PW   /  /  /  /  /  /
 EX   /  /  /  /  /  /
)");
  EXPECT_EQ(beside(Mode::EX), R"(
     NL CR CW PR PW EX
 NL   x  x  x  x  x  x
 CR   /  /  /  /  /  /
 CW   /  /  /  /  /  /
 PR   /  /  /  /  /  /
 PW   /  /  /  /  /  /
 EX   /  /  /  /  /  /
)");
}

TEST(Tables, what_a_conversion_does_with_the_value) {
  // Row: held, column: wanted. R: the caller reads, W: the caller writes.
  EXPECT_EQ(draw([](Mode from, Mode to) { return letter(value_moved(from, to)); }), R"(
     NL CR CW PR PW EX
 NL   R  R  R  R  R  R
 CR   -  R  R  R  R  R
 CW   -  -  R  R  R  R
 PR   -  -  -  R  R  R
 PW   W  W  W  W  W  R
 EX   W  W  W  W  W  W
)");
}

TEST(Tables, which_conversions_may_ask_to_queue) {
  EXPECT_EQ(draw([](Mode from, Mode to) { return mark(queued_conversion(from, to) == Errc::ok); }),
            R"(
     NL CR CW PR PW EX
 NL   .  x  x  x  x  x
 CR   .  .  x  x  x  x
 CW   .  .  .  x  x  x
 PR   .  .  x  .  x  x
 PW   .  .  .  .  .  x
 EX   .  .  .  .  .  .
)");
}

TEST(Tables, a_new_request_reads_whatever_it_asks_for) {
  for (const Mode mode : all_modes) {
    Bench bench;
    const LockId keeper = bench.request(Mode::EX);
    EXPECT_EQ(bench.convert(keeper, {.mode = Mode::NL, .flags = {Flag::valblk}, .value = "v"}),
              Errc::ok);
    bench.request(mode, {Flag::noqueue, Flag::valblk});
    EXPECT_EQ(bench.out.front().value_move, ValueMove::read) << name_of(mode);
  }
}

TEST(MeasuredTables, modes_agree_with_the_kernel) {
  const nlohmann::json tables = measured();
  for (const Mode held : all_modes)
    for (const Mode wanted : all_modes)
      EXPECT_EQ(tables["compat"][key(held)][key(wanted)].get<bool>(), granted_beside(held, wanted))
          << key(held) << ' ' << key(wanted);
}

TEST(MeasuredTables, conversions_agree_with_the_kernel) {
  const nlohmann::json tables = measured();
  int cells = 0;
  for (const Mode from : all_modes) {
    for (const Mode to : all_modes) {
      for (const Mode other : all_modes) {
        const std::optional<bool> ours = converted_beside(from, to, other);
        const nlohmann::json& row = tables["convert"][key(from)][key(to)];
        ASSERT_EQ(row.contains(key(other)), ours.has_value())
            << key(from) << ' ' << key(to) << ' ' << key(other);
        if (!ours) continue;
        EXPECT_EQ(row[key(other)].get<bool>(), *ours)
            << key(from) << ' ' << key(to) << ' ' << key(other);
        ++cells;
      }
    }
  }
  EXPECT_EQ(cells, 120);
}

TEST(MeasuredTables, value_moves_agree_with_the_kernel) {
  const nlohmann::json tables = measured();
  for (const Mode from : all_modes)
    for (const Mode to : all_modes)
      EXPECT_EQ(tables["lvb"][key(from)][key(to)].get<std::string>(), value_moved(from, to))
          << key(from) << ' ' << key(to);
}

}  // namespace
}  // namespace holdfast::lock
