// SPDX-License-Identifier: Apache-2.0
// `holdfast top`: the cluster while you look at it, or one picture as text or JSON.
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/process.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "cli/top_sampler.hpp"
#include "cli/top_screen.hpp"
#include "cli/top_state.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace holdfast::cli {
namespace {

constexpr std::chrono::milliseconds every_min{100};

struct Options {
  bool once = false;
  std::string every = "1s";
  std::size_t rows = 10;
};

// Two whole looks, since one shows no rates.
Result<void> look_twice(TopSampler& sampler, TopModel& model, Duration every) {
  Instant next = boottime();
  while (model.sweeps() < 2) {
    wait_readable({}, next);
    HF_TRY(const Sweep sweep, sampler.look(model, every));
    next = sweep == Sweep::whole ? boottime() + every : boottime();
  }
  return {};
}

TopTable shortened(const TopModel& model, const Waits& waits, TopView view, std::size_t rows) {
  TopTable table = table_of(model, waits, view);
  sort(table, usual_order(view));
  if (view != TopView::nodes && table.rows.size() > rows) table.rows.resize(rows);
  return table;
}

std::string text_of(const TopModel& model, const TopSampler& sampler, std::size_t rows) {
  const Waits waits(model);
  std::string text = fmt::format("{}: {}\n", sampler.title(), summary_of(model, waits));
  for (const TopView view : all_top_views) {
    text += "\n" + coloured(Colour::bold, title_of(view)) + "\n";
    const TopTable table = shortened(model, waits, view, rows);
    if (table.rows.empty()) text += "none\n";
    else
      for (const std::string& line : lines_of(table)) text += line + "\n";
  }
  return text;
}

nlohmann::ordered_json json_of(const TopModel& model, std::size_t rows) {
  const Waits waits(model);
  nlohmann::ordered_json json{{"complete", model.complete()}, {"waiting", waits.all().size()}};
  for (const TopView view : all_top_views)
    json[std::string(name_of(view))] = to_json(shortened(model, waits, view, rows));
  return json;
}

int once(const Common& common, const Options& options, Duration every) {
  TopModel model;
  TopSampler sampler(common);
  if (const auto looked = look_twice(sampler, model, every); !looked) return failed(looked.error());
  const std::string text = common.json ? json_of(model, options.rows).dump(2) + "\n" : text_of(model, sampler, options.rows);
  return print(text) ? exit_ok : exit_failed;
}

int live(const Common& common, const Options& options, Duration every) {
  TopModel model;
  TopSampler sampler(common);
  // The first look comes before the screen: without a daemon there is nothing to show.
  if (const auto looked = sampler.look(model, every / 4); !looked) return failed(looked.error());
  auto screen = Screen::open();
  if (!screen) return refused_argument("top", screen.error());
  TopState state;
  TopHead head;
  Instant next = boottime() + every;
  while (!state.ended()) {
    head.title = fmt::format("{}, every {}", sampler.title(), options.every);
    screen->show(state.draw(model, head, screen->size()));
    state.press(screen->wait_for_key(std::max(next - boottime(), Duration{0})));
    if (boottime() < next) continue;
    if (!state.paused()) {
      // Most of the time is for those who work.
      const auto looked = sampler.look(model, every / 4);
      head.warning = looked ? "" : "this picture is old: " + looked.error().text();
    }
    next = boottime() + every;
  }
  return exit_ok;
}

int top(const Common& common, const Options& options) {
  const auto every = parse_time(options.every);
  if (!every) return refused_argument("top", Error{Errc::bad_argument, "--every: " + every.error().detail});
  if (*every < every_min)
    return refused_argument("top", Error{Errc::bad_argument, "--every: at least 100ms, so that looking is not work for the nodes"});
  return options.once || common.json ? once(common, options, *every) : live(common, options, *every);
}

}  // namespace

Run declare_top(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_flag("--once", options->once, "print one picture and end; --json does so, too");
  app.add_option("--every", options->every, "how often to look (default: 1s); the time between the two looks of --once")
      ->type_name("TIME");
  app.add_option("--rows", options->rows, "with --once or --json: how many rows of each table (default: 10)")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
  return [options](const Common& common) { return top(common, *options); };
}

}  // namespace holdfast::cli
