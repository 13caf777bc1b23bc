// SPDX-License-Identifier: Apache-2.0
// The pipelined load: locks and releases as the frames that they are, without the library. The
// echo's client does nothing for its messages, and a rate would else tell how fast the generator
// is. What the library costs is in the round trips.
#pragma once

#include "bench/echo.hpp"
#include "wire/buffer.hpp"
#include "wire/client_messages.hpp"

#include <cstddef>
#include <string>
#include <cstddef>
#include <span>
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
  void become_master(const wire::Lock& request);
  template <class M>
  M wait_for();
  void receive();
  // Takes every grant that is there; how many.
  std::size_t take_grants();
  // Sends what follows these many grants, in one write (two where the ring of names is round).
  void answer(std::size_t grants);
  void send(std::span<const std::byte> bytes);

  Fd connection_;
  // By name, one behind the other: a release, and the next request. Grants come in the order of requests,
  // so what answers those of one read stands ready in one piece but for the ids of the locks, as the echo's
  // messages do.
  std::vector<std::byte> answers_;
  std::size_t answer_bytes_ = 0;
  std::size_t names_ = 0;
  std::size_t next_ = 0;  // whose grant comes next
  wire::Buffer in_;
};

}  // namespace holdfast::bench
