// SPDX-License-Identifier: Apache-2.0
// Directory: an entry goes only when its own master gives it up and nobody was sent there meanwhile.
#include "cluster/directory.hpp"

#include <gtest/gtest.h>

namespace holdfast::cluster {
namespace {

constexpr Entry entry{.master = NodeId{2}, .incarnation = Incarnation{5}, .mastership = Mastership{9}, .generation = 3};

TEST(Directory, finds_what_was_set) {
  Directory directory(0);
  EXPECT_EQ(directory.find("a"), nullptr);
  directory.set("a", entry);
  ASSERT_NE(directory.find("a"), nullptr);
  EXPECT_EQ(directory.find("a")->master, NodeId{2});
  ++directory.find("a")->generation;
  EXPECT_EQ(directory.find("a")->generation, 4U);
  directory.set("a", {.master = NodeId{3}, .incarnation = {}, .mastership = {}});
  EXPECT_EQ(directory.find("a")->master, NodeId{3});
  EXPECT_EQ(directory.size(), 1U);
}

TEST(Directory, keys_are_bytes) {
  using namespace std::string_view_literals;
  Directory directory(0);
  directory.set("a\0b"sv, entry);
  directory.set(""sv, entry);
  EXPECT_EQ(directory.find("a"), nullptr);
  EXPECT_NE(directory.find("a\0b"sv), nullptr);
  EXPECT_NE(directory.find(""), nullptr);
}

TEST(Directory, a_removal_names_what_it_removes) {
  struct Row {
    std::string_view key;
    Mastership mastership;
    std::uint64_t generation;
    bool removed;
  };
  const Row rows[] = {
      {"b", Mastership{9}, 3, false},  // no such entry
      {"a", Mastership{8}, 3, false},  // an older mastership
      {"a", Mastership{10}, 3, false},
      {"a", Mastership{9}, 2, false},  // somebody was sent there since
      {"a", Mastership{9}, 4, false},
      {"a", Mastership{9}, 3, true},
  };
  for (const Row& row : rows) {
    Directory directory(0);
    directory.set("a", entry);
    EXPECT_EQ(directory.remove(row.key, row.mastership, row.generation), row.removed) << &row - rows;
    EXPECT_EQ(directory.find("a") == nullptr, row.removed) << &row - rows;
  }
}

TEST(Directory, erase_of_nothing_is_nothing) {
  Directory directory(0);
  directory.erase("a");
  directory.set("a", entry);
  directory.erase("a");
  EXPECT_EQ(directory.size(), 0U);
}

TEST(Directory, is_cleared_part_by_part_whatever_the_salt) {
  for (const std::uint64_t salt : {0U, 12345U}) {
    Directory directory(salt);
    for (int i = 0; i < 500; ++i)
      directory.set("key" + std::to_string(i), {.master = NodeId{static_cast<std::uint32_t>(i % 3)}, .incarnation = {}, .mastership = {}});
    std::size_t looked_at = 0;
    for (std::uint32_t part = 0; part < Directory::parts; ++part)
      looked_at += directory.erase_in(part, [](std::string_view, const Entry& e) { return e.master == NodeId{1}; });
    EXPECT_EQ(looked_at, 500U);
    EXPECT_EQ(directory.size(), 333U);
    EXPECT_EQ(directory.find("key1"), nullptr);
    EXPECT_NE(directory.find("key2"), nullptr);
  }
}

TEST(Directory, finds_what_is_below_a_root) {
  const KeyParts root{.lockspace = "db", .name = "a"};
  const auto below = [&](std::string_view name) {
    return make_key({.lockspace = "db", .name = path_below(root, name).value(), .form = NameForm::path});
  };
  Directory directory(0);
  EXPECT_FALSE(directory.has_paths());
  directory.set(make_key(root), entry);
  directory.set(make_key({.lockspace = "db", .name = "a::1"}), entry);
  EXPECT_FALSE(directory.has_paths()) << "a name may look like one";
  const KeyParts other{.lockspace = "db", .name = "ab"};
  directory.set(make_key({.lockspace = "db", .name = path_below(other, "1").value(), .form = NameForm::path}), entry);
  for (const std::string_view name : {"2", "", "1"}) directory.set(below(name), entry);
  const std::string prefix = path_prefix_of(make_key(root));
  const auto all = [&](std::string_view of) {
    std::size_t count = 0;
    for (const std::string* path = directory.path_behind({}, of); path != nullptr; path = directory.path_behind(*path, of)) ++count;
    return count;
  };
  EXPECT_EQ(all(prefix), 3U);
  EXPECT_EQ(all({}), 4U);
  directory.erase(below("1"));
  EXPECT_EQ(all(prefix), 2U);
  for (std::uint32_t part = 0; part < Directory::parts; ++part)
    directory.erase_in(part, [](std::string_view key, const Entry&) { return is_path_key(key); });
  EXPECT_FALSE(directory.has_paths());
  EXPECT_EQ(directory.size(), 2U);
}

}  // namespace
}  // namespace holdfast::cluster
