// SPDX-License-Identifier: Apache-2.0
#include "io/deadline_page.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace holdfast::io {
namespace {

Error failed(std::string_view what) {
  return Error{Errc::cannot_write, fmt::format("deadline page: {}: {}", what, std::strerror(errno))};
}

}  // namespace

Result<SharedDeadline> SharedDeadline::create(NodeId node) {
  Fd file(::memfd_create("holdfast-deadline", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return failed("memfd_create");
  if (::ftruncate(file.get(), shared_page_bytes) != 0) return failed("ftruncate");
  void* memory = ::mmap(nullptr, shared_page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return failed("mmap");
  SharedDeadline shared(std::move(file), Mapped<wire::DeadlinePage>(new (memory) wire::DeadlinePage{.node = node.value()}));
  // Our own mapping stays writable: the seal is for those who map it from now on.
  constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
  if (::fcntl(shared.fd(), F_ADD_SEALS, seals) != 0) return failed("seal");
  return shared;
}

}  // namespace holdfast::io
