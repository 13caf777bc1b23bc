// SPDX-License-Identifier: Apache-2.0
// The identities that programs meet. All of them are numbers that mean something on the wire.
#pragma once

#include <cstdint>

#include "holdfast/id.hpp"

namespace holdfast {

using NodeId = Id<struct NodeTag, std::uint32_t>;
// One life of a node's daemon. A restarted node is another incarnation.
using Incarnation = Id<struct IncarnationTag, std::uint64_t>;
// Number of a membership view. Only grows.
using Epoch = Id<struct EpochTag, std::uint64_t>;
// A requester's record of its lock at its own node: the lock id that users see. Index and generation of a
// slab of that node, so an ended id is never valid again.
using ClaimId = Id<struct ClaimTag, std::uint64_t>;
// Which mastership of a resource a lock message is bound to. Changes with each change of master.
using Mastership = Id<struct MastershipTag, std::uint64_t>;
// Who owns locks at one node: one process session (later also transactions and groups). Never reused
// within an incarnation.
using OwnerId = Id<struct OwnerTag, std::uint64_t>;
// Chosen by a client for each of its calls; comes back with the answer.
using RequestId = Id<struct RequestTag, std::uint64_t>;

}  // namespace holdfast
