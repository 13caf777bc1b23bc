// SPDX-License-Identifier: Apache-2.0
// Screen: the terminal, by ncurses. Shows lines, hands out keys, and leaves the terminal as it was.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"
#include "cli/top_state.hpp"

#include <memory>
#include <vector>

namespace holdfast::cli {

class Screen {
 public:
  // Fails if standard input and output are no terminal, or one that cannot be drawn on.
  [[nodiscard]] static Result<Screen> open();

  [[nodiscard]] ScreenSize size() const;
  void show(const std::vector<ScreenLine>& lines);
  // The next key; Key::none if there is none within this time.
  [[nodiscard]] KeyPress wait_for_key(Duration time);

 private:
  struct Closer {
    void operator()(void* screen) const;
  };
  explicit Screen(void* screen) : screen_(screen) {}
  std::unique_ptr<void, Closer> screen_;
};

}  // namespace holdfast::cli
