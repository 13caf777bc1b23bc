// SPDX-License-Identifier: Apache-2.0
// View stands in the public face, since programs that use the client need it too.
#pragma once

#include "holdfast/view.hpp"  // IWYU pragma: export
