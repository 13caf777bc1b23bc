// SPDX-License-Identifier: Apache-2.0
// SharedSlot: the page with the release slot of one session (wire/release_slot.hpp): a sealed memory file,
// mapped here for as long as the session lasts. Both sides write, so every session has its own.
#pragma once

#include "base/result.hpp"
#include "io/fd.hpp"
#include "wire/release_slot.hpp"

namespace holdfast::io {

class SharedSlot {
 public:
  // Without a slot: slot() is null.
  SharedSlot() = default;
  SharedSlot(SharedSlot&& other) noexcept;
  SharedSlot& operator=(SharedSlot&& other) noexcept;
  ~SharedSlot();

  // `file` becomes the descriptor to hand to the program. Errors: cannot_write.
  [[nodiscard]] static Result<SharedSlot> create(Fd& file);
  [[nodiscard]] wire::ReleaseSlot* slot() const { return slot_; }

 private:
  wire::ReleaseSlot* slot_ = nullptr;
};

}  // namespace holdfast::io
