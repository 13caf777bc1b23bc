// SPDX-License-Identifier: Apache-2.0
// All sequences of four operations of three owners on one resource: 39^4, each node of that tree
// compared with the oracle once.
#include "twin.hpp"

#include <gtest/gtest.h>

#include <array>
#include <sstream>

namespace holdfast::properties {
namespace {

constexpr int owners = 3;
constexpr std::size_t depth_max = 4;

std::vector<Op> operations() {
  std::vector<Op> list;
  for (int slot = 0; slot < owners; ++slot) {
    const std::string value(1, static_cast<char>('a' + slot));
    const auto get = [&](Mode mode, FlagSet flags) {
      list.push_back({Verb::get, slot, mode, flags, value});
    };
    for (const Mode mode : all_modes) get(mode, {Flag::valblk});
    get(Mode::EX, {Flag::noqueue, Flag::noqueuebast});
    get(Mode::PR, {Flag::noorder});
    get(Mode::PW, {Flag::headque, Flag::altpr, Flag::nodlckwt});
    // What only a conversion may say is left out where there is no lock yet.
    get(Mode::EX, {Flag::convdeadlk});
    list.push_back({Verb::unlock, slot, {}, {Flag::valblk}, value});
    list.push_back({Verb::cancel, slot, {}, {}, {}});
    list.push_back({Verb::vanish, slot, {}, {}, {}});
  }
  return list;
}

class Tree {
 public:
  void walk(std::size_t depth) {
    if (depth == depth_max) return;
    const Oracle here = twin_.oracle();
    for (const Op& op : operations_) {
      if (!failure_.empty()) return;
      path_[depth] = &op;
      twin_.restart();
      for (std::size_t i = 0; i < depth; ++i) twin_.apply_to_engine(*path_[i]);
      twin_.set_oracle(here);
      ++compared_;
      if (const auto difference = twin_.apply(op)) fail(depth, *difference);
      // A subtree under an operation that was not allowed says nothing new, but is walked like the
      // others.
      walk(depth + 1);
    }
  }
  [[nodiscard]] std::uint64_t compared() const { return compared_; }
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  void fail(std::size_t depth, const std::string& difference) {
    std::ostringstream out;
    for (std::size_t i = 0; i <= depth; ++i) out << *path_[i] << '\n';
    failure_ = out.str() + difference;
  }
  std::vector<Op> operations_ = operations();
  std::array<const Op*, depth_max> path_{};
  Twin twin_;
  std::uint64_t compared_ = 0;
  std::string failure_;
};

TEST(AllSequences, of_four_operations_end_as_the_oracle_says) {
  Tree tree;
  tree.walk(0);
  EXPECT_EQ(tree.failure(), "");
  EXPECT_EQ(tree.compared(), 39U + 39U * 39U + 39U * 39U * 39U + 39U * 39U * 39U * 39U);
}

}  // namespace
}  // namespace holdfast::properties
