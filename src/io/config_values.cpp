// SPDX-License-Identifier: Apache-2.0
#include "io/config_values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <sstream>

#include "io/address.hpp"
#include "model/name.hpp"

namespace holdfast::io {
namespace {

// How many letters must be changed, added or left out to make one word of the other?
std::size_t edits(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t changed = diagonal + (from[i] != to[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string shown(const toml::node& node) {
  if (node.is_string()) return fmt::format("\"{}\"", escaped(node.as_string()->get()));
  std::ostringstream text;
  node.visit([&text](const auto& concrete) { text << concrete; });
  return text.str();
}

}  // namespace

Error Value::refused(std::string_view why) const {
  return Error{Errc::bad_config, fmt::format("{}:{}: {} {}", file, node.source().begin.line, where, why)};
}

Error Value::wrong(std::string_view allowed) const {
  return refused(fmt::format("= {}: allowed is {}", shown(node), allowed));
}

Result<std::int64_t> Value::integer(Range range) const {
  const toml::value<std::int64_t>* value = node.as_integer();
  if (value == nullptr || value->get() < range.low || value->get() > range.high)
    return wrong(fmt::format("a number from {} to {}", range.low, range.high));
  return value->get();
}

Result<void> Value::text(Range bytes, std::string& into) const {
  const toml::value<std::string>* value = node.as_string();
  const auto size = value == nullptr ? -1 : static_cast<std::int64_t>(value->get().size());
  if (size < bytes.low || size > bytes.high || value->get().find('\0') != std::string::npos)
    return wrong(fmt::format("a text of {} to {} bytes", bytes.low, bytes.high));
  into = value->get();
  return {};
}

Result<void> Value::path(std::filesystem::path& into) const {
  std::string taken;
  if (const Result<void> good = text({1, 4096}, taken); !good) return good;
  if (taken.front() != '/') return wrong("an absolute path");
  into = taken;
  return {};
}

Result<void> Value::address(std::string& into) const {
  std::string taken;
  if (const Result<void> good = text({1, 128}, taken); !good) return good;
  if (const Result<Address> address = Address::parse(taken); !address) return refused(address.error().text());
  into = taken;
  return {};
}

Result<void> Value::file_mode(std::uint32_t& into) const {
  constexpr std::string_view allowed = "a file mode such as \"0660\", at most \"0777\"";
  if (node.is_integer()) {
    // 660 without a prefix is a decimal number, and surely not what was meant.
    const std::int64_t mode = node.as_integer()->get();
    const bool octal = node.as_integer()->flags() == toml::value_flags::format_as_octal;
    if (!octal || mode < 0 || mode > 0777) return wrong(allowed);
    into = static_cast<std::uint32_t>(mode);
    return {};
  }
  std::string taken;
  if (!text({3, 4}, taken)) return wrong(allowed);
  std::uint32_t mode = 0;
  const auto [stopped, failure] = std::from_chars(taken.data(), taken.data() + taken.size(), mode, 8);
  if (failure != std::errc{} || stopped != taken.data() + taken.size() || mode > 0777) return wrong(allowed);
  into = mode;
  return {};
}

Result<void> Value::milliseconds(Range range, Duration& into) const {
  HF_TRY(const std::int64_t taken, integer(range));
  into = std::chrono::milliseconds(taken);
  return {};
}

Result<std::size_t> Value::position(std::span<const std::string_view> names) const {
  const toml::value<std::string>* value = node.as_string();
  const auto found = value == nullptr ? names.end() : std::ranges::find(names, value->get());
  if (found == names.end()) return wrong(fmt::format("one of \"{}\"", fmt::join(names, "\", \"")));
  return static_cast<std::size_t>(found - names.begin());
}

Error unknown_name(const Value& value, std::string_view what, const Misspelt& misspelt) {
  const auto near = std::ranges::min_element(
      misspelt.allowed, {}, [&](std::string_view name) { return edits(misspelt.name, name); });
  std::string hint;
  if (edits(misspelt.name, *near) <= std::max<std::size_t>(2, near->size() / 3))
    hint = fmt::format("did you mean '{}'? ", *near);
  return Error{Errc::bad_config, fmt::format("{}:{}: unknown {}; {}allowed are: {}", value.file,
                                             value.node.source().begin.line, what, hint,
                                             fmt::join(misspelt.allowed, ", "))};
}

}  // namespace holdfast::io
