// SPDX-License-Identifier: Apache-2.0
// FlagSet stands in the public face, since programs that use the client need it too.
#pragma once

#include "holdfast/flags.hpp"  // IWYU pragma: export
