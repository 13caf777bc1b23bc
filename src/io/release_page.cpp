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

constexpr std::size_t page_bytes = 4096;

Error failed(std::string_view what) {
  return Error{Errc::cannot_write, fmt::format("release page: {}: {}", what, std::strerror(errno))};
}

}  // namespace

Result<SharedSlot> SharedSlot::create(Fd& file) {
  file = Fd(::memfd_create("holdfast-release", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return failed("memfd_create");
  if (::ftruncate(file.get(), page_bytes) != 0) return failed("ftruncate");
  // A program that made the file shorter would kill us at the next look.
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return failed("seal");
  void* memory = ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return failed("mmap");
  SharedSlot shared;
  shared.slot_ = new (memory) wire::ReleaseSlot;
  return shared;
}

SharedSlot::SharedSlot(SharedSlot&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}

SharedSlot& SharedSlot::operator=(SharedSlot&& other) noexcept {
  SharedSlot taken(std::move(other));
  std::swap(slot_, taken.slot_);
  return *this;
}

SharedSlot::~SharedSlot() {
  if (slot_ != nullptr) ::munmap(slot_, page_bytes);
}

}  // namespace holdfast::io
