// SPDX-License-Identifier: Apache-2.0
// Value: one value of a TOML file with its place, and the ways to take it. Each refusal names file, line,
// key and what is allowed. Seen by config.cpp alone.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#ifndef TOML_EXCEPTIONS
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
// Its assertions hold for correct files only ("[$x]" breaks one). Without them it reports what it found.
#define TOML_ASSERT(expression) static_cast<void>(0)
#endif
#include <toml++/toml.h>

#include "base/instant.hpp"
#include "base/result.hpp"

namespace holdfast::io {

struct Range {
  std::int64_t low, high;
  constexpr Range(std::integral auto from, std::integral auto to)
      : low(static_cast<std::int64_t>(from)), high(static_cast<std::int64_t>(to)) {}
};

struct Value {
  std::string_view file;
  std::string where;  // such as "[lease] lease_ms"
  const toml::node& node;

  // "holdfastd.toml:12: [lease] lease_ms ..."
  [[nodiscard]] Error refused(std::string_view why) const;
  [[nodiscard]] Error wrong(std::string_view allowed) const;

  [[nodiscard]] Result<std::int64_t> integer(Range range) const;
  [[nodiscard]] Result<void> text(Range bytes, std::string& into) const;
  [[nodiscard]] Result<void> path(std::filesystem::path& into) const;
  [[nodiscard]] Result<void> address(std::string& into) const;
  [[nodiscard]] Result<void> file_mode(std::uint32_t& into) const;  // "0660" or 0o660
  [[nodiscard]] Result<void> milliseconds(Range range, Duration& into) const;
  [[nodiscard]] Result<std::size_t> position(std::span<const std::string_view> names) const;

  template <std::integral Number>
  [[nodiscard]] Result<void> number(Range range, Number& into) const {
    HF_TRY(const std::int64_t taken, integer(range));
    into = static_cast<Number>(taken);
    return {};
  }
  template <class IdType>
  [[nodiscard]] Result<void> id(Range range, IdType& into) const {
    HF_TRY(const std::int64_t taken, integer(range));
    into = IdType{static_cast<typename IdType::rep>(taken)};
    return {};
  }
  // Enumerators are named by position.
  template <class Enum>
  [[nodiscard]] Result<void> choice(std::span<const std::string_view> names, Enum& into) const {
    HF_TRY(const std::size_t taken, position(names));
    into = static_cast<Enum>(taken);
    return {};
  }
};

struct Misspelt {
  std::string_view name;
  std::vector<std::string_view> allowed;
};
// "unknown key 'lese_ms' in [lease]; did you mean 'lease_ms'? allowed are: lease_ms"
[[nodiscard]] Error unknown_name(const Value& value, std::string_view what, const Misspelt& misspelt);

}  // namespace holdfast::io
