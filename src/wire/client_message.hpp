// SPDX-License-Identifier: Apache-2.0
// The numbers of the messages between a client and its daemon.
#pragma once

#include <cstdint>

namespace holdfast::wire {

// Wire value: never renumber.
enum class ClientMessage : std::uint16_t {
  hello = 1,
  lock = 2,
  convert = 3,
  unlock = 4,
  release = 5,
  cancel = 6,
  purge = 7,
  open_lockspace = 8,
  query = 9,
  status_query = 10,
  set_view = 11,
  fence_ack = 12,
  sync = 13,
  leave_lockspace = 14,
  list_lockspaces = 15,
  move = 16,
  evict = 24,
  lost_seen = 25,
  history_query = 28,
  deadlocks_query = 17,
  welcome = 64,
  granted = 65,
  waiting = 66,
  refused = 67,
  done = 68,
  notice = 69,
  lost = 70,
  ended = 71,
  lockspace_opened = 72,
  resource_row = 73,
  lock_row = 74,
  query_end = 75,
  node_status = 76,
  lockspace_row = 77,
  eviction_notice = 86,
  evicted = 87,
  history_row = 90,
  deadlock_row = 78,
};

}  // namespace holdfast::wire
