// SPDX-License-Identifier: Apache-2.0
// What must hold for the fields of a peer's message beyond their encoding, checked once at the door: behind
// it a key is a key and a mastership is one. A peer that breaks this loses its connection; the machines
// inside may assert it.
#pragma once

#include <string_view>

#include "base/limits.hpp"
#include "model/name.hpp"
#include "wire/peer_messages.hpp"

namespace holdfast::wire {

[[nodiscard]] inline bool is_key(std::string_view bytes) { return split_key(bytes).has_value(); }

// What is wrong with the message; empty: nothing.
template <Described M>
[[nodiscard]] std::string_view wrong_with(const M& message) {
  if constexpr (requires { message.operation; })
    if (const std::string_view wrong = wrong_with(message.operation); !wrong.empty()) return wrong;
  if constexpr (requires { message.value; })
    if (message.value.size() > limits::value_bytes_max) return "value: it is longer than a value may be";
  if constexpr (requires { message.claim.value(); })
    if (!message.claim) return "claim: there is none";
  if constexpr (std::same_as<M, Operation>) {
    // A master knows the resource by its id; the home needs the key.
    if ((message.asked || !message.key.empty()) && !is_key(message.key)) return "key: these bytes are no key";
    if (message.number == 0) return "number: operations are counted from 1";
  } else if constexpr (requires { message.key; }) {
    if (!is_key(message.key)) return "key: these bytes are no key";
  }
  if constexpr (std::same_as<M, EvictAsk>) {
    if (message.grace < Duration{0} || message.grace > limits::grace_max) return "grace: it is out of bounds";
    if (message.reason.size() > limits::reason_bytes_max) return "reason: it is too long";
  }
  if constexpr (std::same_as<M, LockspaceMember>)
    if (!check_lockspace_name(message.lockspace)) return "lockspace: none can have this name";
  // Whoever speaks of a mastership that a home gave out must name it.
  // What a master that is none any more sends back to the home names none.
  constexpr bool names_one = requires { message.mastership; message.generation; } && !std::same_as<M, Forward>;
  if constexpr (names_one || std::same_as<M, MasterClaim> || std::same_as<M, ValueCopy>)
    if (!message.mastership) return "mastership: there is none";
  return {};
}

}  // namespace holdfast::wire
