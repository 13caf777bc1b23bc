// SPDX-License-Identifier: Apache-2.0
// Commands of a block are carried out one after another, each until nothing is in flight; those of
// a block marked `together` are all issued before anything runs, and a block with a `step` runs
// only what it says.
#include "sim/scenario/runner.hpp"

#include "sim/scenario/compare.hpp"
#include "sim/scenario/words.hpp"

#include <algorithm>
#include <numeric>

namespace holdfast::sim {
namespace {

// A `together` block of more lines has too many orders to play them all.
constexpr std::size_t permuted_lines_max = 5;

// Which order the commands of a block are issued in; empty: as written.
using Permutation = std::vector<std::size_t>;

std::vector<std::string> texts(const std::vector<Line>& lines) {
  std::vector<std::string> out;
  for (const Line& line : lines) out.push_back(line.text);
  return out;
}

// One pass through a script.
class Pass {
 public:
  Pass(const Script& script, Stage& stage) : script_(script), stage_(stage) {}

  // What came in block number `index`, or what went wrong.
  Result<std::vector<std::string>> play(std::size_t index, const Permutation& order) {
    const Block& block = script_.blocks[index];
    stage_.begin(block);
    for (std::size_t i = 0; i < block.commands.size(); ++i) {
      const Command& command = block.commands[order.empty() ? i : order[i]];
      stage_.record().begin_command();
      if (auto done = stage_.carry_out(command); !done) return at(command.line, done.error());
      if (block.order == Order::any || block.steps()) continue;
      if (auto done = stage_.settle(); !done) return at(command.line, done.error());
    }
    if (!block.steps())
      if (auto done = stage_.settle(); !done) return at(block.rule_line, done.error());
    if (auto done = stage_.check(); !done) return at(block.rule_line, done.error());
    if (auto done = stage_.record().check(); !done) return at(block.rule_line, done.error());
    return texts(stage_.record().take());
  }

