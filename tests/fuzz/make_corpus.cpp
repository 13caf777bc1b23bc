// SPDX-License-Identifier: Apache-2.0
// Writes the seeds of the corpora: valid messages and small stories, so that a fuzzer begins behind the
// first checks. Run it after messages were added; what fuzzers found since stays.
//
//   fuzz_make_corpus tests/fuzz/corpus
#include <filesystem>
#include <fstream>
#include <string>

#include "wire/client_messages.hpp"
#include "wire/framing.hpp"
#include "wire/peer_messages.hpp"
#include "wire/sample.hpp"

namespace holdfast::fuzz {
namespace {

class Corpus {
 public:
  Corpus(const std::string& root, const char* target) : directory_(root + "/" + target + "/") {
    std::filesystem::create_directories(directory_);
  }
  void write(const std::string& name, std::string_view bytes) const {
    std::ofstream out(directory_ + name, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::string directory_;
};

template <class M>
std::string body_of(std::uint64_t seed) {
  wire::TextStore texts;
  wire::RandomSource source(seed);
  const M message = wire::sample<M>(source, texts);
  std::string body(wire::encoded_size(message), '\0');
  wire::put(reinterpret_cast<std::byte*>(body.data()), message);
  return body;
}

// One stream per protocol and every message once in it; and one file per message.
void write_frames_and_messages(const std::string& root) {
  const Corpus frames(root, "fuzz_frames");
  const Corpus messages(root, "fuzz_messages");
  char number = 0;
  char side = 0;
  const auto write_side = [&](auto list) {
    std::string stream(1, side++);
    wire::for_each_message(list, [&]<class M>(std::type_identity<M>) {
      messages.write(std::string(M::name), number++ + body_of<M>(4));
      const std::string body = body_of<M>(9);
      std::string header(wire::frame_header_bytes, '\0');
      auto* at = reinterpret_cast<std::byte*>(header.data());
      wire::put(wire::put(at, static_cast<std::uint32_t>(2 + body.size())), static_cast<std::uint16_t>(M::type));
      stream += header + body;
    });
    frames.write("side_" + std::to_string(side - 1), stream);
  };
  write_side(wire::ToDaemon{});
  write_side(wire::ToClient{});
  write_side(wire::LinkFrames{});
  write_side(wire::BetweenPeers{});
}

void write_links(const std::string& root) {
  using namespace std::string_view_literals;
  const Corpus links(root, "fuzz_link");
  // Steps of fuzz_link.cpp: bit 0 the end, above it append, long turn, seal, deliver, break, connect.
  links.write("there_and_back", "\x00\x00\x04\x06\xff\x01\x05\x07\xff\x08\x0a\x00\x04\x0a\x06\xff"sv);
  links.write("long_turn", "\x02\x00\x04\x08\x0a\x06\xff\x06\xff\x02\x01\x02\x01\x01\x01\x00"sv);
  links.write("hostile", "\x00\x04\x08\x0a\x06\xff\x80\xff\xff\xff\xff\xff\xff\xff\x81\x01\x00\x02"sv);
}

}  // namespace
}  // namespace holdfast::fuzz

int main(int argc, char** argv) {
  const std::string root = argc > 1 ? argv[1] : "tests/fuzz/corpus";
  holdfast::fuzz::write_frames_and_messages(root);
  holdfast::fuzz::write_links(root);
  return 0;
}
