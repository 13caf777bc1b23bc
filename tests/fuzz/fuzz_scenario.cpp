// SPDX-License-Identifier: Apache-2.0
// Scenario scripts: any text is a script or an error that says something. What was understood is not played.
#include <string_view>

#include "base/assert.hpp"
#include "sim/scenario/parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto script = sim::parse_script("fuzzed.scenario", text);
  if (!script) HF_ASSERT(!script.error().detail.empty());
  const auto command = sim::parse_command(text.substr(0, text.find('\n')));
  if (!command) HF_ASSERT(!command.error().detail.empty());
  return 0;
}
