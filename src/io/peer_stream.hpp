// SPDX-License-Identifier: Apache-2.0
// PeerStream: the bytes of one connection with a peer, plain or through TLS. It never waits.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "io/address.hpp"
#include "io/fd.hpp"
#include "io/tls.hpp"

namespace holdfast::io {

class PeerStream {
 public:
  // `tls` null: plain.
  [[nodiscard]] static PeerStream accepted(Fd socket, TlsContext* tls);
  [[nodiscard]] static Result<PeerStream> calling(const Address& address, TlsContext* tls);

  [[nodiscard]] int fd() const { return socket_.get(); }
  // Until it is done nothing can be read or written.
  [[nodiscard]] Progress establish();
  [[nodiscard]] Moved read(std::span<std::byte> into);
  [[nodiscard]] Moved write(std::span<const std::byte> from);
  [[nodiscard]] bool holds_bytes() const { return tls_ && tls_->holds_bytes(); }
  // Tells the other side that nothing more will come.
  void finish_writing();
  // Why it could not be established, or ended.
  [[nodiscard]] const Error& trouble() const { return trouble_.code == Errc::ok && tls_ ? tls_->trouble() : trouble_; }

 private:
  enum class Stage : std::uint8_t { connecting, handshake, established };
  PeerStream(Fd socket, std::unique_ptr<TlsSession> tls, Stage stage)
      : socket_(std::move(socket)), tls_(std::move(tls)), stage_(stage) {}
  [[nodiscard]] Progress fail(int number);

  Fd socket_;
  std::unique_ptr<TlsSession> tls_;
  Stage stage_;
  Error trouble_{Errc::ok};
};

}  // namespace holdfast::io
