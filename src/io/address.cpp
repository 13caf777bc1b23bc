// SPDX-License-Identifier: Apache-2.0
#include "io/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <optional>

namespace holdfast::io {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [stopped, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc{} || stopped != text.data() + text.size()) return std::nullopt;
  return port;
}

const sockaddr_in& v4(const sockaddr_storage& storage) { return reinterpret_cast<const sockaddr_in&>(storage); }
const sockaddr_in6& v6(const sockaddr_storage& storage) { return reinterpret_cast<const sockaddr_in6&>(storage); }

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  const Error wrong{Errc::bad_argument,
                    fmt::format("'{}' is no address; allowed are such as 127.0.0.1:7001 and [::1]:7001", text)};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return wrong;
  std::string host(text.substr(0, colon));
  Address address;
  auto& in4 = reinterpret_cast<sockaddr_in&>(address.storage_);
  auto& in6 = reinterpret_cast<sockaddr_in6&>(address.storage_);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (::inet_pton(AF_INET6, host.c_str(), &in6.sin6_addr) != 1) return wrong;
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(*port);
  } else {
    if (::inet_pton(AF_INET, host.c_str(), &in4.sin_addr) != 1) return wrong;
    in4.sin_family = AF_INET;
    in4.sin_port = htons(*port);
  }
  return address;
}

Address Address::local_of(int socket) {
  Address address;
  socklen_t size = sizeof address.storage_;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address.storage_), &size);
  return address;
}

Address Address::remote_of(int socket) {
  Address address;
  socklen_t size = sizeof address.storage_;
  ::getpeername(socket, reinterpret_cast<sockaddr*>(&address.storage_), &size);
  return address;
}

socklen_t Address::size() const { return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }

bool Address::is_loopback() const {
  if (family() == AF_INET) return (ntohl(v4(storage_).sin_addr.s_addr) >> 24) == 127;
  return family() == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6(storage_).sin6_addr);
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> host{};
  if (family() == AF_INET && ::inet_ntop(AF_INET, &v4(storage_).sin_addr, host.data(), host.size()) != nullptr)
    return fmt::format("{}:{}", host.data(), ntohs(v4(storage_).sin_port));
  if (family() == AF_INET6 && ::inet_ntop(AF_INET6, &v6(storage_).sin6_addr, host.data(), host.size()) != nullptr)
    return fmt::format("[{}]:{}", host.data(), ntohs(v6(storage_).sin6_port));
  return {};
}

}  // namespace holdfast::io
