// SPDX-License-Identifier: Apache-2.0
// OpenSSL reads and writes the socket itself; we only ever ask it to go on. The plain PSK callbacks carry
// a key for SHA-256, so the one suite offered is AES-128-GCM with it. There is no certificate on either
// side: a handshake without the right key has nothing to fall back to.
#include "io/tls.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "io/fd.hpp"
#include "model/name.hpp"

namespace holdfast::io {
namespace {

constexpr std::size_t key_file_bytes_min = 16;
constexpr std::size_t key_file_bytes_max = 4096;
constexpr std::string_view hung_up = "it hung up";

// OpenSSL and the system leave behind why a call failed; whatever was there before must not be taken for it.
void forget_errors() {
  ERR_clear_error();
  errno = 0;
}

}  // namespace

Result<SharedKey> read_key_file(const std::filesystem::path& path) {
  const auto wrong = [&path](Errc code, std::string_view what) {
    return Error{code, fmt::format("key file {}: {}", path.string(), what)};
  };
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts{};
  if (!file || ::fstat(file.get(), &facts) != 0) return wrong(Errc::cannot_read, std::strerror(errno));
  if ((facts.st_mode & 077) != 0)
    return wrong(Errc::bad_config, "others can read it; make it its owner's alone (chmod 600)");
  std::array<unsigned char, key_file_bytes_max + 1> bytes;
  const ssize_t count = ::read(file.get(), bytes.data(), bytes.size());
  if (count < 0) return wrong(Errc::cannot_read, std::strerror(errno));
  std::size_t size = static_cast<std::size_t>(count);
  // An editor's newline at the end must not make two keys of one.
  while (size > 0 && (bytes[size - 1] == '\n' || bytes[size - 1] == '\r')) --size;
  if (size < key_file_bytes_min || size > key_file_bytes_max)
    return wrong(Errc::bad_config, fmt::format("it has {} bytes, {} to {} are allowed", size, key_file_bytes_min,
                                               key_file_bytes_max));
  SharedKey key{};
  constexpr std::string_view purpose = "holdfast peer key 1";
  unsigned int length = 0;
  HF_ASSERT(HMAC(EVP_sha256(), purpose.data(), static_cast<int>(purpose.size()), bytes.data(), size, key.data(),
                 &length) != nullptr);
  HF_ASSERT(length == key.size());
  return key;
}

struct TlsContext::State {
  SharedKey key{};
  std::string cluster;
  SSL_CTX* ssl = nullptr;
};

struct TlsSession::State {
  SSL* ssl = nullptr;
  TlsContext::State* context = nullptr;
  Error trouble{Errc::ok};
  bool failed = false;  // OpenSSL must not be asked to go on

  // What the last call of OpenSSL, with this result, asks for.
  Progress progress(int result);
  Progress fail(Errc what, std::string_view why);

