// SPDX-License-Identifier: Apache-2.0
// Who may be granted: decide() is the nine tests of the Linux DLM's grant decision as one pure
// function; consider() asks it for a lock, finds conversion deadlocks and tries the alternative
// mode. grant() carries a grant out. Owns I1 (no two granted locks conflict) and I6 (queue
// discipline).
#pragma once

#include "lock/resource.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::lock {

enum class Kind : std::uint8_t { request, conversion };
// Where the asker stands when it is looked at.
enum class Place : std::uint8_t { arriving, at_head, behind };
enum class Fill : std::uint8_t { empty, occupied };

struct Question {
  Kind kind{};
  Place place{};
  Mode wanted{};
  FlagSet flags;
  ModeSet held_by_others;
  Fill converting{};  // by others than the asker, if it is arriving
  Fill waiting{};
};

enum class Verdict : std::uint8_t { grant, conflict, out_of_turn };
[[nodiscard]] Verdict decide(const Question& question);

enum class Answer : std::uint8_t { no, yes, alternative, deadlock };
[[nodiscard]] Answer consider(const Resource& resource, const Lock& lock, Place place);
// Would waiting make `lock` and another conversion wait for each other?
[[nodiscard]] bool deadlocked(const Resource& resource, const Lock& lock);

// The mode to fall back to, if there is one; ALTPR comes first where both are given.
[[nodiscard]] std::optional<Mode> alternative_of(const Lock& lock);

// The lock holds what it wanted, or its alternative. `fresh` is written if this is a write
// transition. REQUIRES: `answer` is yes or alternative.
void grant(Turn& turn, Lock& lock, Answer answer, std::string_view fresh);

// Grants what can be granted: conversions before requests, each in the order of its queue.
void grant_converting(Turn& turn);
void grant_waiting(Turn& turn);
// Both, then tells holders who waits for them. Every change that gives something up ends with this.
void settle(Turn& turn);

}  // namespace holdfast::lock
