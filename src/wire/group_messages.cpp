// SPDX-License-Identifier: Apache-2.0
#include "wire/group_messages.hpp"

namespace holdfast::wire {

GroupView to_group(const View& view) {
  return {.view = to_wire(view), .tie_breaker = view.tie_breaker, .device_votes = view.device_votes,
          .device_timeout = view.device_timeout};
}

View from_group(const GroupView& wire) {
  View view = from_wire(wire.view);
  view.tie_breaker = wire.tie_breaker;
  view.device_votes = wire.device_votes;
  view.device_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(wire.device_timeout);
  return view;
}

}  // namespace holdfast::wire
