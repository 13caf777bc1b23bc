// SPDX-License-Identifier: Apache-2.0
// Storage: what the locks protect, one file for each name. It knows nothing of lock managers: it remembers the
// largest token that it accepted in each mode, and refuses one that is smaller than what it accepted in a mode
// that conflicts. What it said goes into a history of its own.
#pragma once

#include "holdfast/mode.hpp"
#include "holdfast/token.hpp"

#include <cstdint>
#include <string>

namespace torture {

struct Access {
  std::string client;
  std::uint64_t lock = 0;
  holdfast::Mode mode = holdfast::Mode::NL;
  holdfast::Token token;
};

enum class Verdict : std::uint8_t { accepted, refused, busy };

class Storage {
 public:
  explicit Storage(std::string dir) : dir_(std::move(dir)) {}
  // busy: somebody is in there, perhaps stopped; nothing happened.
  Verdict access(const std::string& name, const Access& access);

 private:
  std::string dir_;
};

}  // namespace torture
