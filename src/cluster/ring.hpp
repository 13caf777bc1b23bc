// SPDX-License-Identifier: Apache-2.0
// Ring: one membership of machines, as corosync numbers them. Two sides of a cut are two rings.
#pragma once

#include <cstdint>

#include "model/ids.hpp"

namespace holdfast::cluster {

struct Ring {
  NodeId node;
  std::uint64_t sequence = 0;
  friend bool operator==(const Ring&, const Ring&) = default;
};

}  // namespace holdfast::cluster
