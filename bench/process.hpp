// SPDX-License-Identifier: Apache-2.0
// Processes of the bench: all on one processor, none outliving it.
#pragma once

#include <sched.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "bench/files.hpp"
#include "bench/samples.hpp"

namespace holdfast::bench {

// From here on this process and all its children run on one processor: waking a sleeper on another one
// costs more than everything that is measured here.
int pin_to_one_processor();
// The first two of those that this process may use; the same one twice if there is only one.
[[nodiscard]] std::array<int, 2> two_processors();
// While it lives, this thread and what it starts stay on one processor.
class OnProcessor {
 public:
  explicit OnProcessor(int processor);
  ~OnProcessor();
  OnProcessor(const OnProcessor&) = delete;
  OnProcessor& operator=(const OnProcessor&) = delete;

 private:
  cpu_set_t before_;
};

// Where a program of this build is: beside us.
[[nodiscard]] std::string program(const char* name);

// Processor time of this process or of another one. What the rest of the machine does meanwhile does not
// count, so on a busy machine it tells more than the clock.
[[nodiscard]] Nanoseconds own_cpu_time();
[[nodiscard]] Nanoseconds cpu_time(int pid);
// Of the process that listens at the other end of a connected Unix socket.
[[nodiscard]] int server_pid(int socket);

class Process {
 public:
  Process() = default;
  // Runs `body` in a child.
  static Process fork_into(const std::function<void()>& body);
  // Starts a program; what it says can be read from `output`, its errors go to the file `errors`.
  static Process start(const std::vector<std::string>& command, const std::string& errors, Fd& output);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  // Asks it to end, waits, and reaps it.
  ~Process();

  [[nodiscard]] int pid() const { return pid_; }
  // At once, with nothing that it might still want to do.
  void kill();

 private:
  explicit Process(int pid);
  void end();
  int pid_ = -1;
  Fd pidfd_;
};

}  // namespace holdfast::bench
