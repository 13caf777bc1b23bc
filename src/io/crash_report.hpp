// SPDX-License-Identifier: Apache-2.0
// What a process leaves behind when it crashes: whoever set it is called from the signal handler and tells a file what
// it knows. Then the signal takes its usual way (a core, if the system is set up for it).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast::io {

// Writes text without allocating anything.
class CrashText {
 public:
  explicit CrashText(int fd) : fd_(fd) {}
  // A line feed is added; what is longer than a few hundred bytes is cut.
  void line(std::string_view text) const;

 private:
  int fd_;
};

struct CrashReport {
  std::string path;  // replaced if it exists; made only when there is a crash
  // Called at most once, at any moment: `about` may be in the middle of a change. Nothing may be allocated or locked.
  void (*tell)(const void* about, const CrashText& text);
  const void* about;
};

// For this process, from now on; replaces what was set before. `about` has to live until then, or until
// no_crash_report(). One thread at a time.
void set_crash_report(CrashReport report);
void no_crash_report();

}  // namespace holdfast::io
