// SPDX-License-Identifier: Apache-2.0
// SeenDeadline: the last deadline of a lock that guard or watcher of `holdfast run` has seen, in a page that both
// share. A daemon that ends a session keeps its locks until then, as a dead one's are kept, but it takes the
// deadline back: what it renews from there on is not for us. So what was seen has to be remembered; and since both
// remember the same, the watcher does not come before the guard.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <memory>

namespace holdfast::cli {

class SeenDeadline {
 public:
  // For this process and those that it forks.
  [[nodiscard]] static Result<SeenDeadline> make();
  // What the page of the daemon says now, Instant{} if it has taken it back. The result is what counts.
  Instant see(Instant stamped);

 private:
  struct Unmap {
    void operator()(std::int64_t* word) const;
  };
  explicit SeenDeadline(std::int64_t* word) : latest_ns_(word) {}
  std::unique_ptr<std::int64_t, Unmap> latest_ns_;
};

}  // namespace holdfast::cli
