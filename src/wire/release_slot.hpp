// SPDX-License-Identifier: Apache-2.0
// ReleaseSlot: one word that a daemon shares with one client. Into it goes the release of a lock that nobody
// else asks for: no message, nobody is woken. Whoever asks for the resource has the daemon look here first.
//
//   client: put()        the release stands here, if there is room; otherwise it must be sent
//           take()       before it sends anything: the release goes in front, as a message
//   daemon: recall()     somebody is in the way of a lock of this client: takes the release, if there is
//                        one, and from now on every release is sent
//           take()       takes the release, and nothing changes
//           allow()      nobody can be waiting for this client: again as in the beginning
//           end()        the session is over, whether the client has read that or not: takes the release
//
// Exactly one side gets a release that was put in: all of this is one atomic word. The client can write
// anything into it, also against these rules, and what the daemon reads is checked like a message.
#pragma once

#include <cstdint>

#include "model/ids.hpp"

namespace holdfast::wire {

class ReleaseSlot {
 public:
  [[nodiscard]] bool put(ClaimId lock) {
    return replace(nothing, lock.value());
  }

  [[nodiscard]] ClaimId recall() { return to_lock(__atomic_exchange_n(&word_, recalled, __ATOMIC_SEQ_CST)); }
  // None: there was nothing, or the other side has it.
  [[nodiscard]] ClaimId take() {
    // Only looking is cheaper, and there is seldom something.
    const ClaimId found = to_lock(__atomic_load_n(&word_, __ATOMIC_SEQ_CST));
    return found && replace(found.value(), nothing) ? found : ClaimId{};
  }
  [[nodiscard]] ClaimId end() { return to_lock(__atomic_exchange_n(&word_, ended, __ATOMIC_SEQ_CST)); }
  // The daemon has ended the session: no deadline that it tells from here on is for its locks.
  [[nodiscard]] bool is_over() const { return __atomic_load_n(&word_, __ATOMIC_ACQUIRE) == ended; }
  void allow() { __atomic_store_n(&word_, nothing, __ATOMIC_SEQ_CST); }

 private:
  static constexpr std::uint64_t nothing = 0;
  static constexpr std::uint64_t recalled = UINT64_MAX;
  static constexpr std::uint64_t ended = UINT64_MAX - 1;
  bool replace(std::uint64_t expected, std::uint64_t fresh) {
    return __atomic_compare_exchange_n(&word_, &expected, fresh, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  }
  static ClaimId to_lock(std::uint64_t word) { return word >= ended ? ClaimId{} : ClaimId{word}; }

  alignas(8) std::uint64_t word_ = nothing;
};
static_assert(sizeof(ReleaseSlot) == 8, "two processes share it");

}  // namespace holdfast::wire
