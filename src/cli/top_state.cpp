// SPDX-License-Identifier: Apache-2.0
#include "cli/top_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace holdfast::cli {
namespace {

// The nodes stand over every other table, but never take more than this.
constexpr std::size_t node_lines_max = 6;

const std::vector<std::string>& help_text() {
  static const std::vector<std::string> lines{
      "1 2 3 4 5    nodes, hottest resources, longest waits, root blockers, masters (Tab: the next one)",
      "up down      select a row (also Page up, Page down, Home, End)",
      "Enter        the tree of those who wait, below who is at its root",
      "< >          sort by the column to the left, to the right",
      "r            sort the other way round",
      "/            show only rows with a text in them; Enter keeps it, Esc takes it back",
      "p            pause: nothing is asked until p again",
      "h ?          this help",
      "Esc          back",
      "q            end",
      "",
      "HEAT         changes per second, times 1 + the number of those who wait. A change is a grant or a write",
      "             of the value, as far as two looks show it: at least so many were made.",
      "?            not known here: only the node that is asked tells about itself (with --dir: all of them)"};
  return lines;
}

void fit(std::vector<ScreenLine>& lines, ScreenSize size) {
  lines.resize(size.lines);
  for (ScreenLine& line : lines)
    if (line.text.size() > size.columns) line.text.resize(size.columns);
}

}  // namespace

void TopState::set_view(TopView view) {
  if (view == view_) return;
  view_ = view;
  selected_ = first_ = 0;
  selected_id_.clear();
}

void TopState::press(KeyPress key) {
  if (typing_) return type(key);
  switch (key.key) {
    case Key::none:
    case Key::resize:
    case Key::backspace:
      return;
    case Key::character:
      return press_character(key.character);
    case Key::up:
    case Key::page_up:
    case Key::down:
    case Key::page_down:
    case Key::home:
    case Key::end:
      return move(key.key);
    case Key::tab:
      shown_ = Shown::table;
      return set_view(static_cast<TopView>((static_cast<std::size_t>(view_) + 1) % all_top_views.size()));
    case Key::enter:
      if (shown_ == Shown::table && selected_owner_.node) {
        shown_ = Shown::tree;
        tree_of_ = selected_owner_;
        line_ = first_line_ = 0;
      }
      return;
    case Key::escape:
      if (shown_ == Shown::table) filter_.clear();
      shown_ = Shown::table;
      return;
  }
}

void TopState::move(Key key) {
  std::size_t& at = shown_ == Shown::table ? selected_ : line_;
  // Whoever moves wants the row at that place, and not the one that was there.
  if (shown_ == Shown::table) selected_id_.clear();
  if (key == Key::home) at = 0;
  else if (key == Key::end) at = SIZE_MAX / 2;
  else if (key == Key::up || key == Key::page_up) at -= std::min(at, key == Key::up ? 1 : page_);
  else at += key == Key::down ? 1 : page_;
}

void TopState::press_character(char character) {
  if (character >= '1' && character < static_cast<char>('1' + all_top_views.size())) {
    shown_ = Shown::table;
    return set_view(static_cast<TopView>(character - '1'));
  }
  switch (character) {
    case 'q':
      ended_ = true;
      return;
    case 'p':
      paused_ = !paused_;
      return;
    case 'h':
    case '?':
      shown_ = shown_ == Shown::help ? Shown::table : Shown::help;
      line_ = first_line_ = 0;
      return;
    case '/':
      shown_ = Shown::table;
      typing_ = true;
      return;
    case 'r': {
      Order& order = orders_[static_cast<std::size_t>(view_)];
      order.direction = order.direction == Direction::rising ? Direction::falling : Direction::rising;
      return;
    }
    case '<':
      return turn_column(-1);
    case '>':
      return turn_column(1);
    default:
      return;
  }
}

void TopState::type(KeyPress key) {
  if (key.key == Key::character) filter_ += key.character;
  if (key.key == Key::backspace && !filter_.empty()) filter_.pop_back();
  if (key.key == Key::escape) filter_.clear();
  if (key.key == Key::escape || key.key == Key::enter) typing_ = false;
}

void TopState::turn_column(int by) {
  Order& order = orders_[static_cast<std::size_t>(view_)];
  const std::size_t columns = columns_of(view_).size();
  order.column = (order.column + columns + static_cast<std::size_t>(by + 1) - 1) % columns;
}

