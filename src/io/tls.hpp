// SPDX-License-Identifier: Apache-2.0
// TLS with a shared key (TLS 1.3, PSK with fresh Diffie-Hellman keys): whoever has the key of the cluster
// is a peer, nobody else gets a word in. The identity that is sent along is the cluster's name.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::io {

using SharedKey = std::array<unsigned char, 32>;

// Derives the key from the bytes of a file. Refuses a file that others than its owner can read, and one
// with less than 16 bytes.
[[nodiscard]] Result<SharedKey> read_key_file(const std::filesystem::path& path);

// What came of an attempt to read or write without waiting.
enum class Progress : std::uint8_t {
  done,
  want_read,   // try again when there is something to read
  want_write,  // try again when there is room to write
  ended,       // the other side has closed, or is gone
  failed,
};
struct Moved {
  Progress progress = Progress::done;
  std::size_t bytes = 0;
};

class TlsSession {
 public:
  ~TlsSession();
  [[nodiscard]] Progress handshake();
  [[nodiscard]] Moved read(std::span<std::byte> into);
  [[nodiscard]] Moved write(std::span<const std::byte> from);
  // Are there bytes to read here that the socket will not announce any more?
  [[nodiscard]] bool holds_bytes() const;
  // Why the handshake failed, for an operator: cannot_connect if nobody said anything against it.
  [[nodiscard]] const Error& trouble() const;

 private:
  friend class TlsContext;
  struct State;
  explicit TlsSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class TlsContext {
 public:
  TlsContext(const SharedKey& key, std::string_view cluster);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // REQUIRES: the context and the socket outlive the session.
  [[nodiscard]] std::unique_ptr<TlsSession> accept(int socket);
  [[nodiscard]] std::unique_ptr<TlsSession> connect(int socket);

 private:
  friend class TlsSession;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::io
