// SPDX-License-Identifier: Apache-2.0
// CHECK: ends main() with what was expected and what errno is.
#pragma once

#include <errno.h>
#include <stdio.h>

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "line %d: %s (errno %d)\n", __LINE__, #condition, errno); \
      return 1;                                                                 \
    }                                                                           \
  } while (0)
