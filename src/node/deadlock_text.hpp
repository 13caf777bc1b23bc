// SPDX-License-Identifier: Apache-2.0
// A broken deadlock as one line, for the victim's error and for the log.
#pragma once

#include <string>

#include "wire/shared_parts.hpp"

namespace holdfast::node {

[[nodiscard]] std::string text_of(const wire::DeadlockReport& report);

}  // namespace holdfast::node
