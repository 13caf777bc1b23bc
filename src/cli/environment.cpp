// SPDX-License-Identifier: Apache-2.0
#include "cli/environment.hpp"

#include <array>
#include <climits>
#include <cstdlib>
#include <unistd.h>

namespace holdfast::cli {
namespace {

std::optional<std::string> variable(const char* name) {
  const char* value = ::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

bool executable(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

}  // namespace

std::optional<std::string> socket_from_environment() { return variable("HOLDFAST_SOCKET"); }

std::string default_up_dir() {
  if (const auto runtime = variable("XDG_RUNTIME_DIR")) return *runtime + "/holdfast-up";
  return "/tmp/holdfast-up-" + std::to_string(::getuid());
}

std::string temporary_dir() { return variable("TMPDIR").value_or("/tmp"); }

bool colours_refused() { return variable("NO_COLOR").has_value() || variable("TERM") == "dumb"; }

std::string own_program() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length))
                    : std::string("holdfast");
}

Result<std::string> find_program(std::string_view name) {
  const std::string own = own_program();
  const std::string beside = own.substr(0, own.rfind('/') + 1).append(name);
  if (executable(beside)) return beside;
  const std::string path = variable("PATH").value_or("");
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    if (end > at) {
      const std::string candidate = path.substr(at, end - at).append("/").append(name);
      if (executable(candidate)) return candidate;
    }
    at = end + 1;
  }
  return Error{Errc::cannot_start,
               "there is no program '" + std::string(name) + "' beside " + own + " or on PATH"};
}

}  // namespace holdfast::cli
