// SPDX-License-Identifier: Apache-2.0
// The identities of the model: those of the public face, and those that only nodes know. All of them are
// numbers that mean something on the wire.
#pragma once

#include <cstdint>

#include "base/id.hpp"
#include "holdfast/ids.hpp"  // IWYU pragma: export

namespace holdfast {

// The master's record of a lock.
using LockId = Id<struct LockTag, std::uint64_t>;
// The master's record of a resource.
using ResourceId = Id<struct ResourceTag, std::uint64_t>;
// A part of the directory: hash(lockspace, name) mod 4096.
using Slot = Id<struct SlotTag, std::uint32_t>;

}  // namespace holdfast
