// SPDX-License-Identifier: Apache-2.0
// Slab<T>: records addressed by a 64-bit id of index (low half) and generation (high half). An id of a
// record that was freed is never valid again before 2^32 - 1 re-uses of its place: a stale id is refused,
// never applied to a younger record. Records stay where they are; memory grows in chunks and is kept.
//
// A record with a member recycle() is brought back to its first state by that when it is freed, and so can
// keep the memory of its strings and lists; any other is assigned T{}.
//
// References to records live for one call only (R11): store the id.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/assert.hpp"

namespace holdfast {

template <class T, class IdType>
class Slab {
 public:
  // The id is never zero: generations start at 1.
  template <class... Args>
  IdType emplace(Args&&... args) {
    if (free_.empty()) grow();
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Cell& cell = at(index);
    HF_ASSERT(!cell.live);
    cell.live = true;
    ++live_;
    if constexpr (sizeof...(Args) > 0) cell.record = T{std::forward<Args>(args)...};
    return make_id(index, cell.generation);
  }
  // REQUIRES: `id` is live.
  void erase(IdType id) {
    Cell& cell = at(index_of(id));
    HF_ASSERT(cell.live && cell.generation == generation_of(id));
    if constexpr (requires { cell.record.recycle(); })
      cell.record.recycle();
    else
      cell.record = T{};
    cell.live = false;
    cell.generation = cell.generation == UINT32_MAX ? 1 : cell.generation + 1;
    --live_;
    free_.push_back(index_of(id));
  }
  // Null for an id that is not live (any more).
  [[nodiscard]] T* find(IdType id) {
    const std::uint32_t index = index_of(id);
    if (index >= capacity()) return nullptr;
    Cell& cell = at(index);
    return cell.live && cell.generation == generation_of(id) ? &cell.record : nullptr;
  }
  [[nodiscard]] const T* find(IdType id) const { return const_cast<Slab*>(this)->find(id); }
  // REQUIRES: `id` is live.
  [[nodiscard]] T& operator[](IdType id) {
    T* record = find(id);
    HF_ASSERT(record != nullptr);
    return *record;
  }
  [[nodiscard]] const T& operator[](IdType id) const { return const_cast<Slab&>(*this)[id]; }
  [[nodiscard]] std::uint32_t size() const { return live_; }

  // For a visit in pieces: what lives at an index below indexes(); none if nothing does.
  [[nodiscard]] std::uint32_t indexes() const { return capacity(); }
  [[nodiscard]] IdType id_at(std::uint32_t index) const {
    const Cell& cell = const_cast<Slab*>(this)->at(index);
    return cell.live ? make_id(index, cell.generation) : IdType{};
  }

  // Visits (id, record) in order of index; `visit` must neither add nor erase records.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (std::uint32_t index = 0; index < capacity(); ++index)
      if (Cell& cell = at(index); cell.live) visit(make_id(index, cell.generation), cell.record);
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    const_cast<Slab*>(this)->for_each([&](IdType id, T& record) { visit(id, std::as_const(record)); });
  }

 private:
  static constexpr std::uint32_t chunk_records = 32;
  struct Cell {
    std::uint32_t generation = 1;  // in front: in the cache line that a record begins with
    bool live = false;
    T record{};
  };
  static IdType make_id(std::uint32_t index, std::uint32_t generation) {
    return IdType{(static_cast<std::uint64_t>(generation) << 32) | index};
  }
  static std::uint32_t index_of(IdType id) { return static_cast<std::uint32_t>(id.value()); }
  static std::uint32_t generation_of(IdType id) { return static_cast<std::uint32_t>(id.value() >> 32); }
  [[nodiscard]] std::uint32_t capacity() const {
    return static_cast<std::uint32_t>(chunks_.size()) * chunk_records;
  }
  Cell& at(std::uint32_t index) { return (*chunks_[index / chunk_records])[index % chunk_records]; }
  void grow() {
    const std::uint32_t first = capacity();
    chunks_.push_back(std::make_unique<std::array<Cell, chunk_records>>());
    // The lowest index is handed out first.
    for (std::uint32_t i = chunk_records; i-- > 0;) free_.push_back(first + i);
  }

  std::vector<std::unique_ptr<std::array<Cell, chunk_records>>> chunks_;
  std::vector<std::uint32_t> free_;
  std::uint32_t live_ = 0;
};

}  // namespace holdfast
