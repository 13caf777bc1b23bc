// SPDX-License-Identifier: Apache-2.0
// Conn: the number of a connection at one of the ports (clients and peers count separately, from 1).
// Numbers stay small, since others keep tables by them. One is given again only after the turn in which its end
// was told: what was said to the old connection in that turn must not reach a new one.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/assert.hpp"
#include "base/id.hpp"

namespace holdfast::io {

using Conn = Id<struct ConnTag, std::uint32_t>;

// Records by number. A record stays where it is until it is erased.
template <class Record>
class ConnTable {
 public:
  Record& insert(std::unique_ptr<Record> record) {
    if (free_.empty()) {
      rows_.emplace_back();
      free_.push_back(Conn{static_cast<std::uint32_t>(rows_.size())});
    }
    record->conn = free_.back();
    free_.pop_back();
    ++live_;
    return *(at(record->conn) = std::move(record));
  }
  void erase(Conn conn) {
    HF_ASSERT(find(conn) != nullptr);
    at(conn).reset();
    ended_.push_back(conn);
    --live_;
  }
  // The turn is over, with all that it had to say.
  void end_turn() {
    free_.insert(free_.end(), ended_.begin(), ended_.end());
    ended_.clear();
  }
  [[nodiscard]] Record* find(Conn conn) {
    return conn && conn.value() <= rows_.size() ? at(conn).get() : nullptr;
  }
  [[nodiscard]] std::size_t size() const { return live_; }
  // `visit` may erase any record.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (std::size_t i = 0; i < rows_.size(); ++i)
      if (rows_[i]) visit(*rows_[i]);
  }

 private:
  std::unique_ptr<Record>& at(Conn conn) { return rows_[conn.value() - 1]; }

  std::vector<std::unique_ptr<Record>> rows_;
  std::vector<Conn> free_;
  std::vector<Conn> ended_;  // in this turn
  std::size_t live_ = 0;
};

}  // namespace holdfast::io
