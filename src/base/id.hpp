// SPDX-License-Identifier: Apache-2.0
// Id stands in the public face, since programs that use the client need it too.
#pragma once

#include "holdfast/id.hpp"  // IWYU pragma: export
