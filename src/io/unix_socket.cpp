// SPDX-License-Identifier: Apache-2.0
#include "io/unix_socket.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

namespace holdfast::io {
namespace {

Error failed(const std::filesystem::path& path) {
  return Error{Errc::cannot_listen, fmt::format("{}: {}", path.string(), std::strerror(errno))};
}

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.empty() || text.size() >= sizeof address.sun_path)
    return Error{Errc::cannot_listen, fmt::format("the socket path '{}' has {} bytes, 1 to {} are allowed", text,
                                                  text.size(), sizeof address.sun_path - 1)};
  std::ranges::copy(text, address.sun_path);
  return address;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

// Who listens there? Nothing if nobody does any more.
std::optional<pid_t> listener_at(const sockaddr_un& address) {
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // EAGAIN: somebody listens, and does not come round to accepting.
  if (::connect(probe.get(), generic(address), sizeof address) != 0)
    return errno == EAGAIN || errno == EACCES ? std::optional<pid_t>(0) : std::nullopt;
  ucred credentials{};
  socklen_t size = sizeof credentials;
  ::getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size);
  return credentials.pid;
}

// Makes room for a new socket at `path`.
Result<void> clear(const std::filesystem::path& path, const sockaddr_un& address) {
  struct stat facts{};
  if (::lstat(path.c_str(), &facts) != 0) return {};
  if (!S_ISSOCK(facts.st_mode))
    return Error{Errc::cannot_listen, fmt::format("{} exists and is no socket; it is left alone", path.string())};
  if (const auto pid = listener_at(address))
    return Error{Errc::cannot_listen,
                 fmt::format("{} is served by a living process (pid {})",
                             path.string(), *pid)};
  if (::unlink(path.c_str()) != 0) return failed(path);
  return {};
}

}  // namespace

Result<LocalListener> LocalListener::open(const std::filesystem::path& path, mode_t mode) {
  HF_TRY(const sockaddr_un address, address_of(path));
  std::error_code trouble;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), trouble);
  if (trouble)
    return Error{Errc::cannot_listen, fmt::format("{}: {}", path.parent_path().string(), trouble.message())};
  if (const Result<void> cleared = clear(path, address); !cleared) return cleared.error();
  LocalListener listener(path, Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)));
  if (!listener.socket_) return failed(path);
  if (::bind(listener.fd(), generic(address), sizeof address) != 0) return failed(path);
  struct stat facts{};
  if (::lstat(path.c_str(), &facts) == 0) listener.inode_ = facts.st_ino;
  // Nobody can connect before listen(), so the mode is right from the first moment.
  if (::chmod(path.c_str(), mode) != 0) return failed(path);
  if (::listen(listener.fd(), SOMAXCONN) != 0) return failed(path);
  return listener;
}

LocalListener::~LocalListener() {
  struct stat facts{};
  if (inode_ != 0 && ::lstat(path_.c_str(), &facts) == 0 && facts.st_ino == inode_) ::unlink(path_.c_str());
}

}  // namespace holdfast::io
