// SPDX-License-Identifier: Apache-2.0
// Conn: the number of a connection at one of the ports (clients and peers count separately, from 1).
// Numbers stay small, since others keep tables by them; one is given again only after its end was told.
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
    free_.push_back(conn);
    --live_;
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
  std::size_t live_ = 0;
};

}  // namespace holdfast::io
