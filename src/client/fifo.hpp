// SPDX-License-Identifier: Apache-2.0
// Fifo: a queue that keeps its memory, so that events which come and go allocate nothing in steady state.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/assert.hpp"

namespace holdfast::client {

template <class T>
class Fifo {
 public:
  [[nodiscard]] bool empty() const { return head_ == items_.size(); }
  [[nodiscard]] std::size_t size() const { return items_.size() - head_; }
  template <class Item>
  void push(Item&& item) {
    // What was taken is given back before the vector would grow, if that is at least half of it.
    if (items_.size() == items_.capacity() && head_ * 2 >= items_.size()) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    items_.emplace_back(std::forward<Item>(item));
  }
  // REQUIRES: not empty.
  T pop() {
    HF_ASSERT(!empty());
    T item = std::move(items_[head_]);
    drop();
    return item;
  }
  // REQUIRES: not empty.
  [[nodiscard]] T& front() {
    HF_ASSERT(!empty());
    return items_[head_];
  }
  // Takes away what front() is. REQUIRES: not empty.
  void drop() {
    HF_ASSERT(!empty());
    ++head_;
    if (empty()) {
      items_.clear();
      head_ = 0;
    }
  }

 private:
  std::vector<T> items_;
  std::size_t head_ = 0;
};

}  // namespace holdfast::client
