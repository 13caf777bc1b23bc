// SPDX-License-Identifier: Apache-2.0
// Chooses, before main begins, which release this daemon is of: $HOLDFAST_TEST_RELEASE is one of the names below.
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/assert.hpp"
#include "wire/vintage.hpp"

namespace holdfast::wire {
namespace {

constexpr std::pair<std::string_view, Vintage> names[] = {
    {"previous", Vintage::previous}, {"next", Vintage::next}, {"incompatible", Vintage::incompatible}};

Vintage chosen() {
  const char* const text = std::getenv("HOLDFAST_TEST_RELEASE");
  for (const auto& [name, release] : names)
    if (text != nullptr && name == text) return release;
  HF_ASSERT(!"HOLDFAST_TEST_RELEASE is none of previous, next, incompatible");
  return Vintage::current;
}

[[maybe_unused]] const Vintage done = spoken_vintage.chosen = chosen();

}  // namespace
}  // namespace holdfast::wire
