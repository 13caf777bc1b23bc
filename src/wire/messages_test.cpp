// SPDX-License-Identifier: Apache-2.0
// What must hold for every message of every protocol. The tests walk the message lists, so a new message
// is tested as soon as it stands in its list.
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "base/limits.hpp"
#include "wire/client_messages.hpp"
#include "wire/framing.hpp"
#include "wire/group_messages.hpp"
#include "wire/peer_messages.hpp"
#include "wire/print.hpp"
#include "wire/sample.hpp"

namespace holdfast::wire {
namespace {

template <class Visit>
void for_each_protocol(Visit&& visit) {
  visit(ToDaemon{}, "ToDaemon");
  visit(ToClient{}, "ToClient");
  visit(LinkFrames{}, "LinkFrames");
  visit(BetweenPeers{}, "BetweenPeers");
  visit(BetweenGroupMembers{}, "BetweenGroupMembers");
}

template <class Visit>
void for_each_of_all(Visit&& visit) {
  for_each_protocol([&](auto list, const char*) { for_each_message(list, visit); });
}

template <class M>
std::vector<std::byte> bytes_of(const M& message) {
  std::vector<std::byte> bytes(encoded_size(message));
  EXPECT_EQ(put(bytes.data(), message), bytes.data() + bytes.size()) << M::name;
  return bytes;
}

TEST(Messages, come_back_as_they_were_sent) {
  for_each_of_all([]<class M>(std::type_identity<M>) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      TextStore texts;
      RandomSource source(seed);
      const M sent = sample<M>(source, texts);
      const std::vector<std::byte> bytes = bytes_of(sent);
      M received;
      ASSERT_TRUE(decode(bytes, received)) << "seed " << seed << ": " << to_text(sent);
      ASSERT_TRUE(equal(sent, received)) << "seed " << seed << ": " << to_text(sent) << "\n" << to_text(received);
    }
  });
}

// Where earlier releases ended this message: in front of each field that is newer.
template <class M>
std::set<std::size_t> earlier_ends(const M& message) {
  std::set<std::size_t> ends;
  std::size_t end = 0, index = 0;
  const auto pass = [&](const auto& field) {
    if (index++ >= required_fields<M>()) ends.insert(end);
    end += encoded_size(message.*(field.member));
  };
  std::apply([&](const auto&... field) { (pass(field), ...); }, M::fields);
  return ends;
}

TEST(Messages, are_refused_wherever_they_are_cut_off) {
  for_each_of_all([]<class M>(std::type_identity<M>) {
    TextStore texts;
    RandomSource source(7);
    const M sent = sample<M>(source, texts);
    const std::vector<std::byte> bytes = bytes_of(sent);
    const std::set<std::size_t> ends = earlier_ends(sent);
    for (std::size_t kept = 0; kept < bytes.size(); ++kept) {
      M received;
      // A copy of exactly this size, so that a sanitizer sees a byte too many.
      const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(kept));
      EXPECT_EQ(decode(cut, received), ends.contains(kept)) << M::name << " cut to " << kept << " of " << bytes.size();
    }
  });
}

TEST(Messages, may_have_newer_fields_behind_the_known_ones) {
  for_each_of_all([]<class M>(std::type_identity<M>) {
    TextStore texts;
    RandomSource source(11);
    const M sent = sample<M>(source, texts);
    std::vector<std::byte> bytes = bytes_of(sent);
    bytes.insert(bytes.end(), 9, std::byte{0xee});
    M received;
    EXPECT_TRUE(decode(bytes, received) && equal(sent, received)) << to_text(sent);
  });
}

TEST(Messages, of_random_bytes_do_no_harm_and_mean_what_they_encode_to) {
  Prng prng(3);
  std::vector<std::byte> bytes;
  for_each_of_all([&]<class M>(std::type_identity<M>) {
    for (int round = 0; round < 500; ++round) {
      bytes.resize(prng.below(120));
      for (std::byte& b : bytes) b = static_cast<std::byte>(prng.chance(70) ? 0 : prng.below(256));
      M first;
      if (!decode(bytes, first)) continue;
      M second;
      ASSERT_TRUE(decode(bytes_of(first), second) && equal(first, second)) << to_text(first);
    }
  });
}

TEST(Messages, have_a_number_and_a_name_of_their_own) {
  for_each_protocol([](auto list, const char* protocol) {
    std::set<std::uint16_t> types;
    std::set<std::string_view> names;
    for_each_message(list, [&]<class M>(std::type_identity<M>) {
      const auto type = static_cast<std::uint16_t>(M::type);
      EXPECT_TRUE(types.insert(type).second) << protocol << " has two messages of type " << type;
      EXPECT_TRUE(names.insert(M::name).second) << protocol << " has two messages called " << M::name;
      EXPECT_EQ(message_name(list, type), M::name);
    });
  });
}

// A new message that is forgotten in its list would be "unknown" to the other side only.
TEST(Messages, of_every_number_stand_in_a_list) {
  std::set<std::uint16_t> client;
  const auto add = [&client]<class M>(std::type_identity<M>) { client.insert(static_cast<std::uint16_t>(M::type)); };
  for_each_message(ToDaemon{}, add);
  for_each_message(ToClient{}, add);
  for (int type = 1; type <= static_cast<int>(ClientMessage::sync); ++type)
    EXPECT_TRUE(client.contains(static_cast<std::uint16_t>(type))) << type;
  for (int type = 64; type <= static_cast<int>(ClientMessage::node_status); ++type)
    EXPECT_TRUE(client.contains(static_cast<std::uint16_t>(type))) << type;
}

