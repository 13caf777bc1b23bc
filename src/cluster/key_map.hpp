// SPDX-License-Identifier: Apache-2.0
// KeyMap<T>: a hash map by the bytes of a key, in many small parts. A part that grows moves what is in it, and whoever
// adds a key waits for no more than that; and a walk over all of it can be done part by part, with changes in between.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/hash.hpp"

namespace holdfast::cluster {

template <class T>
class KeyMap {
 public:
  static constexpr std::uint32_t parts = 2048;

  // Salted, so that no behaviour can depend on the order of keys.
  explicit KeyMap(std::uint64_t salt) : salt_(salt) {}

  [[nodiscard]] T* find(std::string_view key) {
    const Hashed wanted{key, hash_bytes(key, salt_)};
    const Part& part = parts_[part_of(wanted.hash)];
    const auto at = part.find(wanted);
    return at == part.end() ? nullptr : &at->record->value;
  }
  [[nodiscard]] const T* find(std::string_view key) const { return const_cast<KeyMap*>(this)->find(key); }
  [[nodiscard]] bool contains(std::string_view key) const { return find(key) != nullptr; }
  // The value of this key, which may be new.
  T& operator[](std::string_view key) {
    if (T* known = find(key)) return *known;
    const std::uint64_t hash = hash_bytes(key, salt_);
    ++size_;
    return parts_[part_of(hash)].emplace(hash, std::make_unique<Record>(key)).first->record->value;
  }
  void erase(std::string_view key) {
    const Hashed wanted{key, hash_bytes(key, salt_)};
    Part& part = parts_[part_of(wanted.hash)];
    const auto at = part.find(wanted);
    if (at == part.end()) return;
    part.erase(at);
    --size_;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

  // Visits (key, value) of all.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Part& part : parts_)
      for (const Entry& entry : part) visit(entry.record->key, std::as_const(entry.record->value));
  }
  // Erases of one part what `unwanted(key, value)` picks; how many were looked at.
  template <class Unwanted>
  std::size_t erase_in(std::uint32_t part, Unwanted&& unwanted) {
    const std::size_t looked_at = parts_[part].size();
    size_ -= boost::unordered::erase_if(parts_[part], [&](const Entry& entry) { return unwanted(entry.record->key, entry.record->value); });
    return looked_at;
  }

 private:
  struct Record {
    explicit Record(std::string_view k) : key(k) {}
    std::string key;
    T value{};
  };
  // Small, and never looked behind when a part grows: what that costs is memory that is not in a cache.
  struct Entry {
    Entry(std::uint64_t h, std::unique_ptr<Record> r) : hash(h), record(std::move(r)) {}
    std::uint64_t hash;
    std::unique_ptr<Record> record;
  };
  struct Hashed {
    std::string_view key;
    std::uint64_t hash;
  };
  struct Hash {
    using is_transparent = void;
    using is_avalanching = void;
    std::size_t operator()(const auto& entry) const { return static_cast<std::size_t>(entry.hash); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry& a, const Entry& b) const { return a.record->key == b.record->key; }
    bool operator()(const Hashed& a, const Entry& b) const { return a.hash == b.hash && a.key == b.record->key; }
    bool operator()(const Entry& a, const Hashed& b) const { return (*this)(b, a); }
  };
  using Part = boost::unordered_flat_set<Entry, Hash, Equal>;
  // A part finds its place in itself by the highest and the lowest bits.
  [[nodiscard]] static std::size_t part_of(std::uint64_t hash) { return (hash >> 24) % parts; }

  std::uint64_t salt_;
  std::size_t size_ = 0;
  std::array<Part, parts> parts_;
};

}  // namespace holdfast::cluster
