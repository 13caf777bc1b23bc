// SPDX-License-Identifier: Apache-2.0
// PlaceIndex: finds the place of a name. An entry carries its whole hash, so that of the places themselves
// only the one that is meant is touched: what a look-up costs is memory that is not in a cache.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>

#include "base/hash.hpp"
#include "model/name.hpp"
#include "node/claim.hpp"

namespace holdfast::node {

// Where the hashes of all names of a lockspace begin. Salted, so that nothing can depend on the order of a map.
struct NameSeed {
  std::uint64_t value = 0;
  [[nodiscard]] static NameSeed of(std::string_view lockspace, std::uint64_t salt) {
    return {hash_bytes(lockspace, salt)};
  }
};

class PlaceIndex {
 public:
  [[nodiscard]] Place* find(NameSeed seed, const KeyParts& parts) const {
    const auto found = entries_.find(Wanted{.hash = hash_bytes(parts.name, seed.value), .parts = parts});
    return found == entries_.end() ? nullptr : found->place;
  }
  // REQUIRES: there is none of this name; the place stays where it is until it is erased here.
  void insert(NameSeed seed, Place& place) {
    entries_.insert({.hash = hash_bytes(split_key(place.key)->name, seed.value), .place = &place});
  }
  void erase(NameSeed seed, const Place& place) {
    const KeyParts parts = *split_key(place.key);
    entries_.erase(entries_.find(Wanted{.hash = hash_bytes(parts.name, seed.value), .parts = parts}));
  }

 private:
  struct Entry {
    std::uint64_t hash = 0;
    Place* place = nullptr;
  };
  struct Wanted {
    std::uint64_t hash = 0;
    KeyParts parts;
  };
  struct Hash {
    using is_transparent = void;
    using is_avalanching = void;
    std::size_t operator()(const auto& entry) const { return entry.hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry& a, const Entry& b) const { return a.place == b.place; }
    bool operator()(const Wanted& wanted, const Entry& entry) const {
      return entry.hash == wanted.hash && is_key_of(entry.place->key, wanted.parts);
    }
    bool operator()(const Entry& entry, const Wanted& wanted) const { return (*this)(wanted, entry); }
  };
  boost::unordered_flat_set<Entry, Hash, Equal> entries_;
};

}  // namespace holdfast::node
