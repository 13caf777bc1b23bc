// SPDX-License-Identifier: Apache-2.0
// Fleet: clients that are processes, as real ones are, and work only when told to. What a fleet costs in
// context switches it costs the echo and the lock manager alike.
#pragma once

#include <functional>
#include <vector>

#include "bench/process.hpp"

namespace holdfast::bench {

// What a fleet did in some time.
struct Rate {
  double per_second = 0;
  double client_ns = 0;  // processor time of each in the clients
  double server_ns = 0;  // and in the server
};

class Fleet {
 public:
  // Does its work for this long and says how much it did.
  using Work = std::function<std::size_t(Nanoseconds duration)>;
  // Forks `size` clients; each makes its own work from its number, connects, and waits.
  Fleet(std::size_t size, const std::function<Work(std::size_t number)>& make);
  // All of them at once. `server_pid` is who serves them.
  [[nodiscard]] Rate measure(Nanoseconds duration, int server_pid);

 private:
  struct Client {
    Process process;
    Fd orders;
  };
  std::vector<Client> clients_;
};

}  // namespace holdfast::bench
