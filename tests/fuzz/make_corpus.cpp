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

template <wire::Described M>
std::string frame_step(int step, int conn, const M& message) {
  std::string body(wire::encoded_size(message), '\0');
  wire::put(reinterpret_cast<std::byte*>(body.data()), message);
  const char head[] = {static_cast<char>(step << 2 | conn), static_cast<char>(M::type),
                       static_cast<char>(body.size())};
  return body.size() > 255 ? "" : std::string(head, sizeof head) + body;
}

// The id that the n-th lock of a node gets (base/slab.hpp).
ClaimId claim(std::uint64_t n) { return ClaimId{(std::uint64_t{1} << 32) | n}; }

void write_node_client(const std::string& root) {
  const Corpus corpus(root, "fuzz_node_client");
  const auto lock = [](int conn, std::uint64_t request, Mode mode, FlagSet flags = {}) {
    return frame_step(0, conn, wire::Lock{.request = RequestId{request}, .mode = mode, .flags = flags, .resource = "a"});
  };
  const std::string tick = "\x08\xff";
  corpus.write("lock_release",
               lock(0, 1, Mode::EX) + lock(1, 2, Mode::PR) +
                   frame_step(0, 0, wire::Release{.lock = claim(0), .flags = {Flag::valblk}, .value = "new"}) + tick);
  corpus.write("convert", lock(0, 1, Mode::NL) + lock(1, 2, Mode::PR) +
                              frame_step(0, 0, wire::Convert{.request = RequestId{3}, .lock = claim(0), .mode = Mode::EX}) +
                              frame_step(0, 0, wire::Cancel{.request = RequestId{4}, .lock = claim(0)}) +
                              frame_step(0, 1, wire::Unlock{.request = RequestId{5}, .lock = claim(1)}));
  corpus.write("orphan", lock(0, 1, Mode::EX, {Flag::persistent}) + "\x10" + lock(1, 2, Mode::EX, {Flag::orphan}) +
                             frame_step(0, 1, wire::Purge{.request = RequestId{3}}));
  corpus.write("died", lock(0, 1, Mode::EX) + lock(1, 2, Mode::EX) + "\x14" + tick);
  corpus.write("look", lock(0, 1, Mode::EX) +
                           frame_step(0, 1, wire::Query{.request = RequestId{2}, .lockspace_pattern = "*",
                                                        .name_pattern = "*"}) +
                           frame_step(0, 1, wire::StatusQuery{.request = RequestId{3}}) +
                           frame_step(0, 1, wire::OpenLockspace{.request = RequestId{4}, .lockspace = "x"}) +
                           frame_step(0, 0, wire::FenceAck{.request = RequestId{5}, .node = NodeId{2}}) +
                           frame_step(0, 0, wire::Sync{.request = RequestId{6}}));
  corpus.write("evict", lock(0, 1, Mode::EX) + lock(1, 2, Mode::EX) +
                            frame_step(0, 1, wire::Evict{.request = RequestId{3}, .node = NodeId{1}, .incarnation = {},
                                                         .lock = claim(1), .token = {}, .grace = {}, .reason = "r"}) +
                            frame_step(0, 0, wire::LostSeen{.lock = claim(0)}) + tick);
  wire::SetView view{.request = RequestId{1}, .view = {.epoch = Epoch{9}, .members = {}}};
  view.view.members.push_back({.node = NodeId{1}, .incarnation = Incarnation{1}, .address = "127.0.0.1:1"});
  corpus.write("view", frame_step(0, 0, view) + lock(0, 2, Mode::EX));
}

// Each message once after the program of connection 0 asked for a lock, with fields that fit.
void write_node_peer(const std::string& root) {
  const Corpus corpus(root, "fuzz_node_peer");
  const std::string ask = frame_step(0, 0, wire::Lock{.request = RequestId{1}, .mode = Mode::EX, .resource = "a"});
  const std::string tick = "\x08\xff";
  const std::string key = "\x07" "defaulta";
  const auto add = [&](const char* name, const auto&... messages) {
    corpus.write(name, ask + (frame_step(1, 0, messages) + ...) + (frame_step(1, 1, messages) + ...) + tick);
  };
  const wire::Operation request{.claim = claim(0), .number = 1, .asked = Epoch{1}, .mode = Mode::PR, .key = key};
  add("request", request);
  add("forward", wire::Forward{.origin = NodeId{3}, .mastership = Mastership{1}, .generation = 1, .operation = request});
  add("granted", wire::GrantReply{.claim = claim(0), .number = 1, .asked = Epoch{1}, .mastership = Mastership{1},
                                  .resource = ResourceId{1}, .lock = LockId{1}, .mode = Mode::EX,
                                  .token = {Epoch{1}, 9}},
      wire::Notice{.claim = claim(0), .mastership = Mastership{1}, .wanted = Mode::EX});
  add("queued", wire::QueueReply{.claim = claim(0), .number = 1, .asked = Epoch{1}, .mastership = Mastership{1}});
  add("refused", wire::RefuseReply{.claim = claim(0), .number = 1, .asked = Epoch{1}, .status = Errc::blocked});
  add("done", wire::DoneReply{.claim = claim(0), .number = 1, .asked = Epoch{1}});
  add("not_master", wire::NotMaster{.claim = claim(0), .number = 1});
  add("master", wire::MasterReply{.epoch = Epoch{1}, .mastership = Mastership{1}, .generation = 1, .key = key});
  add("remove", wire::Remove{.epoch = Epoch{1}, .mastership = Mastership{1}, .generation = 1, .key = key},
      wire::RemoveReply{.epoch = Epoch{1}, .mastership = Mastership{1}, .key = key});
  add("rebuild", wire::MasterClaim{.epoch = Epoch{2}, .mastership = Mastership{1}, .key = key},
      wire::RebuildLock{.epoch = Epoch{2}, .claim = claim(0), .number = 1, .granted = Mode::PR, .key = key},
      wire::RebuildValue{.epoch = Epoch{2}, .write_number = 3, .key = key, .value = "v"},
      wire::RebuildDone{.epoch = Epoch{2}});
  corpus.write("lost", ask + frame_step(1, 1, request) + std::string("\x38\x02", 2) +
                           frame_step(1, 1, wire::RebuildDone{.epoch = Epoch{2}}) + tick + tick + tick);
  add("look", wire::QueryAsk{.query = 1, .lockspace_pattern = "*", .name_pattern = "*"}, wire::QueryDone{.query = 1},
      wire::Probe{.number = 1}, wire::ProbeReply{.number = 1}, wire::PurgeOrphans{.lockspace = "default"},
      wire::Fenced{.node = NodeId{2}, .incarnation = Incarnation{1}});
}

}  // namespace
}  // namespace holdfast::fuzz

int main(int argc, char** argv) {
  const std::string root = argc > 1 ? argv[1] : "tests/fuzz/corpus";
  holdfast::fuzz::write_frames_and_messages(root);
  holdfast::fuzz::write_links(root);
  holdfast::fuzz::write_node_client(root);
  holdfast::fuzz::write_node_peer(root);
  return 0;
}
