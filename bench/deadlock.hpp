// SPDX-License-Identifier: Apache-2.0
// What the deadlock search costs: how long a cycle over three resources on three nodes stands until its victim is told,
// and what 100,000 waits without a cycle cost the daemons. See docs/deadlocks.md.
#pragma once

#include <vector>

#include "bench/options.hpp"
#include "bench/report.hpp"

namespace holdfast::bench {

void measure_deadlock(const Options& options, std::vector<Row>& rows);

}  // namespace holdfast::bench
