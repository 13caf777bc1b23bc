// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "holdfast/lockspace.hpp"  // IWYU pragma: export
