// SPDX-License-Identifier: Apache-2.0
// FencedFile: a file that takes writes only with a fencing token, and refuses one that comes too late. A stand-in for
// storage that compares tokens: a database row, an object store with conditional writes, a disk array.
//
// The fence (fence.hpp) lives in FILE.fence and survives crashes: it is replaced as a whole and reaches the disk before
// the write that made it grow, so whatever a reader ever saw in the file, an older writer is refused. Any number of
// processes of one machine may use the same file.
#pragma once

#include "fence.hpp"

#include <holdfast/result.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace fenced_file {

// Under which lock somebody comes: Lock::mode() and Lock::token().
struct Pass {
  holdfast::Mode mode{};
  holdfast::Token token;
};

class FencedFile {
 public:
  // Creates it if it is not there. Errors: cannot_write.
  static holdfast::Result<FencedFile> open(std::string path);
  FencedFile(FencedFile&& other) noexcept
      : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}
  FencedFile& operator=(FencedFile&&) = delete;
  ~FencedFile();

  // Durable when it returns. Errors: lost (the token is stale), bad_mode (only CW, PW and EX permit writing),
  // cannot_read (the fence is damaged: nothing is accepted any more), cannot_write.
  holdfast::Result<void> append(const Pass& pass, std::string_view text);
  // The whole file. Whoever held the lock before this reader cannot write any more. Errors: lost, bad_mode (NL
  // permits nothing), cannot_read, cannot_write.
  holdfast::Result<std::string> read(const Pass& pass);

 private:
  FencedFile(std::string path, int file) : path_(std::move(path)), file_(file) {}
  holdfast::Result<void> admit(const Pass& pass);

  std::string path_;
  int file_ = -1;
};

}  // namespace fenced_file
