// SPDX-License-Identifier: Apache-2.0
// What peers can do to a node: a view of three nodes stands, both others are connected and done with their
// exchange, a session is open; then the input says. A peer that makes no sense loses its connection, and
// nothing else happens.
#include "fuzz/node_script.hpp"
#include "wire/peer_messages.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  // A view of nodes 1, 2, 3; peer connections 0 (node 2) and 1 (node 3); a session with its hello.
  static constexpr std::uint8_t beginning[] = {0x38, 0x03, 0x20, 0x21, 0x0c,  //
                                               0x00, 0x01, 0x07, 0x01, 0, 0, 0, 0, 0, 0};
  fuzz::NodeScript script;
  fuzz::Input first(beginning, sizeof beginning);
  script.play(first);
  script.peers_are_done();
  fuzz::Input input(data, size);
  script.play(input);
  return 0;
}
