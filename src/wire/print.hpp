// SPDX-License-Identifier: Apache-2.0
// Printing and comparing messages by their field lists: for traces, failed tests and the protocol page.
#pragma once

#include <string>

#include "base/error.hpp"
#include "model/name.hpp"
#include "wire/codec.hpp"

namespace holdfast::wire {

template <class T>
void print_value(std::string& out, const T& value) {
  if constexpr (std::same_as<T, Mode>) {
    out += holdfast::name_of(value);
  } else if constexpr (std::same_as<T, Errc>) {
    out += holdfast::name_of(value);
  } else if constexpr (Number<T>) {
    out += std::to_string(to_number(value));
  } else if constexpr (std::same_as<T, Token>) {
    out += std::to_string(value.epoch.value()) + "." + std::to_string(value.counter);
  } else if constexpr (Text<T>) {
    out += '"' + escaped(value) + '"';
  } else if constexpr (is_list<T>) {
    out += '[';
    for (const auto& element : value) {
      if (out.back() != '[') out += ' ';
      print_value(out, element);
    }
    out += ']';
  } else {
    out += '{';
    const auto print_field = [&](const auto& f) {
      if (out.back() != '{') out += ' ';
      out.append(f.name) += '=';
      print_value(out, value.*(f.member));
    };
    std::apply([&](const auto&... f) { (print_field(f), ...); }, T::fields);
    out += '}';
  }
}

// "GrantReply{claim=4294967296 number=1 ...}"
template <Described M>
[[nodiscard]] std::string to_text(const M& message) {
  std::string out(M::name);
  print_value(out, message);
  return out;
}

template <class T>
[[nodiscard]] bool equal(const T& a, const T& b) {
  if constexpr (is_list<T>) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
      if (!equal(a[i], b[i])) return false;
    return true;
  } else if constexpr (Described<T>) {
    return std::apply([&](const auto&... f) { return (equal(a.*(f.member), b.*(f.member)) && ...); }, T::fields);
  } else {
    return a == b;
  }
}

}  // namespace holdfast::wire
