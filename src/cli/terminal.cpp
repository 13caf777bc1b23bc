// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.hpp"

#include "base/assert.hpp"
#include "cli/environment.hpp"
#include "cli/exit_code.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace holdfast::cli {
namespace {

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::plain:
      return "";
    case Colour::bold:
      return "1";
    case Colour::dim:
      return "2";
    case Colour::red:
      return "31";
    case Colour::green:
      return "32";
    case Colour::yellow:
      return "33";
  }
  HF_ASSERT(!"unknown colour");
}

std::string coloured_on(int fd, Colour colour, std::string_view text) {
  if (colour == Colour::plain || ::isatty(fd) == 0 || colours_refused()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code_of(colour), text);
}

}  // namespace

std::string coloured(Colour colour, std::string_view text) {
  return coloured_on(STDOUT_FILENO, colour, text);
}
std::string coloured_error(Colour colour, std::string_view text) {
  return coloured_on(STDERR_FILENO, colour, text);
}

void Table::add(std::vector<Cell> row) {
  HF_ASSERT(row.size() == headings_.size());
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const std::string& heading : headings_) widths.push_back(heading.size());
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].text.size());

  std::string out;
  const auto add_cell = [&](std::size_t column, const std::string& text, Colour colour) {
    out += coloured(colour, text);
    if (column + 1 < headings_.size()) out.append(widths[column] - text.size() + 2, ' ');
  };
  for (std::size_t i = 0; i < headings_.size(); ++i) add_cell(i, headings_[i], Colour::bold);
  out += '\n';
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) add_cell(i, row[i].text, row[i].colour);
    while (out.back() == ' ') out.pop_back();
    out += '\n';
  }
  return out;
}

void complain(std::string_view text) {
  const std::string line = fmt::format("{} {}\n", coloured_error(Colour::red, "holdfast:"), text);
  // One write, so that lines of several processes do not mix; nothing can be done if it fails.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

int failed(const Error& error) {
  complain(error.text());
  return error.code == Errc::cannot_connect ? exit_no_daemon : exit_failed;
}

bool print(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         std::fflush(stdout) == 0;
}

}  // namespace holdfast::cli
