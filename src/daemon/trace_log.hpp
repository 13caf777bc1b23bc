// SPDX-License-Identifier: Apache-2.0
// Prints what a node did.
#pragma once

#include "io/log_sink.hpp"
#include "node/trace.hpp"

namespace holdfast::daemon {

void print(io::Log& log, const node::Trace& trace);

}  // namespace holdfast::daemon
