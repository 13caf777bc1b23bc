// SPDX-License-Identifier: Apache-2.0
#include "bench/report.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace holdfast::bench {

bool keeps_bound(const Row& row) {
  if (!row.bound) return true;
  if (row.ratios.empty()) return false;
  const double ratio = row.ratios.median();
  return row.bound->kind == Bound::Kind::at_most ? ratio <= row.bound->ratio : ratio >= row.bound->ratio;
}

namespace {

std::string first_line_of(const char* command) {
  std::string line;
  if (FILE* pipe = ::popen(command, "r")) {
    char text[256] = {};
    if (std::fgets(text, sizeof text, pipe) != nullptr) line = text;
    ::pclose(pipe);
  }
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

std::string processor_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

std::string figure(const Row& row, double value) {
  switch (row.unit) {
    case Unit::microseconds: return fmt::format("{:.2f} us", value / 1000);
    case Unit::per_second: return fmt::format("{:.0f} /s", value);
    case Unit::nanoseconds: return fmt::format("{:.0f} ns", value);
    case Unit::milliseconds: return fmt::format("{:.1f} ms", value / 1'000'000);
  }
  return {};
}

std::string verdict(const Row& row) {
  if (!row.bound) return {};
  return fmt::format("{} {} {:.2f}", keeps_bound(row) ? "PASS" : "FAIL",
                     row.bound->kind == Bound::Kind::at_most ? "<=" : ">=", row.bound->ratio);
}

std::string second_figure(const Row& row) {
  // The slow end of a rate is its low quantile.
  return figure(row, row.samples.quantile(row.unit == Unit::per_second ? 0.01 : 0.99));
}

}  // namespace

Setting read_setting(std::string processors) {
  utsname system{};
  ::uname(&system);
  return {.processors = std::move(processors),
          .machine = processor_model(),
          .kernel = system.release,
          .compiler = __VERSION__,
          .commit = first_line_of("git describe --always --dirty 2>/dev/null || echo unknown")};
}

std::string as_table(const Setting& setting, const std::vector<Row>& rows) {
  std::string out = fmt::format("{}, Linux {}, compiler {}, commit {}; everything on {}\n", setting.machine,
                                setting.kernel, setting.compiler, setting.commit, setting.processors);
  std::string section;
  for (const Row& row : rows) {
    if (row.section != section) {
      section = row.section;
      out += fmt::format("\n{:<46} {:>13} {:>13} {:>7}  {:<28} {}\n", section, "p50", "p99", "ratio", "to", "bound");
    }
    const std::string ratio = row.ratios.empty() ? "" : fmt::format("{:.2f}", row.ratios.median());
    std::string line = fmt::format("  {:<44} {:>13} {:>13} {:>7}  {:<28} {}", row.name, figure(row, row.samples.median()),
                                   second_figure(row), ratio, row.floor, verdict(row));
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string as_json(const Setting& setting, const std::vector<Row>& rows) {
  nlohmann::json out;
  out["setting"] = {{"processor", setting.processors}, {"machine", setting.machine}, {"kernel", setting.kernel},
                    {"compiler", setting.compiler}, {"commit", setting.commit}};
  for (const Row& row : rows) {
    static constexpr const char* units[] = {"ns", "per_second", "ns", "ns"};
    nlohmann::json entry = {{"section", row.section},
                            {"name", row.name},
                            {"unit", units[static_cast<std::size_t>(row.unit)]},
                            {"p50", row.samples.median()},
                            {"p99", row.samples.quantile(row.unit == Unit::per_second ? 0.01 : 0.99)}};
    if (!row.ratios.empty()) {
      entry["floor"] = row.floor;
      entry["ratio"] = row.ratios.median();
    }
    if (row.bound) {
      entry[row.bound->kind == Bound::Kind::at_most ? "ratio_max" : "ratio_min"] = row.bound->ratio;
      entry["passed"] = keeps_bound(row);
    }
    out["rows"].push_back(std::move(entry));
  }
  return out.dump(2) + "\n";
}

}  // namespace holdfast::bench
