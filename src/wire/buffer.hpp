// SPDX-License-Identifier: Apache-2.0
// Buffer: bytes that grow at the back and are consumed at the front, reused for ever. What std::vector
// cannot do: grow without clearing what will be overwritten anyway.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "base/assert.hpp"

namespace holdfast::wire {

class Buffer {
 public:
  Buffer() = default;
  // What was moved from is empty, not a size without bytes.
  Buffer(Buffer&& other) noexcept
      : bytes_(std::move(other.bytes_)),
        capacity_(std::exchange(other.capacity_, 0)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer taken(std::move(other));
    std::swap(bytes_, taken.bytes_);
    std::swap(capacity_, taken.capacity_);
    std::swap(begin_, taken.begin_);
    std::swap(end_, taken.end_);
    return *this;
  }

  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] const std::byte* data() const { return bytes_.get() + begin_; }
  [[nodiscard]] std::byte* data() { return bytes_.get() + begin_; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data(), size()}; }
  [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(data()), size()}; }

  // Room for `count` bytes at the end; what is in them is undefined. Invalidates pointers.
  std::byte* extend(std::size_t count) {
    reserve(count);
    std::byte* at = bytes_.get() + end_;
    end_ += count;
    return at;
  }
  void append(std::span<const std::byte> more) {
    if (!more.empty()) std::memcpy(extend(more.size()), more.data(), more.size());
  }
  // Makes room for `count` more bytes without extending. Invalidates pointers.
  void reserve(std::size_t count) {
    if (capacity_ - end_ >= count) return;
    const std::size_t used = size();
    if (capacity_ >= used + count && begin_ >= used) {  // moving down is cheap: at most half is in use
      std::memmove(bytes_.get(), data(), used);
    } else {
      const std::size_t grown = (used + count) * 2;
      auto fresh = std::make_unique_for_overwrite<std::byte[]>(grown);
      if (used != 0) std::memcpy(fresh.get(), data(), used);
      bytes_ = std::move(fresh);
      capacity_ = grown;
    }
    begin_ = 0;
    end_ = used;
  }
  // Drops `count` bytes from the front.
  void consume(std::size_t count) {
    HF_ASSERT(count <= size());
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Drops bytes from the back.
  void truncate(std::size_t new_size) {
    HF_ASSERT(new_size <= size());
    end_ = begin_ + new_size;
  }
  void clear() { begin_ = end_ = 0; }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace holdfast::wire
