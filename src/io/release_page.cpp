// SPDX-License-Identifier: Apache-2.0
#include "io/release_page.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace holdfast::io {
namespace {

Error failed(std::string_view what) {
  return Error{Errc::cannot_write, fmt::format("release page: {}: {}", what, std::strerror(errno))};
}

}  // namespace

Result<SharedSlot> make_release_slot(Fd& file) {
  file = Fd(::memfd_create("holdfast-release", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return failed("memfd_create");
  if (::ftruncate(file.get(), shared_page_bytes) != 0) return failed("ftruncate");
  // A program that made the file shorter would kill us at the next look.
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return failed("seal");
  void* memory = ::mmap(nullptr, shared_page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return failed("mmap");
  return SharedSlot(new (memory) wire::ReleaseSlot);
}

}  // namespace holdfast::io
