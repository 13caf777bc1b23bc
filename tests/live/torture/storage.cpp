// SPDX-License-Identifier: Apache-2.0
// The state is written before the log: whoever is killed between the two leaves an access that was accepted and not
// told, never one that was told and is not remembered.
#include "storage.hpp"

#include "log.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace torture {
namespace {

using holdfast::Mode;

constexpr std::size_t token_text = 32;
constexpr std::size_t row = token_text + 1;  // and the end of its line
using Largest = std::array<std::string, holdfast::mode_count>;  // as text, whose order is that of tokens

Largest read_state(int fd) {
  Largest largest;
  for (std::size_t i = 0; i < largest.size(); ++i) {
    char text[token_text];
    const ssize_t got = ::pread(fd, text, sizeof text, static_cast<off_t>(i * row));
    largest[i] = got == static_cast<ssize_t>(token_text) ? std::string(text, token_text) : std::string(token_text, '0');
  }
  return largest;
}

void write_state(int fd, const Largest& largest) {
  std::string text;
  for (const std::string& token : largest) text += token + '\n';
  if (::pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) std::abort();
}

bool acceptable(const Largest& largest, Mode mode, const std::string& token) {
  for (const Mode other : holdfast::all_modes)
    if (!compatible(other, mode) && largest[index_of(other)] > token) return false;
  return true;
}

}  // namespace

Verdict Storage::access(const std::string& name, const Access& access) {
  const std::string path = dir_ + "/" + name;
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) std::abort();
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    return Verdict::busy;
  }
  const std::string token = to_text(access.token);
  Largest largest = read_state(fd);
  const bool accepted = acceptable(largest, access.mode, token);
  std::string& mine = largest[index_of(access.mode)];
  if (accepted && token > mine) {
    mine = token;
    write_state(fd, largest);
  }
  Log(path + ".jsonl")
      .line(fmt::format(R"("event":"{}","client":{},"lock":{},"resource":{},"mode":"{}","token":"{}")",
                        accepted ? "accepted" : "refused", quoted(access.client), access.lock, quoted(name),
                        name_of(access.mode), token));
  ::close(fd);
  return accepted ? Verdict::accepted : Verdict::refused;
}

}  // namespace torture
