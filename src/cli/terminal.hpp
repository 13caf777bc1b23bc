// SPDX-License-Identifier: Apache-2.0
// What people see: colours where they help, tables, and the one way to report a failure. Colours
// appear only on a terminal and never under NO_COLOR; programs should read --json.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cli {

enum class Colour { plain, bold, dim, red, green, yellow };

// The text in this colour if standard output (or error) is a terminal, else as it is.
[[nodiscard]] std::string coloured(Colour colour, std::string_view text);
[[nodiscard]] std::string coloured_error(Colour colour, std::string_view text);

struct Cell {
  std::string text;
  Colour colour = Colour::plain;
};

class Table {
 public:
  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}
  void add(std::vector<Cell> row);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // Columns as wide as they must be, two spaces between them, none at the end of a line.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<Cell>> rows_;
};

// "holdfast: ..." on standard error.
void complain(std::string_view text);
// Prints the error and gives the exit code that belongs to it (69 if there is no daemon, else 1).
[[nodiscard]] int failed(const Error& error);
// Everything to standard output at once; false if nobody reads it any more.
bool print(std::string_view text);

}  // namespace holdfast::cli
