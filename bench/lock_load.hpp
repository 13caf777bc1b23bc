// SPDX-License-Identifier: Apache-2.0
// The load on a lock manager, with the same shapes as the load on the echo servers, by the client
// library.
#pragma once

#include "bench/echo.hpp"
#include "bench/samples.hpp"
#include "holdfast/client.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace holdfast::bench {

// Ends the bench with the error's text.
template <class T, class E>
T must(Result<T, E> result, const char* what) {
  if (!result) give_up_plainly(std::string(what) + ": " + result.error().text());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

[[nodiscard]] Client connect(const std::string& socket);

enum class Unlocking { unanswered, answered };

// One lock and its release, again and again, over a few names.
class LockRoundTrips {
 public:
  LockRoundTrips(const std::string& socket, std::string prefix);
  void measure(Unlocking unlocking, std::size_t count, Samples& out);
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  Client client_;
  std::vector<std::string> names_;
};

// FramePipeline's load as a program with this library has it: objects, checks, events.
class LockPipeline {
 public:
  LockPipeline(const std::string& socket, const std::string& prefix, PipelineShape shape);
  // Goes on for this long; how many pairs of lock and release it did.
  [[nodiscard]] std::size_t run(Nanoseconds duration);

 private:
  void ask();

  Client client_;
  std::vector<std::string> names_;
  std::size_t next_ = 0;
};

}  // namespace holdfast::bench
