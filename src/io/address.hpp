// SPDX-License-Identifier: Apache-2.0
// Address: where a peer port listens, as numbers: "10.0.0.7:7001" or "[fd00::7]:7001". Names are not
// resolved: a name service that hangs would hang the lock manager.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::io {

class Address {
 public:
  Address() = default;
  [[nodiscard]] static Result<Address> parse(std::string_view text);
  // Of this end, and of the other end, of a socket; empty text if it has none.
  [[nodiscard]] static Address local_of(int socket);
  [[nodiscard]] static Address remote_of(int socket);

  [[nodiscard]] const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t size() const;
  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] std::string text() const;

 private:
  sockaddr_storage storage_{};
};

}  // namespace holdfast::io
