// SPDX-License-Identifier: Apache-2.0
// Mode stands in the public face, since programs that use the client need it too.
#pragma once

#include "holdfast/mode.hpp"  // IWYU pragma: export