std::string TopState::tabs() const {
  std::string text;
  for (const TopView view : all_top_views) {
    const std::string tab = fmt::format("{} {}", static_cast<int>(view) + 1, name_of(view));
    text += view == view_ ? "[" + tab + "]" : " " + tab + " ";
  }
  const Order order = orders_[static_cast<std::size_t>(view_)];
  text += fmt::format("   by {} {}", columns_of(view_)[order.column].heading,
                      order.direction == Direction::falling ? "falling" : "rising");
  if (!filter_.empty() && !typing_) text += fmt::format("   with '{}'", filter_);
  return text;
}

std::string TopState::footer() const {
  if (typing_) return fmt::format("show rows with: {}_", filter_);
  if (shown_ != Shown::table) return "Esc back   q end";
  return fmt::format("{}Enter tree   < > r sort   / filter   p pause   h help   q end", paused_ ? "PAUSED   " : "");
}

// The row that was selected stays it, wherever it went.
void TopState::find_selected(const TopTable& table) {
  const auto found = std::ranges::find(table.rows, selected_id_, &TopRow::id);
  if (!selected_id_.empty() && found != table.rows.end())
    selected_ = static_cast<std::size_t>(found - table.rows.begin());
  selected_ = table.rows.empty() ? 0 : std::min(selected_, table.rows.size() - 1);
  selected_id_ = table.rows.empty() ? "" : table.rows[selected_].id;
  selected_owner_ = table.rows.empty() ? OwnerKey{} : table.rows[selected_].owner;
}

void TopState::draw_table(const TopModel& model, const Waits& waits, std::size_t lines,
                          std::vector<ScreenLine>& out) {
  TopTable table = table_of(model, waits, view_);
  keep_matching(table, filter_);
  sort(table, orders_[static_cast<std::size_t>(view_)]);
  find_selected(table);
  if (lines < 2) return;
  page_ = lines - 1;
  first_ = std::clamp(first_, selected_ < page_ ? 0 : selected_ - page_ + 1, selected_);
  // Only what is seen is laid out: there may be 100,000 waits.
  TopTable seen{table.view, {}};
  for (std::size_t i = first_; i < std::min(first_ + page_, table.rows.size()); ++i)
    seen.rows.push_back(std::move(table.rows[i]));
  const std::vector<std::string> texts = lines_of(seen);
  for (std::size_t i = 0; i < texts.size(); ++i)
    out.push_back({texts[i], i == 0                       ? LineStyle::heading
                             : first_ + i - 1 == selected_ ? LineStyle::selected
                                                           : LineStyle::plain});
  if (table.rows.empty()) out.push_back({filter_.empty() ? "none" : "none with this text", LineStyle::dim});
}

void TopState::draw_list(const std::vector<std::string>& list, std::size_t lines, std::vector<ScreenLine>& out) {
  page_ = std::max<std::size_t>(lines, 1);
  line_ = std::min(line_, list.empty() ? 0 : list.size() - 1);
  first_line_ = std::clamp(first_line_, line_ < page_ ? 0 : line_ - page_ + 1, line_);
  for (std::size_t i = first_line_; i < std::min(first_line_ + lines, list.size()); ++i)
    out.push_back({list[i], shown_ == Shown::tree && i == line_ ? LineStyle::selected : LineStyle::plain});
}

std::vector<ScreenLine> TopState::draw(const TopModel& model, const TopHead& head, ScreenSize size) {
  const Waits waits(model);
  std::vector<ScreenLine> out{{"holdfast top  " + head.title, LineStyle::title}, {summary_of(model, waits)}};
  if (!head.warning.empty()) out.push_back({head.warning, LineStyle::warning});
  if (view_ != TopView::nodes && shown_ == Shown::table) {
    TopTable nodes = table_of(model, waits, TopView::nodes);
    sort(nodes, usual_order(TopView::nodes));
    for (const std::string& line : lines_of(nodes)) {
      if (out.size() >= 2 + node_lines_max || out.size() * 2 > size.lines) break;
      out.push_back({line, line.starts_with("NODE") ? LineStyle::heading : LineStyle::plain});
    }
  }
  out.push_back({});
  out.push_back({tabs(), LineStyle::dim});
  const std::size_t left = size.lines > out.size() + 1 ? size.lines - out.size() - 1 : 0;
  if (shown_ == Shown::help) draw_list(help_text(), left, out);
  if (shown_ == Shown::tree) {
    const std::vector<std::string> tree = waits.tree_of(tree_of_);
    if (tree.empty()) out.push_back({"nobody waits for this one any more", LineStyle::dim});
    draw_list(tree, left, out);
  }
  if (shown_ == Shown::table) draw_table(model, waits, left, out);
  out.resize(size.lines > 0 ? size.lines - 1 : 0);
  out.push_back({footer(), LineStyle::dim});
  fit(out, size);
  return out;
}

}  // namespace holdfast::cli
