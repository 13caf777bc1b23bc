// SPDX-License-Identifier: Apache-2.0
#include "session/lock_table.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::session {

std::vector<ClaimId> LockTable::ids() const {
  std::vector<ClaimId> found;
  found.reserve(live_);
  for (const LockRecord& cell : cells_)
    if (cell.id) found.push_back(cell.id);
  std::ranges::sort(found);
  return found;
}

void LockTable::grow() {
  const std::vector<LockRecord> old = std::exchange(cells_, {});
  cells_.resize(old.empty() ? 16 : old.size() * 2);
  live_ = 0;
  for (const LockRecord& cell : old)
    if (cell.id) insert(cell);
}

}  // namespace holdfast::session
