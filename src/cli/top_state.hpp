// SPDX-License-Identifier: Apache-2.0
// TopState: which part of the picture is on the screen, and what keys do to it. It draws into lines, so that
// everything but the terminal itself can be tested.
#pragma once

#include "cli/top_tables.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cli {

enum class Key : std::uint8_t { none, character, up, down, page_up, page_down, home, end, enter, escape, tab, backspace, resize };
struct KeyPress {
  Key key = Key::none;
  char character = 0;
};

enum class LineStyle : std::uint8_t { plain, title, heading, selected, dim, warning };
struct ScreenLine {
  std::string text;
  LineStyle style = LineStyle::plain;
};

struct ScreenSize {
  std::size_t lines = 24;
  std::size_t columns = 80;
};

// What is known about the look itself.
struct TopHead {
  std::string title;    // "n1 of cluster demo, every 1 s"
  std::string warning;  // why the picture is old; empty: it is not
};

class TopState {
 public:
  // Does what the key means.
  void press(KeyPress key);
  [[nodiscard]] bool ended() const { return ended_; }
  // Nothing is to be asked meanwhile.
  [[nodiscard]] bool paused() const { return paused_; }

  // As many lines as the screen has, none longer than it is wide.
  [[nodiscard]] std::vector<ScreenLine> draw(const TopModel& model, const TopHead& head, ScreenSize size);

  [[nodiscard]] TopView view() const { return view_; }
  void set_view(TopView view);
  void set_filter(std::string filter) { filter_ = std::move(filter); }

 private:
  enum class Shown : std::uint8_t { table, tree, help };

  void press_character(char character);
  void type(KeyPress key);
  void move(Key key);
  void turn_column(int by);
  void draw_table(const TopModel& model, const Waits& waits, std::size_t lines, std::vector<ScreenLine>& out);
  void draw_list(const std::vector<std::string>& list, std::size_t lines, std::vector<ScreenLine>& out);
  [[nodiscard]] std::string tabs() const;
  [[nodiscard]] std::string footer() const;
  void find_selected(const TopTable& table);

  TopView view_ = TopView::waits;
  std::array<Order, all_top_views.size()> orders_ = [] {
    std::array<Order, all_top_views.size()> orders;
    for (const TopView view : all_top_views) orders[static_cast<std::size_t>(view)] = usual_order(view);
    return orders;
  }();
  std::string filter_;
  Shown shown_ = Shown::table;
  bool typing_ = false, paused_ = false, ended_ = false;
  std::size_t selected_ = 0, first_ = 0;   // of the rows of a table
  std::size_t line_ = 0, first_line_ = 0;  // of a tree, or the help
  std::size_t page_ = 10;
  std::string selected_id_;
  OwnerKey selected_owner_, tree_of_;
};

}  // namespace holdfast::cli
