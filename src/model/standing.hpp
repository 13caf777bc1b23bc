// SPDX-License-Identifier: Apache-2.0
// What reports say of locks and nodes stands in the public face, since programs that use the client need it too.
#pragma once

#include "holdfast/standing.hpp"  // IWYU pragma: export
