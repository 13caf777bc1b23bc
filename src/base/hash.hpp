// SPDX-License-Identifier: Apache-2.0
// hash_bytes: one 64-bit hash of bytes that is equal on every node and in every release, since slots and
// homes are computed from it. (A multiply-and-fold hash in the manner of wyhash.)
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace holdfast {

constexpr std::uint64_t mix64(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0) {
  constexpr std::uint64_t k0 = 0xa0761d6478bd642fULL;
  constexpr std::uint64_t k1 = 0xe7037ed1a0b428dbULL;
  std::uint64_t state = seed ^ k0;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  const auto load = [](const char* from) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, 8);
    return word;
  };
  // The last `count` bytes before `end`, 1 to 8 of them. Where there are 8 to read, a load and a shift do it
  // without a branch on the count.
  const char* const end = bytes.data() + bytes.size();
  const auto load_last = [&](std::size_t count) {
    if (bytes.size() >= 8) return load(end - 8) >> (64 - 8 * count);
    std::uint64_t word = 0;
    std::memcpy(&word, end - count, count);
    return word;
  };
  while (left > 16) {
    state = mix64(load(at) ^ k1, load(at + 8) ^ state);
    at += 16;
    left -= 16;
  }
  const std::uint64_t low = left >= 8 ? load(at) : left == 0 ? 0 : load_last(left);
  const std::uint64_t high = left > 8 ? load_last(left - 8) : 0;
  return mix64(k1 ^ bytes.size(), mix64(low ^ k1, high ^ state));
}

}  // namespace holdfast
