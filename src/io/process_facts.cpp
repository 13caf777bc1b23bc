// SPDX-License-Identifier: Apache-2.0
#include "io/process_facts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/limits.hpp"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77  // Linux 6.5; the headers of Debian 12 do not know it
#endif

namespace holdfast::io {
namespace {

// At most `bytes_max` of a file of /proc, which says its length only by ending.
std::string read_start(const std::string& path, std::size_t bytes_max) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(bytes_max, '\0');
  std::size_t used = 0;
  while (file && used < bytes_max) {
    const ssize_t count = ::read(file.get(), text.data() + used, bytes_max - used);
    if (count <= 0) break;
    used += static_cast<std::size_t>(count);
  }
  text.resize(used);
  return text;
}

Fd open_pidfd(int socket, pid_t pid) {
  int pidfd = -1;
  socklen_t size = sizeof pidfd;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0) return Fd(pidfd);
  // An older kernel. The pid may have been given to another process by now; then its start time is later
  // than this session, which is the best that can be known.
  return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

std::vector<std::uint32_t> groups_of(int socket, gid_t own) {
  std::vector<std::uint32_t> groups{own};
  socklen_t size = 0;
  // With too little room it only says how much is needed.
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, nullptr, &size) == 0 || errno != ERANGE) return groups;
  std::vector<gid_t> others(size / sizeof(gid_t));
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, others.data(), &size) == 0)
    groups.insert(groups.end(), others.begin(), others.end());
  return groups;
}

}  // namespace

Result<PeerProcess> peer_process(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
    return Error{Errc::cannot_read, fmt::format("SO_PEERCRED: {}", std::strerror(errno))};
  if (credentials.pid <= 0)
    return Error{Errc::not_permitted, "the program lives in a process namespace that this daemon cannot see"};
  PeerProcess process;
  process.pidfd = open_pidfd(socket, credentials.pid);
  if (!process.pidfd) return Error{Errc::disconnected, fmt::format("process {} has ended", credentials.pid)};
  Owner& owner = process.owner;
  owner.pid = static_cast<std::uint32_t>(credentials.pid);
  owner.uid = credentials.uid;
  owner.groups = groups_of(socket, credentials.gid);
  owner.start_ticks = start_ticks_of(owner.pid);
  owner.user = user_name(owner.uid);
  owner.command = command_of(owner.pid);
  return process;
}

std::uint64_t start_ticks_of(std::uint32_t pid) {
  const std::string stat = read_start(fmt::format("/proc/{}/stat", pid), 1024);
  // Field 2 is the program's name in parentheses and may contain anything, so count behind the last one.
  const std::size_t end_of_name = stat.rfind(')');
  if (end_of_name == std::string::npos) return 0;
  std::string_view rest = std::string_view(stat).substr(end_of_name + 1);
  for (int field = 3; field <= 22; ++field) {
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return 0;
    rest.remove_prefix(space + 1);
  }
  std::uint64_t ticks = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), ticks);
  return ticks;
}

std::string command_of(std::uint32_t pid) {
  std::string command = read_start(fmt::format("/proc/{}/cmdline", pid), limits::command_bytes_max);
  while (!command.empty() && command.back() == '\0') command.pop_back();
  for (char& c : command)
    if (c == '\0') c = ' ';
  return command;
}

std::string user_name(std::uint32_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> memory;
  if (::getpwuid_r(uid, &entry, memory.data(), memory.size(), &found) != 0 || found == nullptr)
    return std::to_string(uid);
  return std::string(found->pw_name).substr(0, limits::user_bytes_max);
}

}  // namespace holdfast::io
