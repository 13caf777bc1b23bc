// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets share: an input that is eaten from the front, and what must hold for every message
// that was decoded from bytes nobody vouches for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "wire/codec.hpp"
#include "wire/print.hpp"

namespace holdfast::fuzz {

// Never runs dry: behind the end everything is 0 and empty.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : left_(reinterpret_cast<const std::byte*>(data), size) {}
  [[nodiscard]] bool empty() const { return left_.empty(); }
  std::uint8_t byte() {
    const auto one = take(1);
    return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one[0]);
  }
  std::uint16_t word() {
    const unsigned low = byte();
    return static_cast<std::uint16_t>(low | (unsigned{byte()} << 8));
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value |= static_cast<std::uint64_t>(byte()) << (8 * i);
    return value;
  }
  // At most `count` bytes.
  std::span<const std::byte> take(std::size_t count) {
    const auto taken = left_.first(count < left_.size() ? count : left_.size());
    left_ = left_.subspan(taken.size());
    return taken;
  }
  std::span<const std::byte> rest() { return take(left_.size()); }

 private:
  std::span<const std::byte> left_;
};

// What decodes must encode to something that decodes to the same.
template <wire::Described M>
void check_round_trip(const M& first) {
  std::vector<std::byte> bytes(wire::encoded_size(first));
  HF_ASSERT(wire::put(bytes.data(), first) == bytes.data() + bytes.size());
  M second;
  HF_ASSERT(wire::decode(bytes, second));
  HF_ASSERT(wire::equal(first, second));
  if constexpr (requires { M::name; }) HF_ASSERT(wire::to_text(first) == wire::to_text(second));
}

}  // namespace holdfast::fuzz
