// SPDX-License-Identifier: Apache-2.0
// Chunked<T>: records beside those of a slab that somebody else keeps, by the index half of its ids. They
// never move, and are made when they are first asked for.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace holdfast {

template <class T>
class Chunked {
 public:
  [[nodiscard]] T& operator[](std::uint32_t index) {
    while (index >= size()) chunks_.push_back(std::make_unique<Chunk>());
    return (*chunks_[index / chunk_records])[index % chunk_records];
  }
  // REQUIRES: index < size().
  [[nodiscard]] const T& operator[](std::uint32_t index) const {
    return (*chunks_[index / chunk_records])[index % chunk_records];
  }
  // How many there are; all beyond have never been asked for.
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(chunks_.size()) * chunk_records; }

 private:
  static constexpr std::uint32_t chunk_records = 32;
  using Chunk = std::array<T, chunk_records>;
  std::vector<std::unique_ptr<Chunk>> chunks_;
};

}  // namespace holdfast
