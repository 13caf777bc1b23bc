// SPDX-License-Identifier: Apache-2.0
#include "sim/history/judge.hpp"

#include "sim/checkers/report.hpp"
#include "sim/history/writer.hpp"

namespace holdfast::sim::history {

std::string judge(Recorder& recorder, const std::string& file) {
  History& history = recorder.history();
  history.files = {file.empty() ? "the run" : file};
  // Where it stands in the file, below the heading.
  for (std::size_t i = 0; i < history.events.size(); ++i)
    history.events[i].line = static_cast<std::uint32_t>(i + 2);
  if (!file.empty())
    if (const auto written = write_file(history, file); !written) return written.error().text();
  const auto model = build(history);
  if (!model) return model.error().text();
  checkers::Bounds bounds;
  bounds.wait = 60'000'000'000;  // as long as the run gives itself to come to its end
  const std::string broken = checkers::first_broken(checkers::check_all(*model, bounds));
  return broken.empty() ? broken : "as the history shows, " + broken;
}

}  // namespace holdfast::sim::history
