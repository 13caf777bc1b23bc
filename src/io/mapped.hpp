// SPDX-License-Identifier: Apache-2.0
// Mapped<T>: an object in a page of its own that is shared with other processes; unmaps itself.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>

namespace holdfast::io {

inline constexpr std::size_t shared_page_bytes = 4096;

struct Unmap {
  void operator()(void* at) const { ::munmap(at, shared_page_bytes); }
};
template <class T>
using Mapped = std::unique_ptr<T, Unmap>;

}  // namespace holdfast::io
