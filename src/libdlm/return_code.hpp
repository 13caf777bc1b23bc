// SPDX-License-Identifier: Apache-2.0
// Where the two libraries differ: what a synchronous call returns when its operation has ended with `status`.
// libdlm says 0 whatever became of it; libdlm_lt says -1 with the status as errno, unless it was EUNLOCK.
#pragma once

namespace holdfast::libdlm {

[[nodiscard]] int after_wait(int status);

}  // namespace holdfast::libdlm
