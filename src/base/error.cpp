// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <algorithm>

namespace holdfast {
namespace {

constexpr bool sorted_by_code() {
  for (std::size_t i = 1; i < errc_table.size(); ++i)
    if (errc_table[i - 1].code >= errc_table[i].code) return false;
  return true;
}
static_assert(sorted_by_code(), "errc_table is searched by halving, and no number is used twice");

}  // namespace

const ErrcRow& row_of(Errc code) {
  const auto row = std::ranges::lower_bound(errc_table, code, {}, &ErrcRow::code);
  if (row != errc_table.end() && row->code == code) return *row;
  return row_of(Errc::bad_message);
}

std::string Error::text() const {
  const ErrcRow& row = row_of(code);
  return std::string(row.name) + ": " + (detail.empty() ? std::string(row.text) : detail);
}

}  // namespace holdfast
