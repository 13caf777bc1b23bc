// SPDX-License-Identifier: Apache-2.0
// A directory for one test, gone at its end; and an event loop that gives up when a test hangs.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "io/clock.hpp"
#include "io/event_loop.hpp"

namespace holdfast::io {

class TemporaryDir {
 public:
  TemporaryDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDir() { std::filesystem::remove_all(path_); }
  TemporaryDir(const TemporaryDir&) = delete;
  TemporaryDir& operator=(const TemporaryDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Runs the loop until `reached` holds at the end of a turn; a failure of the test if that takes too long.
inline void run_until(EventLoop& loop, const std::function<bool()>& reached) {
  bool late = false;
  Timer limit = loop.timer([&] {
    late = true;
    loop.stop();
  });
  limit.arm(boot_now() + std::chrono::seconds(20));
  if (reached()) return;
  loop.run([&] {
    if (reached()) loop.stop();
  });
  EXPECT_FALSE(late) << "what the test waits for did not come";
}

}  // namespace holdfast::io
