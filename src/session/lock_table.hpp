// SPDX-License-Identifier: Apache-2.0
// LockTable: the locks of one session by their id. Open addressing with linear probes, so that taking and
// releasing locks in steady state allocates nothing; lock ids are dense at their node and spread well.
//
// A pointer into the table lives until the next insert or erase. Its order means nothing (R7): whoever
// walks it for effects sorts ids().
#pragma once

#include <cstdint>
#include <vector>

#include "base/assert.hpp"
#include "model/ids.hpp"
#include "model/mode.hpp"
#include "model/token.hpp"

namespace holdfast::session {

// Where a lock stands, as far as this session was told.
enum class LockState : std::uint8_t {
  waiting,     // a new request that queues
  granted,     // held
  converting,  // held in its old mode, another one was asked for
  ending,      // an answered unlock is under way: not ours any more, unless it is refused
};

struct LockRecord {
  ClaimId id;  // none: an empty cell
  LockState state = LockState::waiting;
  bool quiet = false;    // its release may stand in the release slot
  Mode mode = Mode::NL;  // granted; meaningless while waiting
  Token token;           // of the latest grant
  RequestId request;     // the lock or conversion under way, or none
};

class LockTable {
 public:
  [[nodiscard]] LockRecord* find(ClaimId id) {
    if (cells_.empty()) return nullptr;
    for (std::size_t at = place(id);; at = next(at)) {
      if (!cells_[at].id) return nullptr;  // first, since "none" is in no table
      if (cells_[at].id == id) return &cells_[at];
    }
  }
  [[nodiscard]] const LockRecord* find(ClaimId id) const { return const_cast<LockTable*>(this)->find(id); }
  // REQUIRES: `fresh.id` is neither none nor in the table.
  void insert(const LockRecord& fresh) {
    HF_ASSERT(fresh.id);
    if ((live_ + 1) * 2 > cells_.size()) grow();
    std::size_t at = place(fresh.id);
    for (; cells_[at].id; at = next(at)) HF_ASSERT(cells_[at].id != fresh.id);
    cells_[at] = fresh;
    ++live_;
  }
  void erase(ClaimId id) {
    if (const LockRecord* record = find(id); record != nullptr) erase(*record);
  }
  // REQUIRES: `record` stands in this table.
  void erase(const LockRecord& record) {
    auto hole = static_cast<std::size_t>(&record - cells_.data());
    // Whatever could have stood in the hole moves up, so that no probe ends too early.
    for (std::size_t at = next(hole); cells_[at].id; at = next(at)) {
      const std::size_t home = place(cells_[at].id);
      if (((at - home) & mask()) < ((at - hole) & mask())) continue;
      cells_[hole] = cells_[at];
      hole = at;
    }
    cells_[hole] = {};
    --live_;
  }
  void clear() {
    cells_.assign(cells_.size(), {});
    live_ = 0;
  }
  [[nodiscard]] std::size_t size() const { return live_; }
  // Sorted.
  [[nodiscard]] std::vector<ClaimId> ids() const;

 private:
  [[nodiscard]] std::size_t mask() const { return cells_.size() - 1; }
  [[nodiscard]] std::size_t place(ClaimId id) const { return (std::hash<ClaimId>{}(id) >> 20) & mask(); }
  [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & mask(); }
  void grow();

  std::vector<LockRecord> cells_;  // a power of two, at most half full
  std::size_t live_ = 0;
};

}  // namespace holdfast::session
