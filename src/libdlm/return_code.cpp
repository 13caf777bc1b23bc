// SPDX-License-Identifier: Apache-2.0
#include "libdlm/return_code.hpp"

namespace holdfast::libdlm {

int after_wait(int) { return 0; }

}  // namespace holdfast::libdlm
