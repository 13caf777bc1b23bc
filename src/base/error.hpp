// SPDX-License-Identifier: Apache-2.0
// Error stands in the public face, since programs that use the client need it too.
#pragma once

#include "holdfast/error.hpp"  // IWYU pragma: export
