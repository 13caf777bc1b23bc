// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error. A subset of std::expected's face, to be swapped for it once both our
// compilers have it (R5). HF_TRY hands a failure on to the caller. Another type of failure than Error is
// one that is made of an Error and says more.
#pragma once

#include <concepts>
#include <utility>
#include <variant>

#include "holdfast/assert.hpp"
#include "holdfast/error.hpp"

namespace holdfast {

template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}
  Result(Error error) requires(!std::same_as<E, Error>) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] T& value() & { return checked(); }
  [[nodiscard]] const T& value() const& { return const_cast<Result*>(this)->checked(); }
  [[nodiscard]] T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] const E& error() const {
    HF_ASSERT(!has_value());
    return *std::get_if<1>(&state_);
  }

 private:
  T& checked() {
    HF_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  std::variant<T, E> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  [[nodiscard]] bool has_value() const { return error_.code == Errc::ok; }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] const Error& error() const {
    HF_ASSERT(!has_value());
    return error_;
  }

 private:
  Error error_{Errc::ok};
};

}  // namespace holdfast

#define HF_TRY_JOIN2(a, b) a##b
#define HF_TRY_JOIN(a, b) HF_TRY_JOIN2(a, b)
// HF_TRY(const int x, parse(text));  declares x, or returns the Error of parse from this function.
#define HF_TRY(declaration, ...) HF_TRY_IN(HF_TRY_JOIN(hf_try_, __LINE__), declaration, __VA_ARGS__)
#define HF_TRY_IN(temporary, declaration, ...)      \
  auto temporary = (__VA_ARGS__);                   \
  if (!temporary.has_value()) return temporary.error(); \
  declaration = *std::move(temporary)
