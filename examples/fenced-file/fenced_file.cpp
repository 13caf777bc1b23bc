// SPDX-License-Identifier: Apache-2.0
#include "fenced_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

using holdfast::Errc;
using holdfast::Error;
using holdfast::Mode;
using holdfast::Result;

namespace fenced_file {
namespace {

Error failed(Errc code, const std::string& path) { return Error{code, path + ": " + std::strerror(errno)}; }

class Opened {
 public:
  Opened(const std::string& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

// From look to write nobody else may come between. Ends with the process, whatever becomes of it.
class Alone {
 public:
  explicit Alone(int file) : file_(file) {
    while (::flock(file_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;
  ~Alone() { ::flock(file_, LOCK_UN); }

 private:
  int file_;
};

Result<std::string> read_all(int file, const std::string& path) {
  std::string content;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t length = ::pread(file, part.data(), part.size(), static_cast<off_t>(content.size()));
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return failed(Errc::cannot_read, path);
    if (length == 0) return content;
    content.append(part.data(), static_cast<std::size_t>(length));
  }
}

Result<void> write_all(int file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t length = ::write(file, text.data(), text.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return failed(Errc::cannot_write, path);
    text.remove_prefix(static_cast<std::size_t>(length));
  }
  if (::fdatasync(file) != 0) return failed(Errc::cannot_write, path);
  return {};
}

Result<Fence> load_fence(const std::string& path) {
  const Opened file(path, O_RDONLY);
  if (file.number() < 0 && errno == ENOENT) return Fence{};
  if (file.number() < 0) return failed(Errc::cannot_read, path);
  const auto text = read_all(file.number(), path);
  if (!text) return text.error();
  const auto fence = fence_of(*text);
  if (!fence) return Error{Errc::cannot_read, path + " is damaged; nothing is accepted until an operator has looked"};
  return *fence;
}

// Old or new, never half: written beside it, brought to the disk, renamed, and the name brought to the disk too.
Result<void> save_fence(const std::string& path, const Fence& fence) {
  const std::string fresh = path + ".new";
  {
    const Opened file(fresh, O_WRONLY | O_CREAT | O_TRUNC);
    if (file.number() < 0) return failed(Errc::cannot_write, fresh);
    if (const auto written = write_all(file.number(), to_text(fence), fresh); !written) return written;
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed(Errc::cannot_write, path);
  const std::size_t slash = path.rfind('/');
  const Opened folder(slash == std::string::npos ? "." : path.substr(0, slash + 1), O_RDONLY | O_DIRECTORY);
  if (folder.number() < 0 || ::fsync(folder.number()) != 0) return failed(Errc::cannot_write, path);
  return {};
}

bool permits_writing(Mode mode) { return mode == Mode::CW || mode == Mode::PW || mode == Mode::EX; }

}  // namespace

Result<FencedFile> FencedFile::open(std::string path) {
  const int file = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) return failed(Errc::cannot_write, path);
  return FencedFile(std::move(path), file);
}

FencedFile::~FencedFile() {
  if (file_ >= 0) ::close(file_);
}

// REQUIRES: we are alone.
Result<void> FencedFile::admit(const Pass& pass) {
  const std::string path = path_ + ".fence";
  auto fence = load_fence(path);
  if (!fence) return fence.error();
  const auto against = fence->newest_against(pass.mode, pass.token);
  switch (fence->offer(pass.mode, pass.token)) {
    case Verdict::known:
      return {};
    case Verdict::newer:
      return save_fence(path, *fence);
    case Verdict::stale:
      break;
  }
  return Error{Errc::lost, path_ + " refuses token " + holdfast::to_text(pass.token) + " (" +
                               std::string(name_of(pass.mode)) + "): it has accepted " +
                               holdfast::to_text(fence->newest(*against)) + " (" + std::string(name_of(*against)) + ")"};
}

Result<void> FencedFile::append(const Pass& pass, std::string_view text) {
  if (!permits_writing(pass.mode))
    return Error{Errc::bad_mode, std::string(name_of(pass.mode)) + " permits no writing; CW, PW and EX do"};
  const Alone alone(file_);
  if (const auto admitted = admit(pass); !admitted) return admitted;
  return write_all(file_, text, path_);
}

Result<std::string> FencedFile::read(const Pass& pass) {
  if (pass.mode == Mode::NL) return Error{Errc::bad_mode, "NL permits no reading; the other modes do"};
  const Alone alone(file_);
  if (const auto admitted = admit(pass); !admitted) return admitted.error();
  return read_all(file_, path_);
}

}  // namespace fenced_file
