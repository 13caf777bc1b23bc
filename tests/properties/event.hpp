// SPDX-License-Identifier: Apache-2.0
// Event: what an operation caused, in the words in which engine and oracle are compared.
#pragma once

#include <cstdint>
#include <ostream>

namespace holdfast::properties {

constexpr int nobody = -1, none = -1;

enum class What : char {
  granted = 'g',
  queued = 'q',
  blocked = 'b',
  deadlock = 'd',
  unlocked = 'u',
  cancelled = 'c',
  notice = 'n'
};

struct Event {
  What what{};
  int who = nobody, mode = none;
  std::uint64_t token = 0;
  char move = '-';  // of the value: R, W or nothing
  bool demoted = false, alternative = false, doubtful = false;
  friend bool operator==(const Event&, const Event&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Event& e) {
    out << static_cast<char>(e.what) << e.who;
    if (e.mode != none) out << " mode " << e.mode;
    if (e.token != 0) out << " token " << e.token << ' ' << e.move;
    return out << (e.demoted ? " demoted" : "") << (e.alternative ? " alternative" : "")
               << (e.doubtful ? " doubtful" : "");
  }
};

}  // namespace holdfast::properties
