// SPDX-License-Identifier: Apache-2.0
#include "cli/top_screen.hpp"

#include "cli/environment.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include <curses.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

constexpr short warning_pair = 1;

constexpr std::array<std::pair<int, Key>, 12> keys{{{KEY_UP, Key::up},
                                                    {KEY_DOWN, Key::down},
                                                    {KEY_PPAGE, Key::page_up},
                                                    {KEY_NPAGE, Key::page_down},
                                                    {KEY_HOME, Key::home},
                                                    {KEY_END, Key::end},
                                                    {KEY_ENTER, Key::enter},
                                                    {'\n', Key::enter},
                                                    {'\x1b', Key::escape},
                                                    {'\t', Key::tab},
                                                    {KEY_BACKSPACE, Key::backspace},
                                                    {'\x7f', Key::backspace}}};

attr_t attributes_of(LineStyle style) {
  constexpr std::array<attr_t, 6> table{A_NORMAL, A_BOLD, A_BOLD | A_UNDERLINE, A_REVERSE, A_DIM, A_BOLD};
  return table[static_cast<std::size_t>(style)];
}

}  // namespace

void Screen::Closer::operator()(void* screen) const {
  endwin();
  delscreen(static_cast<SCREEN*>(screen));
}

Result<Screen> Screen::open() {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0)
    return Error{Errc::bad_argument, "there is no terminal to draw on; --once prints one picture as text, --json as JSON"};
  SCREEN* const made = newterm(nullptr, stdout, stdin);
  if (made == nullptr)
    return Error{Errc::bad_argument,
                 "the terminal (TERM) is not one that can be drawn on; --once prints one picture as text"};
  Screen screen(made);
  set_escdelay(50);
  cbreak();
  noecho();
  curs_set(0);
  keypad(stdscr, TRUE);
  if (!colours_refused() && has_colors() && start_color() == OK) {
    use_default_colors();
    init_pair(warning_pair, COLOR_YELLOW, -1);
  }
  return screen;
}

ScreenSize Screen::size() const {
  return {static_cast<std::size_t>(std::max(LINES, 1)), static_cast<std::size_t>(std::max(COLS, 1))};
}

void Screen::show(const std::vector<ScreenLine>& lines) {
  erase();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const attr_t attributes = attributes_of(lines[i].style);
    const bool warns = lines[i].style == LineStyle::warning && has_colors();
    attrset(static_cast<int>(attributes | (warns ? static_cast<attr_t>(COLOR_PAIR(warning_pair)) : attr_t{0})));
    mvaddnstr(static_cast<int>(i), 0, lines[i].text.data(), static_cast<int>(lines[i].text.size()));
    // The bar of a selected row goes over the whole width.
    if (lines[i].style == LineStyle::selected)
      for (std::size_t at = lines[i].text.size(); at < size().columns; ++at) addch(' ');
  }
  attrset(A_NORMAL);
  refresh();
}

KeyPress Screen::wait_for_key(Duration time) {
  timeout(static_cast<int>(std::max<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(time).count(), 0)));
  const int code = getch();
  if (code == ERR) return {};
  if (code == KEY_RESIZE) return {Key::resize};
  for (const auto& [number, key] : keys)
    if (number == code) return {key};
  if (code >= ' ' && code < 127) return {Key::character, static_cast<char>(code)};
  return {};
}

}  // namespace holdfast::cli
