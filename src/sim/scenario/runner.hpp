// SPDX-License-Identifier: Apache-2.0
// Runs scripts at a depth: block after block, golden comparison, --rewrite, --permute, and the
// report that says how many files ran, passed and were skipped at each depth. Files come and go as
// text: reading and writing them is the program's business.
#pragma once

#include "sim/scenario/stage.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace holdfast::sim {

enum class Trial : std::uint8_t { as_written, every_order };

struct FileResult {
  bool passed = false;
  std::string complaint;           // what was expected and what came; empty if it passed
  std::vector<std::string> fresh;  // the lines of the file with what came as expectation
};

// REQUIRES: depth.why_not(script) is empty.
[[nodiscard]] FileResult run_script(const Script& script, const Depth& depth, Trial trial);

// What became of many files.
class Report {
 public:
  void passed(std::string_view depth) { ++counts_[std::string(depth)].passed; }
  void failed(std::string_view depth) { ++counts_[std::string(depth)].failed; }
  void skipped(std::string_view depth, const std::string& reason) {
    ++counts_[std::string(depth)].skipped[reason];
  }
  [[nodiscard]] bool all_passed() const;
  [[nodiscard]] std::size_t ran() const;
  // For handing counts from one process to another; add() is the other end.
  [[nodiscard]] std::string packed() const;
  void add(std::string_view packed);
  // One line per depth, and one per reason for which files were skipped there.
  [[nodiscard]] std::string text() const;

 private:
  struct Count {
    std::size_t passed = 0;
    std::size_t failed = 0;
    std::map<std::string, std::size_t> skipped;
  };
  std::map<std::string, Count> counts_;
};

}  // namespace holdfast::sim
