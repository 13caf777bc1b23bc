// SPDX-License-Identifier: Apache-2.0
// The text of the file:
//   holdfast-state 1
//   node 2
//   epoch 17
//   incarnation 1700000000000000000
//   lease_ms 3000
//   boot 1234567890
//   ending 0
//   peer 3 1700000000000000001 1      (any number of them: node, incarnation, votes)
//   promised 0a0b0c                   (at most one: bytes in hexadecimal)
#include "io/state_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/hash.hpp"

namespace holdfast::io {
namespace {

constexpr std::size_t state_bytes_max = 128 * 1024;

Error failed(Errc code, const std::filesystem::path& path) {
  return Error{code, fmt::format("{}: {}", path.string(), std::strerror(errno))};
}

// Takes the line "<name> <number>" from the front.
std::optional<std::uint64_t> take_line(std::string_view& text, std::string_view name) {
  if (!text.starts_with(name) || text.size() <= name.size() || text[name.size()] != ' ') return std::nullopt;
  const char* end = text.data() + text.size();
  std::uint64_t number = 0;
  const auto [stopped, failure] = std::from_chars(text.data() + name.size() + 1, end, number);
  if (failure != std::errc{} || stopped == end || *stopped != '\n') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stopped + 1 - text.data()));
  return number;
}

// Takes a line "peer <node> <incarnation> <votes>" from the front.
std::optional<FormerPeer> take_peer(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::uint32_t node = 0, votes = 0;
  std::uint64_t incarnation = 0;
  int length = 0;
  const std::string line(text.substr(0, end));
  if (end == std::string_view::npos ||
      std::sscanf(line.c_str(), "peer %" SCNu32 " %" SCNu64 " %" SCNu32 "%n", &node, &incarnation, &votes, &length) != 3 ||
      static_cast<std::size_t>(length) != end || node == 0 || incarnation == 0)
    return std::nullopt;
  text.remove_prefix(end + 1);
  return FormerPeer{.node = NodeId{node}, .incarnation = Incarnation{incarnation}, .votes = votes};
}

// Takes the line "promised <hex>" from the front, if there is one. Nothing: it cannot be understood.
std::optional<std::string> take_promised(std::string_view& text) {
  constexpr std::string_view name = "promised ";
  if (!text.starts_with(name)) return std::string();
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view hex = text.substr(name.size(), end - name.size());
  std::string bytes;
  for (std::size_t at = 0; at + 2 <= hex.size(); at += 2) {
    unsigned byte = 0;
    const auto [stopped, failure] = std::from_chars(hex.data() + at, hex.data() + at + 2, byte, 16);
    if (failure != std::errc{} || stopped != hex.data() + at + 2) return std::nullopt;
    bytes.push_back(static_cast<char>(byte));
  }
  if (hex.empty() || hex.size() % 2 != 0) return std::nullopt;
  text.remove_prefix(end + 1);
  return bytes;
}

Result<std::string> read_all(const std::filesystem::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::string();
  if (!file) return failed(Errc::cannot_read, path);
  std::string text(state_bytes_max, '\0');
  const ssize_t count = ::read(file.get(), text.data(), text.size());
  if (count < 0) return failed(Errc::cannot_read, path);
  text.resize(static_cast<std::size_t>(count));
  return text;
}

Result<void> write_durably(const std::filesystem::path& path, std::string_view text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return failed(Errc::cannot_write, path);
  const ssize_t count = ::write(file.get(), text.data(), text.size());
  if (count >= 0 && static_cast<std::size_t>(count) != text.size()) errno = ENOSPC;
  if (static_cast<std::size_t>(count) != text.size()) return failed(Errc::cannot_write, path);
  if (::fsync(file.get()) != 0) return failed(Errc::cannot_write, path);
  return {};
}

}  // namespace

Result<StateFile> StateFile::open(const std::filesystem::path& directory, NodeId node) {
  std::error_code trouble;
  std::filesystem::create_directories(directory, trouble);
  if (trouble) return Error{Errc::cannot_write, fmt::format("{}: {}", directory.string(), trouble.message())};
  const std::filesystem::path lock_path = directory / "lock";
  Fd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock) return failed(Errc::cannot_write, lock_path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{Errc::cannot_write, fmt::format("{} is used by another holdfastd", directory.string())};
  StateFile state(directory, node, std::move(lock));
  if (const Result<void> loaded = state.load(); !loaded) return loaded.error();
  return state;
}

Result<void> StateFile::load() {
  HF_TRY(const std::string text, read_all(path()));
  if (text.empty()) return {};
  std::string_view rest = text;
  const auto format = take_line(rest, "holdfast-state");
  const auto node = take_line(rest, "node");
  const auto epoch = take_line(rest, "epoch");
  const auto incarnation = take_line(rest, "incarnation");
  const auto lease_ms = take_line(rest, "lease_ms");
  const auto boot = take_line(rest, "boot");
  const auto ending = take_line(rest, "ending");
  std::vector<FormerPeer> peers;
  while (const auto peer = take_peer(rest)) peers.push_back(*peer);
  const auto promised = take_promised(rest);
  if (!promised || format != 1 || !node || !epoch || !incarnation || !lease_ms || !boot || !ending || *ending > 1 || !rest.empty())
    return Error{Errc::cannot_read, fmt::format("{} is not a state file of holdfastd (format 1)", path().string())};
  if (*node != node_.value())
    return Error{Errc::cannot_read, fmt::format("{} belongs to node {}, this is node {}; give each node its own directory",
                                                path().string(), *node, node_.value())};
  content_ = {.epoch = Epoch{*epoch},
              .incarnation = Incarnation{*incarnation},
              .lease = std::chrono::milliseconds(*lease_ms),
              .boot = *boot,
              .ending = static_cast<Ending>(*ending),
              .peers = std::move(peers),
              .promised = *promised};
  return {};
}

Result<void> StateFile::save(const Content& content) {
  std::string text =
      fmt::format("holdfast-state 1\nnode {}\nepoch {}\nincarnation {}\nlease_ms {}\nboot {}\nending {}\n", node_.value(),
                  content.epoch.value(), content.incarnation.value(), content.lease.count(), content.boot,
                  static_cast<int>(content.ending));
  for (const FormerPeer& peer : content.peers)
    text += fmt::format("peer {} {} {}\n", peer.node.value(), peer.incarnation.value(), peer.votes);
  if (!content.promised.empty()) {
    text += "promised ";
    for (const char byte : content.promised) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    text += '\n';
  }
  const std::filesystem::path fresh = directory_ / "state.new";
  if (const Result<void> written = write_durably(fresh, text); !written) return written.error();
  if (::rename(fresh.c_str(), path().c_str()) != 0) return failed(Errc::cannot_write, path());
  // The new name is durable only with its directory.
  const Fd directory(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return failed(Errc::cannot_write, directory_);
  content_ = content;
  return {};
}

std::chrono::milliseconds StateFile::lease_left() const {
  const bool never_lived = !content_.incarnation;
  if (never_lived || content_.ending == Ending::clean || content_.boot != this_boot()) return {};
  return content_.lease;
}

std::uint64_t this_boot() {
  const Result<std::string> id = read_all("/proc/sys/kernel/random/boot_id");
  return id ? hash_bytes(*id) : 0;
}

}  // namespace holdfast::io
