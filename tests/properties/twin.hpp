// SPDX-License-Identifier: Apache-2.0
// Twin: the engine and the oracle side by side on one resource. Every operation goes to both; what
// they tell and the state they are in afterwards must be equal. Locks are known by a small number,
// the owner's slot.
#pragma once

#include "lock/engine.hpp"
#include "oracle.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::properties {

enum class Verb : std::uint8_t { get, unlock, cancel, vanish, rebuild };

// `get` is a request if the slot has no lock, else a conversion.
struct Op {
  Verb verb{};
  int slot = 0;
  Mode mode{};
  FlagSet flags;
  std::string value;
  friend std::ostream& operator<<(std::ostream& out, const Op& op);
};

class Twin {
 public:
  static constexpr int slots_max = 12;

  Twin() : resource_(engine_.create()) {}
  // Does it in both. Nothing, or what was different.
  [[nodiscard]] std::optional<std::string> apply(const Op& op);
  // In the engine alone, for a prefix that was compared before.
  void apply_to_engine(const Op& op);
  [[nodiscard]] const Oracle& oracle() const { return oracle_; }
  // Back to the beginning, then as if `oracle` had been told all that the engine is told next.
  void restart();
  void set_oracle(const Oracle& oracle) { oracle_ = oracle; }

 private:
  void apply_to_oracle(const Op& op);
  void rebuild_engine();
  [[nodiscard]] bool is_allowed(const Op& op) const;
  [[nodiscard]] std::optional<std::string> compare();
  [[nodiscard]] bool same_events() const;
  [[nodiscard]] bool same_state();
  [[nodiscard]] std::string describe();

  Clock clock_;
  lock::Engine engine_{clock_};
  ResourceId resource_;
  std::array<LockId, slots_max> locks_{};
  lock::Outcomes outcomes_;
  Oracle oracle_;
};

}  // namespace holdfast::properties
