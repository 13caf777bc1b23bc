// SPDX-License-Identifier: Apache-2.0
// Value: a resource's value block (LVB), up to 1024 bytes, with the number of the write that produced it.
// Its state is one thing: never written, valid, or doubtful (its writer died, or said so).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "holdfast/value_state.hpp"  // IWYU pragma: export

namespace holdfast {

struct Value {
  std::string bytes;              // keeps its memory when cleared
  std::uint64_t write_number = 0;  // rises with each write (invariant I8)
  ValueState state = ValueState::never_written;

  // A resource may be doubtful without ever having had bytes.
  [[nodiscard]] bool has_bytes() const { return write_number != 0; }
  void write(std::string_view fresh) {
    bytes.assign(fresh);
    ++write_number;
    state = ValueState::valid;
  }
  void doubt() { state = ValueState::doubtful; }
  void forget() {
    bytes.clear();
    write_number = 0;
    state = ValueState::never_written;
  }
};

}  // namespace holdfast
