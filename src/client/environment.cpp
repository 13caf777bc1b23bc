// SPDX-License-Identifier: Apache-2.0
#include "client/environment.hpp"

#include <cstdlib>

namespace holdfast::client {
namespace {

constexpr const char* socket_default = "/run/holdfast/holdfast.sock";
constexpr const char* socket_below_runtime_dir = "/holdfast/holdfast.sock";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

std::vector<std::string> socket_paths(const std::string& given) {
  if (!given.empty()) return {given};
  if (std::string named = variable("HOLDFAST_SOCKET"); !named.empty()) return {std::move(named)};
  std::vector<std::string> paths{socket_default};
  if (const std::string own = variable("XDG_RUNTIME_DIR"); !own.empty())
    paths.push_back(own + socket_below_runtime_dir);
  return paths;
}

}  // namespace holdfast::client
