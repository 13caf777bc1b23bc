// SPDX-License-Identifier: Apache-2.0
// Stage: where a script is played. Engine only, the simulated cluster and real daemons are three
// stages; the runner does not know which one it drives.
#pragma once

#include "base/result.hpp"
#include "sim/scenario/record.hpp"
#include "sim/scenario/script.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace holdfast::sim {

class Stage {
 public:
  virtual ~Stage() = default;
  // A block begins. A stage that cannot see all consequences knows from it what to wait for.
  virtual void begin(const Block&) {}
  // Carries one command out; a failure ends the script (the command makes no sense here).
  [[nodiscard]] virtual Result<void> carry_out(const Command& command) = 0;
  // Goes on until nothing is in flight.
  [[nodiscard]] virtual Result<void> settle() = 0;
  // Whatever must always hold.
  [[nodiscard]] virtual Result<void> check() = 0;
  [[nodiscard]] Record& record() { return record_; }

 private:
  Record record_;
};

// Are the lines of different owners compared in one order, or each owner's by themselves?
enum class LineOrder : std::uint8_t { exact, per_owner };

struct Depth {
  std::string_view name;  // "engine", "sim", "live"
  std::function<LineOrder(const Script&)> line_order;
  // Why this script cannot be played here; nothing if it can.
  std::function<std::string(const Script&)> why_not;
  std::function<Result<std::unique_ptr<Stage>>(const Script&)> make;
};

}  // namespace holdfast::sim
