// SPDX-License-Identifier: Apache-2.0
#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace holdfast {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "holdfast: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace holdfast
