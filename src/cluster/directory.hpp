// SPDX-License-Identifier: Apache-2.0
// Directory: what a home knows of the resources in its slots: who is master, under which mastership, and
// how often it sent somebody there (the generation, which a removal has to name: see remove()).
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "base/planted.hpp"
#include "model/ids.hpp"

namespace holdfast::cluster {

// Look-up by bytes without making a string first; salted, so that no behaviour can depend on map order.
struct KeyHash {
  using is_transparent = void;
  using is_avalanching = void;
  std::uint64_t salt = 0;
  std::size_t operator()(std::string_view key) const { return static_cast<std::size_t>(hash_bytes(key, salt)); }
};
struct KeyEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};
template <class T>
using KeyMap = boost::unordered_flat_map<std::string, T, KeyHash, KeyEqual>;

struct Entry {
  NodeId master;
  Incarnation incarnation;  // of the master
  Mastership mastership;
  std::uint64_t generation = 0;
};

class Directory {
 public:
  explicit Directory(std::uint64_t salt) : entries_(0, KeyHash{salt}) {}

  [[nodiscard]] Entry* find(std::string_view key) {
    const auto at = entries_.find(key);
    return at == entries_.end() ? nullptr : &at->second;
  }
  [[nodiscard]] const Entry* find(std::string_view key) const { return const_cast<Directory*>(this)->find(key); }
  void set(std::string_view key, const Entry& entry) { entries_[std::string(key)] = entry; }
  void erase(std::string_view key) {
    if (const auto at = entries_.find(key); at != entries_.end()) entries_.erase(at);
  }
  // The master gives the resource up. Refused if the mastership is another one, or if somebody was sent
  // there since: that request is on its way and must find a master.
  [[nodiscard]] bool remove(std::string_view key, Mastership mastership, std::uint64_t generation) {
    const Entry* entry = find(key);
    if (entry == nullptr || entry->mastership != mastership) return false;
    if (entry->generation != generation && !planted(Bug::remove_forwarded)) return false;
    erase(key);
    return true;
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  // Keys of the entries that `wanted(key, entry)` picks, sorted.
  template <class Wanted>
  [[nodiscard]] std::vector<std::string> collect(Wanted&& wanted) const {
    std::vector<std::string> keys;
    for (const auto& [key, entry] : entries_)
      if (wanted(key, entry)) keys.push_back(key);
    std::ranges::sort(keys);
    return keys;
  }

 private:
  KeyMap<Entry> entries_;
};

}  // namespace holdfast::cluster
