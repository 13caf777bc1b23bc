// SPDX-License-Identifier: Apache-2.0
// HF_ASSERT stands in the public face, since programs that use the client need it too.
#pragma once

#include "holdfast/assert.hpp"  // IWYU pragma: export
