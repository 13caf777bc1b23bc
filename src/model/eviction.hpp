// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "holdfast/eviction.hpp"  // IWYU pragma: export
