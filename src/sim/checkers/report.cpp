// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/report.hpp"

#include "sim/history/writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace holdfast::sim::checkers {
namespace {

struct Counts {
  std::uint64_t calls = 0, grants = 0, faults = 0, accepted = 0, refused = 0;
};

Counts counts_of(const Model& model) {
  Counts counts{.calls = model.requests.size()};
  for (const history::Request& request : model.requests) counts.grants += request.granted_in_time() ? 1U : 0U;
  for (const history::Event& event : model.history->events) {
    counts.faults += event.kind == history::Kind::fault ? 1U : 0U;
    counts.accepted += event.kind == history::Kind::accepted ? 1U : 0U;
    counts.refused += event.kind == history::Kind::refused ? 1U : 0U;
  }
  return counts;
}

double seconds_of(const Model& model) {
  if (model.history->events.empty()) return 0;
  return static_cast<double>(model.finish - model.history->events.front().at) / 1e9;
}

std::string where(const Model& model, const history::Event& event) {
  if (event.line == 0) return "simulated";
  return fmt::format("{}:{}", model.history->files[event.file], event.line);
}

std::vector<Index> in_order(std::vector<Index> events) {
  std::erase(events, history::none);
  std::ranges::sort(events);
  events.erase(std::unique(events.begin(), events.end()), events.end());
  return events;
}

std::string text_of(const Model& model, const Verdict& verdict) {
  std::string text = fmt::format("{:<4}{:<24}{:>10} {:<18}", verdict.name, verdict.title, verdict.checked, verdict.unit);
  text += verdict.broken == 0 ? "ok" : fmt::format("BROKEN {} times", verdict.broken);
  if (verdict.spurious != 0) text += fmt::format(" ({} spurious)", verdict.spurious);
  text += '\n';
  for (const Finding& finding : verdict.findings) {
    text += fmt::format("      {}\n", finding.what);
    for (const Index index : in_order(finding.events))
      text += fmt::format("        {}: {}\n", where(model, model.event(index)),
                          history::line_of(*model.history, model.event(index)));
  }
  if (verdict.broken > verdict.findings.size())
    text += fmt::format("      and {} more\n", verdict.broken - verdict.findings.size());
  return text;
}

}  // namespace

bool clean(const std::vector<Verdict>& verdicts) {
  return std::ranges::all_of(verdicts, [](const Verdict& verdict) { return verdict.broken == 0; });
}

std::string text_report(const Model& model, const std::vector<Verdict>& verdicts) {
  const Counts counts = counts_of(model);
  std::string text = fmt::format(
      "{} events of {} sessions on {} resources in {:.1f} s: {} calls, {} grants believed in, {} faults\n"
      "storage: {} writes accepted, {} refused\n\n",
      model.history->events.size(), model.clients.size(), model.resources.size(), seconds_of(model), counts.calls,
      counts.grants, counts.faults, counts.accepted, counts.refused);
  for (const Verdict& verdict : verdicts) text += text_of(model, verdict);
  if (model.faults && model.healed == history::never)
    text += "\nFaults never end in this history, so I5 and the bounds of I9 and I10 were not checked.\n";
  text += clean(verdicts) ? "\nclean\n" : "\nBROKEN: " + first_broken(verdicts) + "\n";
  return text;
}

std::string json_report(const Model& model, const std::vector<Verdict>& verdicts) {
  using Json = nlohmann::ordered_json;
  const Counts counts = counts_of(model);
  Json json{{"clean", clean(verdicts)},
            {"events", model.history->events.size()},
            {"sessions", model.clients.size()},
            {"resources", model.resources.size()},
            {"seconds", seconds_of(model)},
            {"calls", counts.calls},
            {"grants", counts.grants},
            {"faults", counts.faults},
            {"writes_accepted", counts.accepted},
            {"writes_refused", counts.refused},
            {"invariants", Json::array()}};
  for (const Verdict& verdict : verdicts) {
    Json one{{"name", verdict.name},       {"title", verdict.title},   {"checked", verdict.checked},
             {"broken", verdict.broken},   {"spurious", verdict.spurious}, {"findings", Json::array()}};
    for (const Finding& finding : verdict.findings) {
      Json lines = Json::array();
      for (const Index index : in_order(finding.events))
        lines.push_back({{"file", model.event(index).line == 0 ? "" : model.history->files[model.event(index).file]},
                         {"line", model.event(index).line},
                         {"event", history::line_of(*model.history, model.event(index))}});
      one["findings"].push_back({{"what", finding.what}, {"lines", std::move(lines)}});
    }
    json["invariants"].push_back(std::move(one));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string first_broken(const std::vector<Verdict>& verdicts) {
  for (const Verdict& verdict : verdicts)
    if (!verdict.findings.empty())
      return fmt::format("{} ({}): {}", verdict.name, verdict.title, verdict.findings.front().what);
  return {};
}

}  // namespace holdfast::sim::checkers
