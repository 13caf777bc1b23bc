// SPDX-License-Identifier: Apache-2.0
#include "model/name.hpp"

#include "base/limits.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace holdfast {
namespace {

std::string all_bytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

TEST(Name, a_key_is_split_into_what_it_was_made_of) {
  const std::string name("or\0ders/17", 10);
  const std::string key = make_key({.lockspace = "default", .name = name});
  const auto parts = split_key(key);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->lockspace, "default");
  EXPECT_EQ(parts->name, name);
  EXPECT_TRUE(split_key(make_key({.lockspace = "x", .name = ""})).has_value())
      << "an empty name is a name";
}

TEST(Name, two_pairs_never_share_a_key) {
  EXPECT_NE(make_key({.lockspace = "a", .name = "bc"}), make_key({.lockspace = "ab", .name = "c"}));
}

TEST(Name, a_key_is_known_by_its_parts) {
  const std::string key = make_key({.lockspace = "ab", .name = "cd"});
  EXPECT_TRUE(is_key_of(key, {.lockspace = "ab", .name = "cd"}));
  EXPECT_FALSE(is_key_of(key, {.lockspace = "abc", .name = "d"})) << "the same bytes, parted elsewhere";
  EXPECT_FALSE(is_key_of(key, {.lockspace = "a", .name = "bcd"}));
  EXPECT_FALSE(is_key_of(key, {.lockspace = "ab", .name = "ce"}));
  EXPECT_FALSE(is_key_of(key, {.lockspace = "ab", .name = "c"}));
  EXPECT_TRUE(is_key_of(make_key({.lockspace = "ab", .name = ""}), {.lockspace = "ab", .name = ""}));
}

TEST(Name, a_path_is_a_key_of_its_own_kind) {
  const KeyParts root{.lockspace = "db", .name = "orders"};
  const std::string order = path_below(root, "17").value();
  const KeyParts below{.lockspace = "db", .name = order, .form = NameForm::path};
  const std::string line = path_below(below, std::string("a\0b", 3)).value();
  const std::string key = make_key({.lockspace = "db", .name = line, .form = NameForm::path});
  const auto parts = split_key(key);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->form, NameForm::path);
  EXPECT_EQ(names_of(*parts), (std::vector<std::string_view>{"orders", "17", std::string_view("a\0b", 3)}));
  EXPECT_EQ(joined(below), "orders::17");
  EXPECT_EQ(root_key_of(key), make_key(root));
  EXPECT_EQ(slot_of(key), slot_of(make_key(root))) << "a tree has one home";
  EXPECT_TRUE(is_key_of(key, *parts));
  EXPECT_FALSE(is_key_of(key, {.lockspace = "db", .name = line})) << "a plain name with these very bytes";
  EXPECT_NE(key, make_key({.lockspace = "db", .name = line}));
  EXPECT_TRUE(matches("orders::1*", below));
  EXPECT_FALSE(matches("orders", below));
}

TEST(Name, bytes_that_are_no_path_are_no_key) {
  const std::string start = "\x81" "x";
  EXPECT_TRUE(split_key(start + "\x01" "a" "\x01" "b").has_value());
  EXPECT_FALSE(split_key(start + "\x01" "a").has_value()) << "one name is none";
  EXPECT_FALSE(split_key(start + "\x01" "a" "\x02" "b").has_value()) << "cut off";
  EXPECT_FALSE(split_key(start).has_value());
  std::string deep;
  for (int i = 0; i < 5; ++i) deep += '\xff' + std::string(255, 'n');
  EXPECT_FALSE(split_key(start + deep).has_value()) << "too long";
}

TEST(Name, bytes_that_are_no_key_are_refused) {
  EXPECT_FALSE(split_key("").has_value());
  EXPECT_FALSE(split_key(std::string("\0abc", 4)).has_value());
  EXPECT_FALSE(split_key("\x05"
                         "abc")
                   .has_value());
  EXPECT_FALSE(split_key("\x7f" + std::string(127, 'a')).has_value());
  EXPECT_FALSE(split_key("\x01"
                         "a" +
                         std::string(limits::name_bytes_max + 1, 'n'))
                   .has_value());
}

TEST(Name, lengths_have_limits) {
  EXPECT_TRUE(check_name(std::string(limits::name_bytes_max, 'n')).has_value());
  EXPECT_EQ(check_name(std::string(limits::name_bytes_max + 1, 'n')).error().code,
            Errc::name_too_long);
  EXPECT_EQ(check_lockspace_name("").error().code, Errc::bad_name);
  EXPECT_TRUE(check_lockspace_name(std::string(limits::lockspace_name_bytes_max, 'n')).has_value());
  EXPECT_EQ(
      check_lockspace_name(std::string(limits::lockspace_name_bytes_max + 1, 'n')).error().code,
      Errc::name_too_long);
}

TEST(Name, slots_are_in_range_and_spread) {
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 4000; ++i) {
    const Slot slot =
        slot_of(make_key({.lockspace = "default", .name = "resource/" + std::to_string(i)}));
    ASSERT_LT(slot.value(), limits::slots);
    seen.insert(slot.value());
  }
  // 4,000 balls into 4,096 slots fill about 2,550.
  EXPECT_GT(seen.size(), 2400U);
}

TEST(Name, every_byte_survives_being_shown) {
  const std::string shown = escaped(all_bytes());
  for (const char c : shown) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
  EXPECT_EQ(unescaped(shown), all_bytes());
  EXPECT_EQ(escaped("a\\b\n"), "a\\\\b\\x0a");
}

TEST(Name, a_broken_escape_is_refused) {
  for (const char* text : {"\\", "\\x", "\\x0", "\\xg0", "\\n", "ab\\x1"})
    EXPECT_EQ(unescaped(text), std::nullopt) << text;
}

TEST(Name, patterns_match_like_in_a_shell) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("orders/*", "orders/17"));
  EXPECT_FALSE(matches("orders/*", "order"));
  EXPECT_TRUE(matches("o?d*s", "orders"));
  EXPECT_FALSE(matches("?", ""));
  EXPECT_TRUE(matches("*a*b*", "xxaxxbxx"));
  EXPECT_FALSE(matches("*a*b", "xxaxxbxx"));
  EXPECT_FALSE(matches("", "a"));
}

TEST(Name, no_pattern_is_slow) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  EXPECT_FALSE(matches(pattern + "*b", std::string(250, 'a')));
}

}  // namespace
}  // namespace holdfast
