// SPDX-License-Identifier: Apache-2.0
// What flight recorders tell stands in the public face, since programs that use the client need it too.
#pragma once

#include "holdfast/history.hpp"  // IWYU pragma: export
