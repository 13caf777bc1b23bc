// SPDX-License-Identifier: Apache-2.0
// The codec's own rules, with structs made for it: newer fields, enumerators, lying counts, edges.
#include "wire/codec.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "wire/print.hpp"
#include "wire/shared_parts.hpp"

namespace holdfast::wire {
namespace {

enum class TestMessage : std::uint16_t { greeting = 7 };

// The same message in two releases.
struct OldGreeting {
  static constexpr auto type = TestMessage::greeting;
  static constexpr std::string_view name = "Greeting";
  std::uint32_t number = 0;
  std::string_view text;
  static constexpr std::tuple fields{field("number", &OldGreeting::number), field("text", &OldGreeting::text)};
};
struct NewGreeting {
  static constexpr auto type = TestMessage::greeting;
  static constexpr std::string_view name = "Greeting";
  static constexpr std::size_t required = 2;
  std::uint32_t number = 0;
  std::string_view text;
  Mode mode = Mode::PR;
  std::string_view label = "none";
  static constexpr std::tuple fields{field("number", &NewGreeting::number), field("text", &NewGreeting::text),
                                     field("mode", &NewGreeting::mode), field("label", &NewGreeting::label)};
};
struct Lists {
  std::vector<std::uint8_t> numbers;
  std::vector<WireMember> members;
  static constexpr std::tuple fields{field("numbers", &Lists::numbers), field("members", &Lists::members)};
};
struct Edges {
  bool yes = false;
  std::int64_t stamp = 0;
  Duration wait{};
  std::string text;
  static constexpr std::tuple fields{field("yes", &Edges::yes), field("stamp", &Edges::stamp),
                                     field("wait", &Edges::wait), field("text", &Edges::text)};
};

template <class M>
std::vector<std::byte> bytes_of(const M& message) {
  std::vector<std::byte> bytes(encoded_size(message));
  put(bytes.data(), message);
  return bytes;
}
std::vector<std::byte> raw(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(Codec, an_old_reader_ignores_what_a_new_sender_added) {
  const auto bytes = bytes_of(NewGreeting{.number = 5, .text = "hello", .mode = Mode::EX, .label = "x"});
  OldGreeting received;
  ASSERT_TRUE(decode(bytes, received));
  EXPECT_EQ(to_text(received), R"(Greeting{number=5 text="hello"})");
}

TEST(Codec, a_new_reader_takes_the_default_for_what_an_old_sender_lacks) {
  const auto bytes = bytes_of(OldGreeting{.number = 5, .text = "hello"});
  NewGreeting received;
  ASSERT_TRUE(decode(bytes, received));
  EXPECT_EQ(to_text(received), R"(Greeting{number=5 text="hello" mode=PR label="none"})");
}

TEST(Codec, a_newer_field_that_is_there_must_be_whole) {
  auto bytes = bytes_of(NewGreeting{.number = 5, .text = "hello", .mode = Mode::EX, .label = "long"});
  bytes.pop_back();
  NewGreeting received;
  EXPECT_FALSE(decode(bytes, received));
  // Ending exactly between two newer fields is how the release between them would have sent it.
  bytes.resize(bytes.size() - 5);
  ASSERT_TRUE(decode(bytes, received));
  EXPECT_EQ(received.mode, Mode::EX);
}

TEST(Codec, a_required_field_must_be_there) {
  NewGreeting received;
  EXPECT_FALSE(decode(raw({5, 0, 0, 0}), received));
  EXPECT_FALSE(decode({}, received));
}

TEST(Codec, every_enumerator_passes_and_the_next_number_does_not) {
  for (const Mode mode : all_modes) {
    Mode received{};
    const auto bytes = bytes_of(mode);
    EXPECT_TRUE(Reader(bytes).take(received));
    EXPECT_EQ(received, mode);
  }
  for (const int number : {6, 7, 128, 255}) {
    Mode received{};
    const auto bytes = raw({number});
    Reader in(bytes);
    EXPECT_FALSE(in.take(received)) << number;
    EXPECT_EQ(in.what(), "unknown enumerator");
  }
  const auto three = raw({3});
  SessionLife life{};
  EXPECT_FALSE(Reader(three).take(life));
  LockStanding standing{};
  EXPECT_FALSE(Reader(three).take(standing));
}

TEST(Codec, an_unknown_error_code_passes_and_has_a_row) {
  const auto bytes = raw({0x39, 0x30});
  Errc code{};
  ASSERT_TRUE(Reader(bytes).take(code));
  EXPECT_EQ(static_cast<int>(code), 12345);
  EXPECT_EQ(name_of(code), "bad_message");
}

TEST(Codec, unknown_flags_are_kept_for_whoever_checks_them) {
  const auto bytes = raw({1, 0, 0, 0x80});
  FlagSet flags;
  ASSERT_TRUE(Reader(bytes).take(flags));
  EXPECT_TRUE(flags.has(Flag::noqueue));
  EXPECT_EQ(flags.unknown(), 0x80000000U);
}

TEST(Codec, any_byte_is_a_bool) {
  for (const int number : {0, 1, 2, 255}) {
    const auto bytes = raw({number});
    bool value = number == 0;
    ASSERT_TRUE(Reader(bytes).take(value));
    EXPECT_EQ(value, number != 0);
  }
}

TEST(Codec, numbers_keep_their_edges) {
  const Edges sent{.yes = true, .stamp = INT64_MIN, .wait = Duration::max(), .text = std::string(UINT16_MAX, 'x')};
  Edges received;
  const auto bytes = bytes_of(sent);
  EXPECT_EQ(bytes.size(), 1 + 8 + 8 + 2 + 65535U);
  ASSERT_TRUE(decode(bytes, received));
  EXPECT_TRUE(equal(sent, received));
}

// 65,535 members would take 4 MB: the list must stop growing where the message ends.
TEST(Codec, a_lying_count_costs_no_more_than_the_message) {
  Lists received;
  EXPECT_FALSE(decode(raw({0, 0, 0xff, 0xff, 1, 2, 3}), received));
  EXPECT_LE(received.members.capacity(), 2U);
  EXPECT_FALSE(decode(raw({0xff, 0xff, 1, 2, 3}), received));
  EXPECT_LE(received.numbers.capacity(), 8U);
}

TEST(Codec, a_lying_text_size_is_refused) {
  const auto bytes = raw({5, 0, 0, 0, 4, 0, 'a', 'b', 'c'});
  OldGreeting received;
  Reader reader(bytes);
  EXPECT_FALSE(reader.take(received));
  EXPECT_EQ(reader.what(), "a text is longer than the message");
  EXPECT_EQ(reader.field(), "text");
}

TEST(Codec, a_list_is_not_added_to_what_was_there) {
  Lists received{.numbers = {1, 2, 3}, .members = {}};
  ASSERT_TRUE(decode(raw({1, 0, 9, 0, 0}), received));
  EXPECT_EQ(received.numbers, std::vector<std::uint8_t>{9});
}

TEST(Codec, nothing_can_be_read_after_a_failure) {
  const auto bytes = raw({9, 0, 1, 2, 3, 4});
  Reader reader(bytes);
  std::string_view text;
  EXPECT_FALSE(reader.take(text));
  std::uint8_t number = 0;
  EXPECT_FALSE(reader.take(number));
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.what(), "a text is longer than the message");
}

TEST(Codec, a_decoded_view_points_into_the_bytes) {
  const auto bytes = bytes_of(OldGreeting{.number = 1, .text = "hello"});
  OldGreeting received;
  ASSERT_TRUE(decode(bytes, received));
  EXPECT_EQ(static_cast<const void*>(received.text.data()), static_cast<const void*>(bytes.data() + 6));
}

TEST(CodecDeathTest, a_text_that_no_count_can_hold_is_a_bug) {
  const Edges sent{.text = std::string(UINT16_MAX + 1, 'x')};
  EXPECT_DEATH((void)bytes_of(sent), "UINT16_MAX");
}

TEST(Print, shows_names_not_numbers) {
  const GrantNotes notes = GrantNotes{}.set(GrantNote::altmode);
  std::string out;
  print_value(out, notes);
  EXPECT_EQ(out, "{bits=2}");
  out.clear();
  print_value(out, std::vector<Mode>{Mode::PR, Mode::EX});
  EXPECT_EQ(out, "[PR EX]");
  out.clear();
  print_value(out, Errc::deadlock);
  print_value(out, Token{Epoch{3}, 14});
  EXPECT_EQ(out, "deadlock3.14");
  out.clear();
  print_value(out, std::string_view("a\x01\\"));
  EXPECT_EQ(out, R"("a\x01\\")");
}

TEST(Print, equal_looks_into_lists) {
  const Lists a{.numbers = {1, 2}, .members = {{.node = NodeId{1}, .address = "x"}}};
  Lists b = a;
  EXPECT_TRUE(equal(a, b));
  b.members[0].address = "y";
  EXPECT_FALSE(equal(a, b));
  b = a;
  b.numbers.push_back(3);
  EXPECT_FALSE(equal(a, b));
}

}  // namespace
}  // namespace holdfast::wire