 private:
  [[nodiscard]] Error at(std::size_t line, const Error& error) const {
    return Error{error.code, script_.path + ":" + std::to_string(line) + ": " + error.text()};
  }
  const Script& script_;
  Stage& stage_;
};

std::string complain(const Script& script, const Block& block,
                     const std::vector<std::string>& got) {
  return script.path + ":" + std::to_string(block.rule_line) +
         ": not as expected (- expected, + got)\n" + difference(block.expected, got);
}

// The file with other expectations in it, from the last block to the first so that line numbers
// stay true.
std::vector<std::string> with_expectations(const Script& script,
                                           const std::vector<std::vector<std::string>>& got) {
  std::vector<std::string> lines = script.lines;
  for (std::size_t i = got.size(); i-- > 0;) {
    const Block& block = script.blocks[i];
    const auto from = lines.begin() + static_cast<std::ptrdiff_t>(block.rule_line);
    const auto behind =
        lines.erase(from, from + static_cast<std::ptrdiff_t>(block.expected.size()));
    lines.insert(behind, got[i].begin(), got[i].end());
  }
  return lines;
}

// Where nothing says who comes first, nothing is said about the order of the answers.
LineOrder order_in(const Script& script, std::size_t block, const Depth& depth) {
  return script.blocks[block].order == Order::any ? LineOrder::per_owner : depth.line_order(script);
}

FileResult run_as_written(const Script& script, const Depth& depth) {
  FileResult result;
  auto stage = depth.make(script);
  if (!stage) {
    result.complaint = script.path + ": " + stage.error().text() + "\n";
    return result;
  }
  Pass pass(script, **stage);
  std::vector<std::vector<std::string>> got;
  for (std::size_t i = 0; i < script.blocks.size(); ++i) {
    auto lines = pass.play(i, {});
    if (!lines) {
      result.complaint += lines.error().detail + "\n";
      return result;
    }
    if (!as_expected(script.blocks[i].expected, *lines, order_in(script, i, depth)))
      result.complaint += complain(script, script.blocks[i], *lines);
    got.push_back(*lines);
  }
  result.fresh = with_expectations(script, got);
  result.passed = result.complaint.empty();
  return result;
}

// Plays the script with block `index` in this order and returns what that block said.
Result<std::vector<std::string>> play_permuted(const Script& script, const Depth& depth,
                                               std::size_t index, const Permutation& order) {
  HF_TRY(const std::unique_ptr<Stage> stage, depth.make(script));
  Pass pass(script, *stage);
  std::vector<std::string> said;
  for (std::size_t i = 0; i < script.blocks.size(); ++i) {
    HF_TRY(std::vector<std::string> lines, pass.play(i, i == index ? order : Permutation{}));
    if (i == index) said = std::move(lines);
  }
  return said;
}

// Every order of one block. Invariants must hold in all; what was said counts only if all said the
// same.
std::string try_orders(const Script& script, const Depth& depth, std::size_t index) {
  const Block& block = script.blocks[index];
  if (block.commands.size() > permuted_lines_max)
    return script.path + ":" + std::to_string(block.commands.front().line) +
           ": a block marked together has at most " + std::to_string(permuted_lines_max) +
           " lines for --permute\n";
  Permutation order(block.commands.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::vector<std::string>> said;
  do {
    auto lines = play_permuted(script, depth, index, order);
    if (!lines) {
      std::string orders;
      for (const std::size_t i : order) orders += "    " + block.commands[i].text + "\n";
      return lines.error().detail + "\n  in this order of the lines:\n" + orders;
    }
    said.push_back(std::move(*lines));
  } while (std::ranges::next_permutation(order).found);
  const auto alike = [&](const auto& one) {
    return as_expected(said.front(), one, LineOrder::per_owner);
  };
  const bool same = std::ranges::all_of(said, alike);
  if (same && !as_expected(block.expected, said.front(), LineOrder::per_owner))
    return complain(script, block, said.front());
  return {};
}

}  // namespace

FileResult run_script(const Script& script, const Depth& depth, Trial trial) {
  FileResult result = run_as_written(script, depth);
  if (trial == Trial::as_written || !result.passed) return result;
  for (std::size_t i = 0; i < script.blocks.size(); ++i)
    if (script.blocks[i].order == Order::any) result.complaint += try_orders(script, depth, i);
  result.passed = result.complaint.empty();
  return result;
}

bool Report::all_passed() const {
  return std::ranges::all_of(counts_, [](const auto& row) { return row.second.failed == 0; });
}

std::size_t Report::ran() const {
  std::size_t sum = 0;
  for (const auto& [depth, count] : counts_) sum += count.passed + count.failed;
  return sum;
}

std::string Report::packed() const {
  std::string out;
  for (const auto& [depth, count] : counts_) {
    out += "p\t" + depth + "\t" + std::to_string(count.passed) + "\nf\t" + depth + "\t" +
           std::to_string(count.failed) + "\n";
    for (const auto& [reason, files] : count.skipped)
      out += "s\t" + depth + "\t" + std::to_string(files) + "\t" + reason + "\n";
  }
  return out;
}

void Report::add(std::string_view packed) {
  for (const std::string& line : split_lines(packed)) {
    const std::size_t name = 2;
    const std::size_t name_end = line.find('\t', name);
    const std::size_t number_end = std::min(line.find('\t', name_end + 1), line.size());
    const auto number =
        parse_number(std::string_view(line).substr(name_end + 1, number_end - name_end - 1));
    HF_ASSERT(number.has_value());
    Count& count = counts_[line.substr(name, name_end - name)];
    if (line[0] == 'p') count.passed += *number;
    if (line[0] == 'f') count.failed += *number;
    if (line[0] == 's') count.skipped[line.substr(number_end + 1)] += *number;
  }
}

std::string Report::text() const {
  std::string out;
  for (const auto& [depth, count] : counts_) {
    std::size_t skipped = 0;
    for (const auto& [reason, files] : count.skipped) skipped += files;
    out += "depth " + depth + ": " + std::to_string(count.passed + count.failed) + " ran, " +
           std::to_string(count.passed) + " passed, " + std::to_string(count.failed) + " failed, " +
           std::to_string(skipped) + " skipped\n";
    for (const auto& [reason, files] : count.skipped)
      out += "  skipped " + std::to_string(files) + ": " + reason + "\n";
  }
  return out;
}

}  // namespace holdfast::sim
