// SPDX-License-Identifier: Apache-2.0
// Links: two of them over a connection that breaks wherever it likes must behave like one that never does.
#include "cluster/link.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/prng.hpp"

namespace holdfast::cluster {
namespace {

constexpr Token clock_a{Epoch{1}, 5};

struct Arrived {
  std::vector<std::uint64_t> sequences;
  std::vector<std::uint64_t> numbers;  // of the probes inside
};

// Takes link frames apart as a node does; applies what is new to `to`.
Arrived deliver(wire::Buffer& stream, Link& to) {
  Arrived arrived;
  wire::Frame frame;
  while (wire::cut_frame(stream.bytes(), limits::peer_frame_bytes_max, frame) == wire::Cut::frame) {
    EXPECT_EQ(frame.type, static_cast<std::uint16_t>(wire::LinkData::type));
    wire::LinkData head;
    EXPECT_TRUE(wire::decode(frame.body, head));
    EXPECT_TRUE(to.acknowledge(head.received));
    const Link::Arrival arrival = to.arrive(head.sequence);
    EXPECT_NE(arrival, Link::Arrival::gap);
    if (arrival == Link::Arrival::apply) {
      arrived.sequences.push_back(head.sequence);
      auto messages = frame.body.subspan(wire::link_data_bytes);
      for (wire::Frame inner; !messages.empty(); messages = messages.subspan(inner.whole.size())) {
        EXPECT_EQ(wire::cut_frame(messages, messages.size(), inner), wire::Cut::frame);
        wire::Probe probe;
        if (wire::decode(inner.body, probe)) arrived.numbers.push_back(probe.number);
      }
    }
    stream.consume(frame.whole.size());
  }
  return arrived;
}

TEST(Link, a_turn_without_messages_sends_nothing) {
  Link link;
  wire::Buffer out;
  link.seal(clock_a, &out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(link.unsealed_bytes(), 0U);
  EXPECT_EQ(link.next_sequence(), 1U);
}

TEST(Link, one_turn_is_one_frame) {
  Link a;
  Link b;
  wire::Buffer out;
  a.append(wire::Probe{.number = 1});
  a.append(wire::Probe{.number = 2});
  EXPECT_GT(a.unsealed_bytes(), 0U);
  a.seal(clock_a, &out);
  EXPECT_EQ(a.unsealed_bytes(), 0U);
  const Arrived arrived = deliver(out, b);
  EXPECT_EQ(arrived.sequences, std::vector<std::uint64_t>{1});
  EXPECT_EQ(arrived.numbers, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(b.acknowledgement_owed(), 1U);
}

TEST(Link, keeps_frames_until_they_are_acknowledged) {
  Link a;
  Link b;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    a.append(wire::Probe{.number = i});
    a.seal(clock_a, nullptr);  // no connection
  }
  const std::size_t all = a.kept_bytes();
  wire::Buffer first;
  a.resend(first);
  EXPECT_EQ(deliver(first, b).numbers, (std::vector<std::uint64_t>{1, 2, 3}));
  ASSERT_TRUE(a.acknowledge(2));
  EXPECT_EQ(a.acknowledged(), 2U);
  EXPECT_EQ(a.kept_bytes(), all / 3);
  wire::Buffer again;
  a.resend(again);
  EXPECT_TRUE(deliver(again, b).numbers.empty()) << "a frame was applied twice";
  ASSERT_TRUE(a.acknowledge(3));
  EXPECT_EQ(a.kept_bytes(), 0U);
}

TEST(Link, an_older_acknowledgement_changes_nothing) {
  Link a;
  a.append(wire::Probe{});
  a.seal(clock_a, nullptr);
  EXPECT_TRUE(a.acknowledge(1));
  EXPECT_TRUE(a.acknowledge(0));
  EXPECT_TRUE(a.acknowledge(1));
  EXPECT_EQ(a.acknowledged(), 1U);
}

TEST(Link, refuses_an_acknowledgement_of_what_was_never_sent) {
  Link a;
  EXPECT_FALSE(a.acknowledge(1));
  a.append(wire::Probe{});
  EXPECT_FALSE(a.acknowledge(1)) << "it is not sealed yet";
  a.seal(clock_a, nullptr);
  EXPECT_FALSE(a.acknowledge(2));
  EXPECT_FALSE(a.acknowledge(UINT64_MAX));
  EXPECT_TRUE(a.acknowledge(1));
}

TEST(Link, a_gap_is_not_applied) {
  Link a;
  EXPECT_EQ(a.arrive(2), Link::Arrival::gap);
  EXPECT_EQ(a.arrive(0), Link::Arrival::duplicate);
  EXPECT_EQ(a.arrive(1), Link::Arrival::apply);
  EXPECT_EQ(a.arrive(1), Link::Arrival::duplicate);
  EXPECT_EQ(a.arrive(UINT64_MAX), Link::Arrival::gap);
  EXPECT_EQ(a.received(), 1U);
}

TEST(Link, owes_an_acknowledgement_until_one_leaves) {
  Link a;
  (void)a.arrive(1);
  (void)a.arrive(2);
  EXPECT_EQ(a.acknowledgement_owed(), 2U);
  a.append(wire::Probe{});
  a.seal(clock_a, nullptr);
  EXPECT_EQ(a.acknowledgement_owed(), 0U);
  (void)a.arrive(3);
  EXPECT_EQ(a.acknowledgement_owed(), 1U);
  a.told();
  EXPECT_EQ(a.acknowledgement_owed(), 0U);
}

// A frame is stepped as a whole at the other end, and one beyond the limit would be refused for ever.
TEST(Link, a_long_turn_becomes_several_frames) {
  Link a;
  Link b;
  const std::string value(100, 'v');
  for (int i = 0; i < 600; ++i) a.append(wire::RebuildValue{.value = value});
  a.append(wire::Probe{.number = 7});
  wire::Buffer out;
  a.seal(clock_a, &out);
  const std::size_t bytes = out.size();
  EXPECT_EQ(bytes, a.kept_bytes());

  const Arrived arrived = deliver(out, b);
  EXPECT_TRUE(out.empty());
  EXPECT_GT(arrived.sequences.size(), bytes / 1200);
  EXPECT_EQ(arrived.sequences.back() + 1, a.next_sequence());
  EXPECT_EQ(arrived.numbers.back(), 7U);
  ASSERT_TRUE(a.acknowledge(arrived.sequences.back()));
  EXPECT_EQ(a.kept_bytes(), 0U);
}

TEST(Link, a_message_is_never_cut) {
  Link a;
  Link b;
  const std::string value(limits::value_bytes_max, 'v');
  for (int i = 0; i < 3; ++i) a.append(wire::RebuildValue{.value = value});
  wire::Buffer out;
  a.seal(clock_a, &out);
  EXPECT_EQ(deliver(out, b).sequences.size(), 3U);
}

struct End {
  Link link;
  wire::Buffer wire;  // sent over the connection that stands, not yet arrived
  std::uint64_t sent = 0;
  std::uint64_t applied = 0;
};
enum class Connection : std::uint8_t { broken, standing };

void reconnect(End& from, End& to) {
  from.wire.clear();
  ASSERT_TRUE(from.link.acknowledge(to.link.received()));  // the hello says so
  from.link.resend(from.wire);
}

void send_some(End& from, Connection connection, Prng& prng) {
  for (std::uint64_t i = prng.below(4); i > 0; --i) from.link.append(wire::Probe{.number = ++from.sent});
  from.link.seal(clock_a, connection == Connection::standing ? &from.wire : nullptr);
}

// Moves a piece of the stream; what is not a whole frame yet waits.
void move_some(End& from, End& to, std::size_t count) {
  wire::Buffer arrived;
  arrived.append(from.wire.bytes().first(count));
  for (const std::uint64_t number : deliver(arrived, to.link).numbers) ASSERT_EQ(number, ++to.applied);
  from.wire.consume(count - arrived.size());
}

TEST(Link, everything_arrives_once_and_in_order_over_connections_that_break) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Prng prng(seed);
    End a;
    End b;
    Connection connection = Connection::standing;
    for (int step = 0; step < 400; ++step) {
      End& from = prng.chance(50) ? a : b;
      End& to = &from == &a ? b : a;
      if (prng.chance(45)) {
        send_some(from, connection, prng);
      } else if (prng.chance(90)) {
        if (connection == Connection::standing) move_some(from, to, prng.below(from.wire.size() + 1));
      } else if (connection == Connection::standing) {
        a.wire.clear();
        b.wire.clear();
        connection = Connection::broken;
      } else {
        reconnect(a, b);
        reconnect(b, a);
        connection = Connection::standing;
      }
      if (HasFatalFailure()) FAIL() << "seed " << seed << " step " << step;
    }
    reconnect(a, b);
    reconnect(b, a);
    move_some(a, b, a.wire.size());
    move_some(b, a, b.wire.size());
    EXPECT_EQ(a.applied, b.sent) << "seed " << seed;
    EXPECT_EQ(b.applied, a.sent) << "seed " << seed;
    EXPECT_GT(a.applied + b.applied, 100U);
  }
}

}  // namespace
}  // namespace holdfast::cluster