TEST(Messages, have_fields_of_different_names) {
  for_each_of_all([]<class M>(std::type_identity<M>) {
    std::set<std::string_view> names;
    std::apply([&](const auto&... f) { (names.insert(f.name), ...); }, M::fields);
    EXPECT_EQ(names.size(), std::tuple_size_v<std::remove_cvref_t<decltype(M::fields)>>) << M::name;
  });
}

TEST(Messages, are_dispatched_by_type) {
  for_each_protocol([](auto list, const char*) {
    for_each_message(list, [&]<class M>(std::type_identity<M>) {
      TextStore texts;
      RandomSource source(5);
      const M sent = sample<M>(source, texts);
      Buffer stream;
      append_frame(stream, sent);
      Frame frame;
      ASSERT_EQ(cut_frame(stream.bytes(), limits::peer_frame_bytes_max, frame), Cut::frame) << M::name;
      std::string_view what;
      bool seen = false;
      const auto visit = [&]<class Received>(const Received& received) {
        if constexpr (std::same_as<Received, M>) seen = equal(sent, received);
      };
      EXPECT_EQ(dispatch(list, frame.type, frame.body, visit, what), Dispatch::done) << M::name << ": " << what;
      EXPECT_TRUE(seen) << M::name;
    });
  });
}

TEST(Messages, that_cannot_be_understood_are_explained) {
  Lock lock;
  lock.resource = "orders/17";
  std::vector<std::byte> bytes = bytes_of(lock);
  const auto type = static_cast<std::uint16_t>(Lock::type);
  bytes[10] = std::byte{9};  // behind request and lockspace: the mode
  std::string_view what;
  EXPECT_EQ(dispatch(ToDaemon{}, type, bytes, [](const auto&) { FAIL(); }, what), Dispatch::malformed);
  EXPECT_EQ(what, "unknown enumerator");
  EXPECT_EQ(explain(ToDaemon{}, type, bytes), "Lock: mode: unknown enumerator");
  EXPECT_EQ(explain(ToDaemon{}, type, std::span(bytes).first(4)), "Lock: request: it ends too early");

  EXPECT_EQ(dispatch(ToDaemon{}, 999, {}, [](const auto&) { FAIL(); }, what), Dispatch::unknown_type);
  EXPECT_EQ(what, "unknown message type");
  EXPECT_EQ(explain(ToDaemon{}, 999, {}), "unknown message type 999");
}

TEST(Messages, name_the_innermost_field_that_is_wrong) {
  SetView set;
  set.view.members.push_back({.node = NodeId{1}, .address = "somewhere"});
  const std::vector<std::byte> bytes = bytes_of(set);
  // Request, epoch, list count, node, incarnation, and one byte of the address's size.
  const auto cut = std::span(bytes).first(8 + 8 + 2 + 4 + 8 + 1);
  EXPECT_EQ(explain(ToDaemon{}, static_cast<std::uint16_t>(SetView::type), cut), "SetView: address: it ends too early");
}

// The longest messages must fit their frames, or a big cluster stops where a small one works.
TEST(Messages, at_their_longest_fit_a_frame) {
  const std::string address(limits::address_bytes_max, 'a');
  const std::string detail(limits::detail_bytes_max, 'd');
  NodeStatus status{.version = detail, .cluster = detail, .peer_address = address};
  status.view.members.assign(limits::nodes_max, WireMember{.address = address});
  status.peers_connected.assign(limits::nodes_max, NodeId{1});
  EXPECT_LE(2 + encoded_size(status), limits::client_frame_bytes_max);

  const std::string key(1 + limits::lockspace_name_bytes_max + limits::name_bytes_max, 'k');
  const std::string value(limits::value_bytes_max, 'v');
  const ResourceRow row{.resource = {.key = key, .value = value}};
  EXPECT_LE(2 + encoded_size(row), limits::client_frame_bytes_max);
  Refused refused{.detail = detail};
  refused.blockers.assign(limits::blockers_told_max, BlockerRow{});
  EXPECT_LE(2 + encoded_size(refused), limits::client_frame_bytes_max);

  const Forward forward{.operation = {.key = key, .value = value}};
  EXPECT_LE(2 + link_data_bytes + frame_header_bytes + encoded_size(forward), limits::peer_frame_bytes_max);
  RebuildDone done;
  done.leases.assign(limits::nodes_max, LostLease{});
  EXPECT_LE(2 + link_data_bytes + frame_header_bytes + encoded_size(done), limits::peer_frame_bytes_max);
}

TEST(Messages, link_data_says_its_own_size) { EXPECT_EQ(encoded_size(LinkData{}), link_data_bytes); }

TEST(Messages, views_travel_whole) {
  const View view{.epoch = Epoch{9},
                  .members = {{.node = NodeId{1}, .incarnation = Incarnation{4}, .address = "127.0.0.1:7001",
                               .weight = 3, .votes = 2},
                              {.node = NodeId{2}, .incarnation = Incarnation{5}, .address = "", .weight = 0,
                               .votes = 0}},
                  .configured_votes = 3,
                  .quorate = false};
  EXPECT_EQ(from_wire(to_wire(view)), view);
}

}  // namespace
}  // namespace holdfast::wire