  static unsigned int client_key(SSL* ssl, const char*, char* identity, unsigned int identity_bytes_max,
                                 unsigned char* key, unsigned int key_bytes_max) {
    const auto& state = *static_cast<State*>(SSL_get_app_data(ssl));
    const std::string& cluster = state.context->cluster;
    if (cluster.size() >= identity_bytes_max) return 0;
    std::memcpy(identity, cluster.c_str(), cluster.size() + 1);
    return state.give_key(key, key_bytes_max);
  }
  static unsigned int server_key(SSL* ssl, const char* identity, unsigned char* key, unsigned int key_bytes_max) {
    auto& state = *static_cast<State*>(SSL_get_app_data(ssl));
    if (state.context->cluster == identity) return state.give_key(key, key_bytes_max);
    state.trouble = Error{Errc::wrong_cluster, fmt::format("it belongs to cluster '{}', we to '{}'", escaped(identity),
                                                           state.context->cluster)};
    return 0;
  }
  [[nodiscard]] unsigned int give_key(unsigned char* key, unsigned int key_bytes_max) const {
    HF_ASSERT(context->key.size() <= key_bytes_max);
    std::ranges::copy(context->key, key);
    return static_cast<unsigned int>(context->key.size());
  }
};

TlsContext::TlsContext(const SharedKey& key, std::string_view cluster) : state_(std::make_unique<State>()) {
  state_->key = key;
  state_->cluster = cluster;
  state_->ssl = SSL_CTX_new(TLS_method());
  HF_ASSERT(state_->ssl != nullptr);
  HF_ASSERT(SSL_CTX_set_min_proto_version(state_->ssl, TLS1_3_VERSION) == 1);
  HF_ASSERT(SSL_CTX_set_ciphersuites(state_->ssl, "TLS_AES_128_GCM_SHA256") == 1);
  // A ticket would let a peer in later without the key.
  HF_ASSERT(SSL_CTX_set_num_tickets(state_->ssl, 0) == 1);
  SSL_CTX_set_mode(state_->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One recv for a record instead of one for its header and one for its body.
  SSL_CTX_set_read_ahead(state_->ssl, 1);
  SSL_CTX_set_psk_client_callback(state_->ssl, &TlsSession::State::client_key);
  SSL_CTX_set_psk_server_callback(state_->ssl, &TlsSession::State::server_key);
}

TlsContext::~TlsContext() { SSL_CTX_free(state_->ssl); }

std::unique_ptr<TlsSession> TlsContext::accept(int socket) {
  auto state = std::make_unique<TlsSession::State>();
  state->context = state_.get();
  state->ssl = SSL_new(state_->ssl);
  HF_ASSERT(state->ssl != nullptr);
  HF_ASSERT(SSL_set_fd(state->ssl, socket) == 1);
  SSL_set_app_data(state->ssl, state.get());
  SSL_set_accept_state(state->ssl);
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(state)));
}

std::unique_ptr<TlsSession> TlsContext::connect(int socket) {
  std::unique_ptr<TlsSession> session = accept(socket);
  SSL_set_connect_state(session->state_->ssl);
  return session;
}

TlsSession::TlsSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsSession::~TlsSession() { SSL_free(state_->ssl); }

Progress TlsSession::State::progress(int result) {
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_NONE: return Progress::done;
    case SSL_ERROR_WANT_READ: return Progress::want_read;
    case SSL_ERROR_WANT_WRITE: return Progress::want_write;
    case SSL_ERROR_ZERO_RETURN: return Progress::ended;
    case SSL_ERROR_SYSCALL: return fail(Errc::cannot_connect, errno != 0 ? std::string_view(std::strerror(errno)) : hung_up);
    default: break;  // a library's numbers: everything else is a failure
  }
  const unsigned long code = ERR_peek_last_error();
  if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return fail(Errc::cannot_connect, hung_up);
  const char* reason = ERR_reason_error_string(code);
  return fail(Errc::wrong_key, fmt::format("wrong or missing key, or another cluster ({})",
                                           reason != nullptr ? reason : "no reason was given"));
}

Progress TlsSession::State::fail(Errc what, std::string_view why) {
  failed = true;
  if (trouble.code == Errc::ok) trouble = Error{what, std::string(why)};
  return what == Errc::cannot_connect ? Progress::ended : Progress::failed;
}

Progress TlsSession::handshake() {
  if (state_->failed) return Progress::failed;
  forget_errors();
  return state_->progress(SSL_do_handshake(state_->ssl));
}

Moved TlsSession::read(std::span<std::byte> into) {
  if (state_->failed) return {Progress::failed};
  forget_errors();
  std::size_t bytes = 0;
  const int result = SSL_read_ex(state_->ssl, into.data(), into.size(), &bytes);
  return {state_->progress(result), bytes};
}

Moved TlsSession::write(std::span<const std::byte> from) {
  if (state_->failed) return {Progress::failed};
  forget_errors();
  std::size_t bytes = 0;
  const int result = SSL_write_ex(state_->ssl, from.data(), from.size(), &bytes);
  return {state_->progress(result), bytes};
}

bool TlsSession::holds_bytes() const { return SSL_has_pending(state_->ssl) == 1; }

const Error& TlsSession::trouble() const { return state_->trouble; }

}  // namespace holdfast::io
