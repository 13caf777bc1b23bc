// SPDX-License-Identifier: Apache-2.0
// Result stands in the public face, since programs that use the client need it too.
#pragma once

#include "holdfast/result.hpp"  // IWYU pragma: export
