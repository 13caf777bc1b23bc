// SPDX-License-Identifier: Apache-2.0
// cut_frame as a table, frames in a stream that arrives in any pieces, and the Buffer below.
#include "wire/framing.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "base/prng.hpp"
#include "wire/peer_messages.hpp"
#include "wire/print.hpp"

namespace holdfast::wire {
namespace {

std::vector<std::byte> raw(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(CutFrame, table) {
  struct Row {
    std::vector<std::byte> bytes;
    Cut expected;
    std::size_t body = 0;
  };
  const Row rows[] = {
      {raw({}), Cut::incomplete},
      {raw({2}), Cut::incomplete},
      {raw({2, 0, 0}), Cut::incomplete},
      {raw({0, 0, 0, 0}), Cut::too_short},                 // not even a type
      {raw({1, 0, 0, 0, 7}), Cut::too_short},
      {raw({2, 0, 0, 0}), Cut::incomplete},
      {raw({2, 0, 0, 0, 7}), Cut::incomplete},
      {raw({2, 0, 0, 0, 7, 1}), Cut::frame, 0},            // a message without fields
      {raw({4, 0, 0, 0, 7, 1, 8}), Cut::incomplete},
      {raw({4, 0, 0, 0, 7, 1, 8, 9}), Cut::frame, 2},
      {raw({4, 0, 0, 0, 7, 1, 8, 9, 10, 11}), Cut::frame, 2},  // the next one has begun
      {raw({10, 0, 0, 0}), Cut::incomplete},               // exactly the limit
      {raw({11, 0, 0, 0}), Cut::too_long},                 // said before anything is gathered for it
      {raw({0xff, 0xff, 0xff, 0xff, 7, 1}), Cut::too_long},
  };
  for (const Row& row : rows) {
    Frame frame;
    EXPECT_EQ(cut_frame(row.bytes, 10, frame), row.expected) << &row - rows;
    if (row.expected != Cut::frame) continue;
    EXPECT_EQ(frame.type, 0x0107);
    EXPECT_EQ(frame.body.size(), row.body);
    EXPECT_EQ(frame.whole.size(), frame_header_bytes + row.body);
    EXPECT_EQ(frame.whole.data(), row.bytes.data());
  }
}

TEST(CutFrame, finds_the_frames_of_a_stream_in_any_pieces) {
  Prng prng(1);
  Buffer stream;
  for (std::uint64_t i = 0; i < 300; ++i) append_frame(stream, Probe{.number = i});
  Buffer arrived;
  std::uint64_t found = 0;
  for (std::size_t sent = 0; sent < stream.size();) {
    const std::size_t piece = std::min<std::size_t>(1 + prng.below(40), stream.size() - sent);
    arrived.append(stream.bytes().subspan(sent, piece));
    sent += piece;
    Frame frame;
    while (cut_frame(arrived.bytes(), 64, frame) == Cut::frame) {
      Probe probe;
      ASSERT_TRUE(decode(frame.body, probe));
      ASSERT_EQ(probe.number, found++);
      arrived.consume(frame.whole.size());
    }
  }
  EXPECT_EQ(found, 300U);
  EXPECT_TRUE(arrived.empty());
}

TEST(Buffer, behaves_like_a_queue_of_bytes) {
  Prng prng(2);
  Buffer buffer;
  std::deque<std::byte> model;
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t count = prng.below(prng.chance(2) ? 3000 : 30);
    switch (prng.below(4)) {
      case 0: {
        std::byte* at = buffer.extend(count);
        for (std::size_t i = 0; i < count; ++i) model.push_back(at[i] = static_cast<std::byte>(prng.below(256)));
        break;
      }
      case 1: buffer.reserve(count); break;
      case 2: {
        const std::size_t dropped = std::min(count, model.size());
        buffer.consume(dropped);
        model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(dropped));
        break;
      }
      case 3: {
        const std::size_t dropped = std::min(count / 8, model.size());
        buffer.truncate(model.size() - dropped);
        model.resize(model.size() - dropped);
        break;
      }
    }
    ASSERT_EQ(buffer.size(), model.size());
    ASSERT_TRUE(std::equal(model.begin(), model.end(), buffer.bytes().begin())) << "step " << step;
  }
}

// In steady state nothing is allocated: what is consumed at the front is used again at the back.
TEST(Buffer, reuses_its_memory_for_ever) {
  Buffer buffer;
  buffer.reserve(256);
  const std::byte* memory = buffer.extend(1);
  for (int round = 0; round < 1000; ++round) {
    buffer.extend(100);
    buffer.consume(100);
    const std::byte* now = buffer.data();
    ASSERT_TRUE(now >= memory && now < memory + 512);
  }
  EXPECT_EQ(buffer.size(), 1U);
}

TEST(Buffer, is_empty_after_its_bytes_moved_away) {
  Buffer first;
  first.append(raw({1, 2, 3}));
  Buffer second(std::move(first));
  EXPECT_EQ(second.size(), 3U);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  first.append(raw({9}));
  EXPECT_EQ(first.text(), "\x09");
  first = std::move(second);
  EXPECT_EQ(first.size(), 3U);
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
}

TEST(BufferDeathTest, refuses_to_drop_what_it_does_not_have) {
  Buffer buffer;
  buffer.extend(3);
  EXPECT_DEATH(buffer.consume(4), "count <= size");
  EXPECT_DEATH(buffer.truncate(4), "new_size <= size");
}

}  // namespace
}  // namespace holdfast::wire
