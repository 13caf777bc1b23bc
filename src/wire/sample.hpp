// SPDX-License-Identifier: Apache-2.0
// Samples of every message, for tests, fuzz corpora and benches: a source says which numbers, sizes and
// bytes, and fill() walks the field list. A new message needs no line here.
#pragma once

#include <deque>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.hpp"
#include "base/prng.hpp"
#include "wire/codec.hpp"

namespace holdfast::wire {

// Keeps the bytes that the string_views of samples point to.
class TextStore {
 public:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

 private:
  std::deque<std::string> texts_;
};

// Any value that a field can have, edges more often than chance would.
class RandomSource {
 public:
  explicit RandomSource(std::uint64_t seed) : prng_(seed) {}
  std::uint64_t number(std::uint64_t max) {
    switch (prng_.below(4)) {
      case 0: return 0;
      case 1: return max;
      case 2: return max < 255 ? prng_.between(0, max) : prng_.between(0, 255);
    }
    return max == UINT64_MAX ? prng_.next() : prng_.between(0, max);
  }
  std::string text() {
    std::string text(prng_.chance(10) ? prng_.below(1200) : prng_.below(12), '\0');
    for (char& c : text) c = static_cast<char>(prng_.below(256));
    return text;
  }
  std::size_t list_size() { return prng_.below(4); }

 private:
  Prng prng_;
};

// The one example per message that golden bytes pin: no two fields alike.
class CountingSource {
 public:
  std::uint64_t number(std::uint64_t max) {
    ++count_;
    return max >= 0xff ? count_ : count_ % (max + 1);
  }
  std::string text() {
    ++count_;
    return std::string(1 + count_ % 3, static_cast<char>('a' + count_ % 26));
  }
  std::size_t list_size() { return 2; }

 private:
  std::uint64_t count_ = 0;
};

template <class T, class Source>
void fill(T& value, Source& source, TextStore& texts) {
  if constexpr (std::same_as<T, Errc>) {
    value = errc_table[source.number(errc_table.size() - 1)].code;
  } else if constexpr (std::is_enum_v<T>) {
    value = static_cast<T>(source.number(static_cast<std::uint64_t>(last_enumerator<T>)));
  } else if constexpr (std::same_as<T, FlagSet>) {
    value = FlagSet::from_bits(static_cast<std::uint32_t>(source.number(UINT32_MAX)));
  } else if constexpr (Number<T>) {
    using Raw = std::make_unsigned_t<decltype(to_number(value))>;
    value = static_cast<T>(static_cast<decltype(to_number(value))>(source.number(std::numeric_limits<Raw>::max())));
  } else if constexpr (std::same_as<T, Token>) {
    fill(value.epoch, source, texts);
    fill(value.counter, source, texts);
  } else if constexpr (Text<T>) {
    value = T(texts.keep(source.text()));
  } else if constexpr (is_list<T>) {
    value.resize(source.list_size());
    for (auto& element : value) fill(element, source, texts);
  } else {
    std::apply([&](const auto&... f) { (fill(value.*(f.member), source, texts), ...); }, T::fields);
  }
}

template <Described M, class Source>
[[nodiscard]] M sample(Source& source, TextStore& texts) {
  M message;
  fill(message, source, texts);
  return message;
}

// Calls visit(std::type_identity<M>) for every message of a protocol.
template <class... Messages, class Visit>
void for_each_message(MessageList<Messages...>, Visit&& visit) {
  (visit(std::type_identity<Messages>{}), ...);
}

}  // namespace holdfast::wire
