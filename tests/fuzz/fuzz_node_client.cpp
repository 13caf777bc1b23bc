// SPDX-License-Identifier: Apache-2.0
// What programs can do to a node that is alone in its cluster: two sessions stand, then the input says.
#include "fuzz/node_script.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  // A view of node 1 alone; connections 0 (an operator's) and 1, each with a hello.
  static constexpr std::uint8_t beginning[] = {0x38, 0x00, 0x0c, 0x0d,                           //
                                               0x00, 0x01, 0x07, 0x01, 0, 0, 0, 0, 0, 0,         //
                                               0x01, 0x01, 0x07, 0x01, 0, 0, 0, 0, 0, 0};
  fuzz::NodeScript script;
  fuzz::Input first(beginning, sizeof beginning);
  script.play(first);
  fuzz::Input input(data, size);
  script.play(input);
  return 0;
}
