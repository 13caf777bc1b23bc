// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include <libdlm.h>
#include "libdlm/return_code.hpp"

namespace holdfast::libdlm {

int after_wait(int status) {
  if (status == 0 || status == EUNLOCK) return 0;
  errno = status;
  return -1;
}

}  // namespace holdfast::libdlm
