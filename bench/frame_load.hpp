// SPDX-License-Identifier: Apache-2.0
// The pipelined load: locks and releases as the frames that they are, without the library. The
// echo's client does nothing for its messages, and a rate would else tell how fast the generator
// is. What the library costs is in the round trips.
#pragma once

#include "bench/echo.hpp"
#include "wire/buffer.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace holdfast::bench {

// One session with many locks on their way; every grant is given back at once and asked for again.
// All that one read brought is answered by one write, as in EchoPipeline.
class FramePipeline {
 public:
  FramePipeline(const std::string& socket, const std::string& prefix, PipelineShape shape);
  // Goes on for this long; how many pairs of lock and release it did.
  [[nodiscard]] std::size_t run(Nanoseconds duration);

 private:
  void greet();
  void receive();
  // Answers every grant that is there; how many.
  std::size_t answer();
  void send();

  Fd connection_;
  // By name; each carries the number of its own place here, so a grant tells what to ask for again.
  std::vector<wire::Buffer> requests_;
  wire::Buffer in_;
  wire::Buffer out_;
};

}  // namespace holdfast::bench
