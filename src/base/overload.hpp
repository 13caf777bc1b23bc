// SPDX-License-Identifier: Apache-2.0
// Overload: one visitor out of several lambdas, for std::visit.
#pragma once

namespace holdfast {

template <class... Functions>
struct Overload : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overload(Functions...) -> Overload<Functions...>;

}  // namespace holdfast
