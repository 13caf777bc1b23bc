// SPDX-License-Identifier: Apache-2.0
// The numbers of the messages between nodes.
#pragma once

#include <cstdint>

namespace holdfast::wire {

// Wire value: never renumber.
enum class PeerMessage : std::uint16_t {
  operation = 1,
  forward = 2,
  grant_reply = 3,
  queue_reply = 4,
  refuse_reply = 5,
  done_reply = 6,
  notice = 7,
  not_master = 8,
  master_reply = 9,
  remove = 10,
  remove_reply = 11,
  master_claim = 20,
  rebuild_lock = 21,
  rebuild_value = 22,
  rebuild_done = 23,
  rebuild_reply = 24,
  fenced = 25,
  query_ask = 30,
  query_resource = 31,
  query_lock = 32,
  query_owner = 33,
  query_done = 34,
  probe = 40,
  probe_reply = 41,
  purge_orphans = 42,
  lockspace_member = 43,
  moving = 50,
  moving_reply = 51,
  install = 52,
  install_lock = 53,
  install_operation = 54,
  installed = 55,
  move_done = 56,
  move_query = 57,
  move_ask = 58,
  move_answer = 59,
  leaving = 60,
  move_order = 61,
  value_copy = 62,
  value_copied = 63,
  evict_ask = 85,
  evict_answer = 86,
  history_ask = 90,
  history_told = 91,
  history_done = 92,
  waits_ask = 70,
  waits_reply = 71,
  parties_ask = 72,
  parties_reply = 73,
  reserve = 74,
  reserved = 75,
  unreserve = 76,
  doom = 77,
  deadlocks_ask = 78,
  deadlocks_reply = 79,
};

}  // namespace holdfast::wire
