// SPDX-License-Identifier: Apache-2.0
#include "io/frame_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace holdfast::io {
namespace {

std::string frame(std::uint16_t type, std::string_view body) {
  const auto length = static_cast<std::uint32_t>(2 + body.size());
  std::string bytes(reinterpret_cast<const char*>(&length), 4);
  bytes.append(reinterpret_cast<const char*>(&type), 2).append(body);
  return bytes;
}

std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(FrameReader, gives_the_same_frames_however_the_stream_is_cut) {
  const std::string stream = frame(1, "one") + frame(2, "") + frame(3, std::string(100, 'x'));
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    FrameReader reader(1024);
    std::vector<std::uint16_t> types;
    std::string bodies;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      const auto garbage = reader.take(as_bytes(stream).subspan(at, std::min(piece, stream.size() - at)),
                                       [&](const wire::Frame& f) {
                                         types.push_back(f.type);
                                         bodies.append(reinterpret_cast<const char*>(f.body.data()), f.body.size());
                                         return true;
                                       });
      EXPECT_FALSE(garbage);
    }
    EXPECT_EQ(types, (std::vector<std::uint16_t>{1, 2, 3}));
    EXPECT_EQ(bodies, "one" + std::string(100, 'x'));
  }
}

TEST(FrameReader, refuses_a_length_that_is_not_allowed) {
  FrameReader reader(16);
  const auto any = [](const wire::Frame&) { return true; };
  EXPECT_EQ(reader.take(as_bytes(frame(1, std::string(15, 'x'))), any), Errc::frame_too_long);
  FrameReader other(16);
  EXPECT_EQ(other.take(as_bytes(std::string(4, '\0')), any), Errc::bad_message);
}

TEST(FrameReader, tells_what_came_whole_before_the_garbage) {
  FrameReader reader(16);
  int told = 0;
  const auto garbage = reader.take(as_bytes(frame(1, "a") + "\xff\xff\xff\xff"), [&](const wire::Frame&) {
    ++told;
    return true;
  });
  EXPECT_EQ(garbage, Errc::frame_too_long);
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace holdfast::io
