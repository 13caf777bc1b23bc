// SPDX-License-Identifier: Apache-2.0
// The page with the release slot of one session (wire/release_slot.hpp): a sealed memory file, mapped here for
// as long as the session lasts. Both sides write, so every session has its own.
#pragma once

#include "base/result.hpp"
#include "io/fd.hpp"
#include "io/mapped.hpp"
#include "wire/release_slot.hpp"

namespace holdfast::io {

using SharedSlot = Mapped<wire::ReleaseSlot>;

// `file` becomes the descriptor to hand to the program. Errors: cannot_write.
[[nodiscard]] Result<SharedSlot> make_release_slot(Fd& file);

}  // namespace holdfast::io
