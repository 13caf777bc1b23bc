// SPDX-License-Identifier: Apache-2.0
// Directory: what a home knows of the resources in its slots: who is master, under which mastership, and
// how often it sent somebody there (the generation, which a removal has to name: see remove()). Of sub-locks it
// knows besides which tree they belong to.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "base/planted.hpp"
#include "cluster/key_map.hpp"
#include "model/ids.hpp"
#include "model/name.hpp"

namespace holdfast::cluster {

struct Entry {
  NodeId master;
  Incarnation incarnation;  // of the master
  Mastership mastership;
  std::uint64_t generation = 0;
};

class Directory {
 public:
  explicit Directory(std::uint64_t salt) : entries_(salt) {}

  [[nodiscard]] Entry* find(std::string_view key) { return entries_.find(key); }
  [[nodiscard]] const Entry* find(std::string_view key) const { return const_cast<Directory*>(this)->find(key); }
  void set(std::string_view key, const Entry& entry) {
    entries_[key] = entry;
    if (is_path_key(key)) paths_.emplace(key);
  }
  void erase(std::string_view key) {
    entries_.erase(key);
    forget_path(key);
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
  // All of it in parts, each of them small: erases what `unwanted(key, entry)` picks, and says how many it looked at.
  static constexpr std::uint32_t parts = KeyMap<Entry>::parts;
  template <class Unwanted>
  std::size_t erase_in(std::uint32_t part, Unwanted&& unwanted) {
    return entries_.erase_in(part, [&](std::string_view key, const Entry& entry) {
      const bool goes = unwanted(key, entry);
      if (goes) forget_path(key);
      return goes;
    });
  }

  // ---- trees ----
  [[nodiscard]] bool has_paths() const { return !paths_.empty(); }
  // The first one behind `key` of those that begin with `prefix` (path_prefix_of a root, or all); null: no more.
  [[nodiscard]] const std::string* path_behind(std::string_view key, std::string_view prefix) const {
    const auto next = key < prefix ? paths_.lower_bound(prefix) : paths_.upper_bound(key);
    return next != paths_.end() && next->starts_with(prefix) ? &*next : nullptr;
  }

 private:
  void forget_path(std::string_view key) {
    if (!is_path_key(key)) return;
    if (const auto path = paths_.find(key); path != paths_.end()) paths_.erase(path);
  }

  KeyMap<Entry> entries_;
  std::set<std::string, std::less<>> paths_;  // keys of sub-locks: sorted, a tree is a range
};

}  // namespace holdfast::cluster
