// SPDX-License-Identifier: Apache-2.0
// Crew: plays many plans, each in a process of its own and several at a time, so that a broken
// assertion is one failed run and every processor has something to do.
#pragma once

#include "sim/campaigns/play.hpp"

#include <functional>
#include <optional>

namespace holdfast::sim {

enum class HashCheck : std::uint8_t { once, twice };  // twice: again, with another hash salt

struct Job {
  Plan plan;
  HashCheck hash_check = HashCheck::once;
};

// As many as there are processors.
[[nodiscard]] unsigned usual_crew();

// Plays what `next` hands out until it has nothing more; `done` hears of each as it ends.
void play_all(unsigned crew, const std::function<std::optional<Job>()>& next,
              const std::function<void(const Job&, const Outcome&)>& done);
[[nodiscard]] Outcome play_apart(const Job& job);

}  // namespace holdfast::sim
