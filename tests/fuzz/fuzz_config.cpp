// SPDX-License-Identifier: Apache-2.0
// The configuration file: any text is a configuration or an error that says something.
#include <string_view>

#include "base/assert.hpp"
#include "io/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<io::Config> config = io::parse_config(text, "fuzzed.toml");
  if (config) {
    if (const Result<void> checked = io::check_config(*config); !checked) HF_ASSERT(!checked.error().text().empty());
  } else {
    HF_ASSERT(config.error().code == Errc::bad_config && !config.error().detail.empty());
  }
  return 0;
}
