// SPDX-License-Identifier: Apache-2.0
#include "log.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace torture {
namespace {

void write_whole(int fd, const std::string& text) {
  // Files on a disk take a line at once or not at all.
  if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
}

}  // namespace

std::int64_t to_ns(holdfast::BootClock::time_point when) { return when.time_since_epoch().count(); }

std::int64_t now_ns() { return to_ns(holdfast::BootClock::now()); }

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

Log::Log(const std::string& path) : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (fd_ < 0) std::abort();
  if (::lseek(fd_, 0, SEEK_END) == 0) write_whole(fd_, "{\"history\":1}\n");
}

Log::~Log() { ::close(fd_); }

void Log::line_at(std::int64_t t, const std::string& rest) {
  write_whole(fd_, fmt::format("{{\"t\":{},{}}}\n", t, rest));
}

}  // namespace torture
