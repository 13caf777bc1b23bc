// SPDX-License-Identifier: Apache-2.0
// Id: a number that cannot be mistaken for another kind of number. No arithmetic, only identity and order.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace holdfast {

template <class Tag, class Rep>
class Id {
 public:
  using rep = Rep;
  constexpr Id() = default;
  constexpr explicit Id(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  // Zero is "none" for every id of ours.
  constexpr explicit operator bool() const { return value_ != Rep{}; }
  friend constexpr auto operator<=>(const Id&, const Id&) = default;

 private:
  Rep value_{};
};

}  // namespace holdfast

template <class Tag, class Rep>
struct std::hash<holdfast::Id<Tag, Rep>> {
  std::size_t operator()(const holdfast::Id<Tag, Rep>& id) const noexcept {
    // A multiplicative mix: ids are small and dense, and open-addressing maps want spread bits.
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id.value()) * 0x9e3779b97f4a7c15ULL);
  }
};
