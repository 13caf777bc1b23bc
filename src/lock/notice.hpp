// SPDX-License-Identifier: Apache-2.0
// Notices: telling holders that somebody waits for them. A holder is told once for each rising mode
// since its last grant; PR and CW, which are not above each other, are told whenever they meet.
// Owns I9.
#pragma once

#include "lock/resource.hpp"

namespace holdfast::lock {

// Tells those granted locks that stand in the way of `asker`.
void tell_granted(Turn& turn, const Lock& asker);
// The same for locks that convert.
void tell_converting(Turn& turn, const Lock& asker);
// After the queues moved: tells the granted locks of the highest mode that is still blocked.
void tell_blocked(Turn& turn);

}  // namespace holdfast::lock
