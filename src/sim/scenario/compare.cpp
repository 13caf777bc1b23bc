// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/compare.hpp"

#include <algorithm>
#include <map>

namespace holdfast::sim {
namespace {

using Lines = std::vector<std::string>;

// The lines of each owner in their order. An indented line (of a look command) belongs to the one
// above.
std::map<std::string, Lines> by_owner(const Lines& lines) {
  std::map<std::string, Lines> sorted;
  std::string who;
  for (const std::string& line : lines) {
    if (!line.starts_with(' ')) who = line.substr(0, line.find(' '));
    sorted[who].push_back(line);
  }
  return sorted;
}

}  // namespace

bool as_expected(const Lines& expected, const Lines& got, LineOrder order) {
  if (order == LineOrder::exact) return expected == got;
  return by_owner(expected) == by_owner(got);
}

// The longest common subsequence, by the table that everybody knows: blocks are short.
std::string difference(const Lines& expected, const Lines& got) {
  const std::size_t rows = expected.size();
  const std::size_t columns = got.size();
  std::vector<std::vector<std::size_t>> common(rows + 1, std::vector<std::size_t>(columns + 1, 0));
  for (std::size_t i = rows; i-- > 0;)
    for (std::size_t j = columns; j-- > 0;)
      common[i][j] = expected[i] == got[j] ? common[i + 1][j + 1] + 1
                                           : std::max(common[i + 1][j], common[i][j + 1]);
  std::string out;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < rows || j < columns) {
    if (i < rows && j < columns && expected[i] == got[j]) {
      out += "      " + expected[i++] + "\n";
      ++j;
    } else if (j == columns || (i < rows && common[i + 1][j] >= common[i][j + 1])) {
      out += "    - " + expected[i++] + "\n";
    } else {
      out += "    + " + got[j++] + "\n";
    }
  }
  return out;
}

}  // namespace holdfast::sim
