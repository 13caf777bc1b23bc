// SPDX-License-Identifier: Apache-2.0
// What the files of libdlmcontrol share: a session of one call's length, and results in its words.
#pragma once

#include <libdlmcontrol.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "holdfast/client.hpp"

namespace holdfast::dlmcontrol {

inline Result<Client> connect() { return Client::connect({.socket = {}, .label = "dlmcontrol"}); }

// -1 and errno.
inline int fail(int number) {
  errno = number;
  return -1;
}
inline int fail(const Error& why) { return fail(row_of(why.code).number); }

// REQUIRES: `text` is shorter than DLMC_DUMP_SIZE.
inline void put_text(char* buffer, std::string_view text) {
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
}

}  // namespace holdfast::dlmcontrol
