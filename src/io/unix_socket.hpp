// SPDX-License-Identifier: Apache-2.0
// The local socket that programs connect to.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/result.hpp"
#include "io/fd.hpp"

namespace holdfast::io {

// Listens at `path` and removes the file at the end of its life.
class LocalListener {
 public:
  // Creates the directory if need be. The socket of a daemon that has ended is replaced; that of a living
  // one is refused with its pid.
  [[nodiscard]] static Result<LocalListener> open(const std::filesystem::path& path, mode_t mode);
  LocalListener(LocalListener&&) = default;
  LocalListener& operator=(LocalListener&&) = delete;
  ~LocalListener();

  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  LocalListener(std::filesystem::path path, Fd socket) : path_(std::move(path)), socket_(std::move(socket)) {}

  std::filesystem::path path_;
  Fd socket_;
  ino_t inode_ = 0;  // of the file we made: a successor's must stay
};

}  // namespace holdfast::io
