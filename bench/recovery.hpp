// SPDX-License-Identifier: Apache-2.0
// What the death of a node costs, without the time that goes into noticing it and without its lease: how long the
// resources stall whose master it was, and what requests for others wait meanwhile. See docs/performance.md.
#pragma once

#include <vector>

#include "bench/options.hpp"
#include "bench/report.hpp"

namespace holdfast::bench {

void measure_recovery(const Options& options, std::vector<Row>& rows);

}  // namespace holdfast::bench
