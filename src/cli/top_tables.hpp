// SPDX-License-Identifier: Apache-2.0
// The tables of `holdfast top`: rows of cells made out of a TopModel, sorted by any column, filtered by a part
// of any cell, laid out as text or as JSON. Columns are declared in one table per view.
#pragma once

#include "cli/top_model.hpp"
#include "cli/top_waits.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cli {

enum class TopView : std::uint8_t { nodes, hottest, waits, blockers, masters };
inline constexpr std::array all_top_views{TopView::nodes, TopView::hottest, TopView::waits, TopView::blockers,
                                          TopView::masters};
[[nodiscard]] std::string_view title_of(TopView view);
[[nodiscard]] std::string_view name_of(TopView view);

enum class Content : std::uint8_t { text, number };
struct TopColumn {
  std::string_view heading;
  std::string_view key;  // in JSON
  Content content = Content::text;
};
[[nodiscard]] std::span<const TopColumn> columns_of(TopView view);

struct TopCell {
  std::string text;
  double number = 0;  // what is sorted by, and told in JSON, in columns of numbers
};

struct TopRow {
  std::vector<TopCell> cells;
  OwnerKey owner{};  // whose waiting tree the row opens; none: no tree
  std::string id;  // the same for what is the same thing at the next look
};

struct TopTable {
  TopView view = TopView::nodes;
  std::vector<TopRow> rows;
};

enum class Direction : std::uint8_t { rising, falling };
struct Order {
  std::size_t column = 0;
  Direction direction = Direction::falling;
};
// How a view is sorted until somebody says otherwise.
[[nodiscard]] Order usual_order(TopView view);

[[nodiscard]] TopTable table_of(const TopModel& model, const Waits& waits, TopView view);
// Rows that are equal there keep their order.
void sort(TopTable& table, Order order);
// Keeps rows with a cell that has `part` in it, in any case.
void keep_matching(TopTable& table, std::string_view part);
// The headings, then the rows; columns as wide as they must be.
[[nodiscard]] std::vector<std::string> lines_of(const TopTable& table);
[[nodiscard]] nlohmann::ordered_json to_json(const TopTable& table);
// "3 nodes, 2 wait, 17.5 changes/s": one line over all.
[[nodiscard]] std::string summary_of(const TopModel& model, const Waits& waits);

}  // namespace holdfast::cli
