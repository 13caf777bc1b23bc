// SPDX-License-Identifier: Apache-2.0
// A whole node without sockets: frames in, frames out. What the daemon costs beyond this is its event loop
// and the kernel.
#pragma once

#include <cstddef>
#include <functional>

namespace holdfast::bench {

// Lock and release by frames, 64 of each in a turn, over 1024 names.
[[nodiscard]] std::function<void(std::size_t count)> node_lock_release();

}  // namespace holdfast::bench
