// SPDX-License-Identifier: Apache-2.0
#include "cli/top_tables.hpp"

#include "base/assert.hpp"
#include "cli/report_text.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace holdfast::cli {
namespace {

constexpr auto number = Content::number;
constexpr std::array node_columns{
    TopColumn{"NODE", "node"}, TopColumn{"PHASE", "phase"}, TopColumn{"LEASE LEFT", "lease_left_ms", number},
    TopColumn{"LOCKS", "locks", number}, TopColumn{"SESSIONS", "sessions", number},
    TopColumn{"MASTERS", "resources_mastered", number}, TopColumn{"DIRECTORY", "directory_entries", number},
    TopColumn{"GIVEN AWAY", "moved", number}, TopColumn{"UP", "uptime_ms", number}};
constexpr std::array hot_columns{
    TopColumn{"RESOURCE", "resource"}, TopColumn{"HEAT", "heat", number},
    TopColumn{"CHANGES/S", "changes_per_second", number}, TopColumn{"HELD", "held"},
    TopColumn{"HOLDERS", "holders", number}, TopColumn{"WAIT", "waiters", number}, TopColumn{"MASTER", "master"}};
constexpr std::array wait_columns{
    TopColumn{"WAITS", "waits_ms", number}, TopColumn{"RESOURCE", "resource"}, TopColumn{"MODE", "mode"},
    TopColumn{"NODE", "node"}, TopColumn{"PID", "pid", number}, TopColumn{"USER", "user"},
    TopColumn{"BEHIND", "behind"}, TopColumn{"COMMAND", "command"}};
constexpr std::array blocker_columns{
    TopColumn{"BLOCKS", "blocks", number}, TopColumn{"DIRECTLY", "directly", number},
    TopColumn{"LONGEST", "longest_wait_ms", number}, TopColumn{"NODE", "node"}, TopColumn{"PID", "pid", number},
    TopColumn{"USER", "user"}, TopColumn{"HOLDS", "holds"}, TopColumn{"RESOURCE", "resource"},
    TopColumn{"SINCE", "held_ms", number}, TopColumn{"COMMAND", "command"}};
constexpr std::array master_columns{
    TopColumn{"MASTER", "master"}, TopColumn{"RESOURCES", "resources", number},
    TopColumn{"WAITED FOR", "waited_for", number}, TopColumn{"LOCKS", "locks", number},
    TopColumn{"WAITS", "waits", number}, TopColumn{"CHANGES/S", "changes_per_second", number}};

struct ViewRow {
  TopView view;
  std::string_view name;
  std::string_view title;
  std::span<const TopColumn> columns;
  Order order;
};
constexpr std::array view_table{
    ViewRow{TopView::nodes, "nodes", "NODES", node_columns, {0, Direction::rising}},
    ViewRow{TopView::hottest, "hottest", "HOTTEST RESOURCES", hot_columns, {1, Direction::falling}},
    ViewRow{TopView::waits, "waits", "LONGEST WAITS", wait_columns, {0, Direction::falling}},
    ViewRow{TopView::blockers, "blockers", "ROOT BLOCKERS", blocker_columns, {0, Direction::falling}},
    ViewRow{TopView::masters, "masters", "MASTERS", master_columns, {0, Direction::rising}}};
static_assert([] {
  for (const ViewRow& row : view_table)
    if (&row != &view_table[static_cast<std::size_t>(row.view)]) return false;
  return view_table.size() == all_top_views.size();
}());

const ViewRow& row_of(TopView view) { return view_table[static_cast<std::size_t>(view)]; }

TopCell count(std::uint64_t n) { return {fmt::format("{}", n), static_cast<double>(n)}; }
TopCell rate(double n) { return {fmt::format("{:.1f}", n), n}; }
TopCell time(Duration t) { return {time_text(t), std::chrono::duration<double, std::milli>(t).count()}; }
TopCell unknown() { return {"?", -1}; }
TopCell node(NodeId id) { return {node_text(id), static_cast<double>(id.value())}; }

TopTable nodes_of(const TopModel& model) {
  TopTable table{TopView::nodes, {}};
  for (const NodeSight& sight : model.nodes()) {
    TopRow row;
    if (const auto& info = sight.info; info) {
      const bool endless = info->deadline_left > std::chrono::hours(24 * 365);
      row.cells = {node(sight.node), {std::string(holdfast::name_of(info->phase))},
                   endless ? TopCell{"no end", 1e15} : time(std::max(info->deadline_left, Duration{})),
                   count(info->claims), count(info->sessions), count(info->resources_mastered),
                   count(info->directory_entries), count(info->moved), time(info->uptime)};
    } else {
      row.cells = {node(sight.node), {sight.connected ? "connected" : "not connected"}, unknown(), unknown(),
                   unknown(), unknown(), unknown(), unknown(), time(sight.member_age)};
    }
    row.id = node_text(sight.node);
    table.rows.push_back(std::move(row));
  }
  return table;
}

TopTable hottest_of(const TopModel& model) {
  TopTable table{TopView::hottest, {}};
  for (const auto& [name, sight] : model.resources()) {
    Mode strongest = Mode::NL;
    OwnerKey owner;
    for (const LockInfo& lock : sight.info.locks) {
      if (lock.standing == LockStanding::waiting) continue;
      if (!owner.node || lock.granted > strongest) owner = key_of(lock);
      strongest = std::max(strongest, lock.granted);
    }
    const std::size_t waiting = sight.waiters();
    table.rows.push_back({{{name}, rate(sight.heat()), rate(sight.changes), {std::string(holdfast::name_of(strongest))},
                           count(sight.info.locks.size() - waiting), count(waiting), node(sight.info.master)},
                          waiting > 0 ? owner : OwnerKey{}, name});
  }
  return table;
}

TopTable waits_of(const Waits& waits) {
  TopTable table{TopView::waits, {}};
  for (const Wait& wait : waits.all()) {
    const LockInfo& lock = *wait.lock;
    const std::string behind = wait.blockers.empty()
                                   ? "-"
                                   : fmt::format("{}{} of {} pid {}{}", wait.hard ? "" : "queue: ",
                                                 mode_text(*wait.blockers.front()),
                                                 node_text(wait.blockers.front()->node),
                                                 wait.blockers.front()->owner.pid,
                                                 wait.blockers.size() == 1 ? "" : fmt::format(" +{}", wait.blockers.size() - 1));
    table.rows.push_back({{time(lock.age), {wait.resource}, {mode_text(lock)}, node(lock.node), count(lock.owner.pid),
                           {escaped(lock.owner.user)}, {behind}, {escaped(lock.owner.command)}},
                          waits.root_of(key_of(lock)), fmt::format("{}:{}", lock.node.value(), lock.id.value())});
  }
  return table;
}

TopTable blockers_of(const Waits& waits) {
  TopTable table{TopView::blockers, {}};
  for (const RootBlocker& root : waits.roots()) {
    const LockInfo& lock = *root.lock;
    table.rows.push_back({{count(root.all), count(root.direct), time(root.longest), node(lock.node),
                           count(lock.owner.pid), {escaped(lock.owner.user)}, {mode_text(lock)}, {root.resource},
                           time(lock.age), {escaped(lock.owner.command)}},
                          key_of(lock), fmt::format("{}:{}", lock.node.value(), lock.owner.owner.value())});
  }
  return table;
}

TopTable masters_of(const TopModel& model) {
  TopTable table{TopView::masters, {}};
  for (const auto& [id, sight] : model.masters())
    table.rows.push_back({{node(id), count(sight.resources), count(sight.waited_for), count(sight.locks),
                           count(sight.waits), rate(sight.changes)},
                          {}, node_text(id)});
  return table;
}

// Whole numbers without a point.
nlohmann::ordered_json to_number(const TopCell& cell) {
  if (cell.number < 0) return nullptr;
  const auto whole = static_cast<std::int64_t>(cell.number);
  if (static_cast<double>(whole) == cell.number) return whole;
  return cell.number;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::string_view title_of(TopView view) { return row_of(view).title; }
std::string_view name_of(TopView view) { return row_of(view).name; }
std::span<const TopColumn> columns_of(TopView view) { return row_of(view).columns; }
Order usual_order(TopView view) { return row_of(view).order; }

TopTable table_of(const TopModel& model, const Waits& waits, TopView view) {
  switch (view) {
    case TopView::nodes:
      return nodes_of(model);
    case TopView::hottest:
      return hottest_of(model);
    case TopView::waits:
      return waits_of(waits);
    case TopView::blockers:
      return blockers_of(waits);
    case TopView::masters:
      return masters_of(model);
  }
  HF_ASSERT(!"unknown view");
}

void sort(TopTable& table, Order order) {
  const bool falling = order.direction == Direction::falling;
  std::ranges::stable_sort(table.rows, [&](const TopRow& left, const TopRow& right) {
    const TopCell& a = (falling ? right : left).cells[order.column];
    const TopCell& b = (falling ? left : right).cells[order.column];
    // Nodes are texts with a number: n10 comes behind n9.
    if (a.number != b.number) return a.number < b.number;
    return columns_of(table.view)[order.column].content == Content::text && a.text < b.text;
  });
}

void keep_matching(TopTable& table, std::string_view part) {
  if (part.empty()) return;
  const std::string wanted = lower(part);
  std::erase_if(table.rows, [&](const TopRow& row) {
    return std::ranges::none_of(row.cells, [&](const TopCell& cell) {
      return lower(cell.text).find(wanted) != std::string::npos;
    });
  });
}

std::vector<std::string> lines_of(const TopTable& table) {
  const auto columns = columns_of(table.view);
  std::vector<std::size_t> widths;
  for (const TopColumn& column : columns) widths.push_back(column.heading.size());
  for (const TopRow& row : table.rows)
    for (std::size_t i = 0; i < columns.size(); ++i) widths[i] = std::max(widths[i], row.cells[i].text.size());

  std::vector<std::string> lines;
  const auto add = [&](auto&& text_of) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const bool right = columns[i].content == Content::number;
      line += right ? fmt::format("{:>{}}", text_of(i), widths[i]) : fmt::format("{:<{}}", text_of(i), widths[i]);
      if (i + 1 < columns.size()) line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  };
  add([&](std::size_t i) { return columns[i].heading; });
  for (const TopRow& row : table.rows) add([&](std::size_t i) -> std::string_view { return row.cells[i].text; });
  return lines;
}

nlohmann::ordered_json to_json(const TopTable& table) {
  auto rows = nlohmann::ordered_json::array();
  const auto columns = columns_of(table.view);
  for (const TopRow& row : table.rows) {
    nlohmann::ordered_json json;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const TopCell& cell = row.cells[i];
      if (columns[i].content == Content::text) json[std::string(columns[i].key)] = cell.text;
      else json[std::string(columns[i].key)] = to_number(cell);
    }
    rows.push_back(std::move(json));
  }
  return rows;
}

std::string summary_of(const TopModel& model, const Waits& waits) {
  double changes = 0;
  std::uint64_t resources = 0, locks = 0;
  for (const auto& [id, master] : model.masters()) {
    changes += master.changes;
    resources += master.resources;
    locks += master.locks;
  }
  return fmt::format("{} nodes, {} resources, {} locks held, {} waiting, {:.1f} changes/s{}{}", model.nodes().size(),
                     resources, locks, waits.all().size(), changes,
                     model.sweeps() == 0 ? " (first look not finished)" : "",
                     model.complete() ? "" : " (a node did not answer, or recovers)");
}

}  // namespace holdfast::cli
