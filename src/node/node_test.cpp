// SPDX-License-Identifier: Apache-2.0
#include "node/node.hpp"

#include <gmock/gmock.h>

#include <array>

#include "node/requester.hpp"
#include "node/small_world_test.hpp"

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;
constexpr NodeId n1{1}, n2{2}, n3{3};

wire::Lock lock_call(std::uint64_t request, Mode mode, std::string_view name, FlagSet flags = {}) {
  return {.request = RequestId{request}, .mode = mode, .flags = flags, .resource = name};
}

TEST(Node, grants_on_a_single_node_without_any_peer_message) {
  SmallWorld world(1);
  const ClientConn a = world.connect(n1);
  world.call(a, lock_call(1, Mode::EX, "x"));
  const auto granted = world.last<wire::Granted>(a);
  EXPECT_EQ(granted.request, RequestId{1});
  EXPECT_EQ(granted.mode, Mode::EX);
  world.call(a, wire::Unlock{.request = RequestId{2}, .lock = granted.lock, .value = {}});
  EXPECT_EQ(world.last<wire::Done>(a).request, RequestId{2});
  EXPECT_TRUE(world.traffic().empty());
}

TEST(Node, a_second_local_request_costs_no_message) {
  SmallWorld world(3);
  const ClientConn a = world.connect(n1);
  world.call(a, lock_call(1, Mode::PR, "x"));
  world.traffic();
  world.call(a, lock_call(2, Mode::PR, "x"));
  EXPECT_TRUE(world.traffic().empty());
  EXPECT_EQ(world.last<wire::Granted>(a).request, RequestId{2});
}

TEST(Node, excludes_across_nodes_and_hands_over) {
  SmallWorld world(3);
  for (int i = 0; i < 20; ++i) {
    const std::string name = "r" + std::to_string(i);
    const ClientConn a = world.connect(n1);
    const ClientConn b = world.connect(n2);
    const ClientConn c = world.connect(n3);
    world.call(a, lock_call(1, Mode::EX, name));
    world.call(b, lock_call(1, Mode::EX, name));
    world.call(c, lock_call(1, Mode::EX, name));
    const auto first = world.last<wire::Granted>(a);
    EXPECT_EQ(world.last<wire::Waiting>(b).blockers.size(), 1U);
    EXPECT_EQ(world.last<wire::NoticeEvent>(a).wanted, Mode::EX);
    world.call(a, wire::Unlock{.request = RequestId{2}, .lock = first.lock, .value = {}});
    const auto second = world.last<wire::Granted>(b);
    EXPECT_GT(second.token, first.token);
    world.close(b);
    EXPECT_GT(world.last<wire::Granted>(c).token, second.token);
    world.close(c);
    world.close(a);
  }
}

TEST(Node, rebuilds_what_lost_its_master_in_the_old_order) {
  SmallWorld world(3);
  const ClientConn k = world.connect(n1);
  const ClientConn b = world.connect(n2);
  const ClientConn c = world.connect(n3);
  const ClientConn d = world.connect(n2);
  world.call(k, lock_call(1, Mode::NL, "jobs"));
  world.call(b, lock_call(1, Mode::EX, "jobs"));
  world.call(c, lock_call(1, Mode::EX, "jobs"));
  world.call(d, lock_call(1, Mode::EX, "jobs"));
  const auto held = world.last<wire::Granted>(b);
  world.crash(n1);
  world.advance(4s);
  world.told(c);
  world.told(d);
  world.call(b, wire::Unlock{.request = RequestId{2}, .lock = held.lock, .value = {}});
  EXPECT_EQ(world.last<wire::Done>(b).status, Errc::ok);
  EXPECT_GT(world.last<wire::Granted>(c).token, held.token);
  EXPECT_EQ(world.told(d), "");
  world.close(c);
  EXPECT_EQ(world.last<wire::Granted>(d).mode, Mode::EX);
}

TEST(Node, locks_of_a_lost_node_stay_for_its_lease) {
  SmallWorld world(3);
  const ClientConn keeper = world.connect(n2);
  const ClientConn holder = world.connect(n1);
  const ClientConn waiter = world.connect(n3);
  world.call(keeper, lock_call(1, Mode::NL, "x"));
  world.call(holder, lock_call(1, Mode::EX, "x"));
  world.call(waiter, lock_call(1, Mode::EX, "x", {Flag::valblk}));
  world.crash(n1);
  world.told(waiter);
  world.advance(1s);
  world.advance(1900ms);
  EXPECT_EQ(world.told(waiter), "");
  world.advance(200ms);
  EXPECT_EQ(world.last<wire::Granted>(waiter).mode, Mode::EX);
}

// The refusal of the first who asked must not leave the place waiting for an answer that nobody will give.
TEST(Node, asks_for_the_next_after_the_first_who_asked_was_refused) {
  SmallWorld world(3);
  std::vector<ClientConn> programs;
  for (int i = 0; i < 12; ++i) {
    const std::string name = "r" + std::to_string(i);
    const ClientConn holder = world.connect(n1);
    const ClientConn other = world.connect(n2);
    world.call(holder, lock_call(1, Mode::EX, name));
    programs.push_back(other);
  }
  world.crash(n1);
  for (std::size_t i = 0; i < programs.size(); ++i)
    world.call(programs[i], lock_call(1, Mode::EX, "r" + std::to_string(i), {Flag::noqueue}));
  for (std::size_t i = 0; i < programs.size(); ++i)
    world.call(programs[i], lock_call(2, Mode::EX, "r" + std::to_string(i)));
  world.advance(4s);
  for (const ClientConn program : programs) {
    EXPECT_EQ(world.last<wire::Refused>(program).status, Errc::recovering);
    EXPECT_EQ(world.last<wire::Granted>(program).request, RequestId{2});
  }
}

TEST(Node, answers_a_query_from_any_node) {
  SmallWorld world(3);
  const ClientConn a = world.connect(n1, {.pid = 7, .user = "ann", .command = "backup", .label = {}});
  const ClientConn b = world.connect(n2);
  const ClientConn c = world.connect(n3);
  world.call(a, lock_call(1, Mode::EX, "backup"));
  world.call(b, lock_call(1, Mode::PR, "backup"));
  world.call(c, wire::Query{.request = RequestId{9}, .lockspace_pattern = "*", .name_pattern = "b*", .after_key = {}});
  const std::string told = world.told(c);
  EXPECT_NE(told.find("user=\"ann\""), std::string::npos) << told;
  EXPECT_NE(told.find("standing=2"), std::string::npos) << told;
  EXPECT_EQ(world.last<wire::QueryEnd>(c).status, Errc::ok);
}

TEST(Node, answers_a_query_without_a_node_that_is_silent) {
  SmallWorld world(3);
  const ClientConn a = world.connect(n1);
  const ClientConn c = world.connect(n2);
  world.call(a, lock_call(1, Mode::EX, "backup"));
  world.silence(n3);
  world.call(c, wire::Query{.request = RequestId{9}, .lockspace_pattern = "*", .name_pattern = "*", .after_key = {}});
  world.advance(2500ms);
  EXPECT_EQ(world.last<wire::QueryEnd>(c).status, Errc::recovering);
  EXPECT_NE(world.told(c).find("backup"), std::string::npos);
}

// The home of some of these names is silent, and so is the master of others: whoever set a time hears in time.
TEST(Node, a_timed_request_is_answered_in_time_whoever_is_silent) {
  SmallWorld world(3);
  const ClientConn holder = world.connect(n3);
  constexpr std::uint64_t names = 20;
  const auto name = [](std::uint64_t i) { return "r" + std::to_string(i); };
  for (std::uint64_t i = 0; i < names; i += 2) world.call(holder, lock_call(i + 1, Mode::EX, name(i)));
  const ClientConn known = world.connect(n1);
  for (std::uint64_t i = 0; i < names; i += 4) world.call(known, lock_call(i + 1, Mode::NL, name(i)));
  world.silence(n3);
  std::vector<ClientConn> asking;
  for (std::uint64_t i = 0; i < names; ++i) {
    asking.push_back(world.connect(n1));
    const std::string wanted = name(i);
    wire::Lock call = lock_call(1, Mode::EX, wanted);
    call.wait_max = 500ms;
    world.call(asking.back(), call);
  }
  world.advance(500ms + Requester::expiry_answer_max);
  int granted = 0;
  for (const ClientConn conn : asking) {
    const std::string told = world.told(conn);
    const bool refused = told.find("Refused") != std::string::npos;
    if (refused) {
      EXPECT_EQ(world.last<wire::Refused>(conn).status, Errc::timed_out);
    }
    granted += static_cast<int>(told.find("Granted") != std::string::npos);
    EXPECT_TRUE(refused || told.find("Granted") != std::string::npos) << told;
  }
  EXPECT_GT(granted, 0) << "not every home is silent";
  EXPECT_LT(granted, static_cast<int>(names / 2));
  // What was given up holds nothing: when the silent one is gone, all is free.
  for (const ClientConn conn : asking) world.close(conn);
  world.crash(n3);
  world.silence(NodeId{});
  world.advance(8s);
  const ClientConn after = world.connect(n2);
  for (std::uint64_t i = 0; i < names; ++i) {
    world.call(after, lock_call(i + 1, Mode::EX, name(i)));
    EXPECT_EQ(world.last<wire::Granted>(after).request, RequestId{i + 1}) << name(i);
  }
}

TEST(Node, a_foreign_or_ended_lock_id_is_refused) {
  SmallWorld world(1);
  const ClientConn a = world.connect(n1);
  const ClientConn b = world.connect(n1);
  world.call(a, lock_call(1, Mode::EX, "x"));
  const ClaimId lock = world.last<wire::Granted>(a).lock;
  world.call(b, wire::Unlock{.request = RequestId{1}, .lock = lock, .value = {}});
  EXPECT_EQ(world.last<wire::Done>(b).status, Errc::foreign_lock);
  world.call(a, wire::Unlock{.request = RequestId{2}, .lock = lock, .value = {}});
  world.call(a, wire::Unlock{.request = RequestId{3}, .lock = lock, .value = {}});
  EXPECT_EQ(world.last<wire::Done>(a).status, Errc::no_such_lock);
}

TEST(Node, gives_an_unused_resource_up_and_another_node_becomes_master) {
  SmallWorld world(3);
  for (int i = 0; i < 10; ++i) {
    const std::string name = "r" + std::to_string(i);
    const ClientConn a = world.connect(n1);
    const ClientConn b = world.connect(n2);
    world.call(a, lock_call(1, Mode::EX, name));
    const auto first = world.last<wire::Granted>(a);
    world.call(a, wire::Release{.lock = first.lock, .value = {}});
    world.advance(21s);
    world.call(b, lock_call(2, Mode::EX, name));
    EXPECT_GT(world.last<wire::Granted>(b).token, first.token);
    world.traffic();
    world.call(b, lock_call(3, Mode::NL, name));
    EXPECT_TRUE(world.traffic().empty()) << name << ": n2 is not master";
  }
}

// n1 asks a master that it remembers, n3, which has given the resource up long ago and dies before it can say
// so. Meanwhile n2 has become master. What n1 reports belongs to nobody's queue, and must be asked anew.
struct StaleMaster : testing::Test {
  static void keep_places_apart(NodeConfig& config) {
    if (config.node == n1) config.idle_keep = 10min;
    if (config.node == n2) config.idle_keep = 1s;
  }
  StaleMaster() {
    world.call(d, lock_call(1, Mode::CR, "x"));
    world.call(x, lock_call(1, Mode::CR, "x"));
    world.call(x, wire::Unlock{.request = RequestId{2}, .lock = world.last<wire::Granted>(x).lock, .value = {}});
    world.call(d, wire::Unlock{.request = RequestId{2}, .lock = world.last<wire::Granted>(d).lock, .value = {}});
    world.advance(60s);
    world.call(m, lock_call(1, Mode::EX, "x"));
    world.silence(n3);
    world.told(x);
    world.call(x, lock_call(3, Mode::EX, "x"));
    EXPECT_EQ(world.told(x), "");
  }
  void n3_dies() {
    world.crash(n3);
    world.silence(NodeId{});
  }
  void m_unlocks() {
    world.call(m, wire::Unlock{.request = RequestId{2}, .lock = world.last<wire::Granted>(m).lock, .value = {}});
  }
  void expect_granted() {
    world.advance(10s);
    EXPECT_EQ(world.last<wire::Granted>(x).request, RequestId{3});
  }
  SmallWorld world{3, {}, keep_places_apart};
  ClientConn x = world.connect(n1);
  ClientConn m = world.connect(n2);
  ClientConn d = world.connect(n3);
};

TEST_F(StaleMaster, dies_while_the_next_one_serves) {
  n3_dies();
  world.advance(6s);
  m_unlocks();
  expect_granted();
}

TEST_F(StaleMaster, dies_before_the_next_one_gives_up_too) {
  m_unlocks();
  world.advance(1s);
  n3_dies();
  expect_granted();
}

// What is sent on a connection that just came, in answer to these bytes of a hello.
wire::LinkRefuse answer_to_hello(std::span<const std::byte> body, std::string& detail) {
  Node node(NodeConfig{.node = n1, .incarnation = Incarnation{1}});
  const Instant now{std::chrono::seconds(1000)};
  const PeerConn conn{1};
  Effects effects;
  node.step(now, PeerConnected{.conn = conn, .dialed = {}}, effects);
  node.step(now, PeerFrame{.conn = conn, .frame = {.type = static_cast<std::uint16_t>(wire::LinkMessage::hello),
                                                   .body = body, .whole = body}}, effects);
  wire::Frame frame;
  wire::LinkRefuse refuse;
  EXPECT_EQ(wire::cut_frame(effects.peers.to(conn).bytes(), limits::peer_frame_bytes_max, frame), wire::Cut::frame);
  EXPECT_EQ(frame.type, static_cast<std::uint16_t>(wire::LinkMessage::refuse));
  EXPECT_TRUE(wire::decode(frame.body, refuse));
  detail = refuse.detail;
  return refuse;
}

TEST(Node, another_version_of_the_peer_protocol_is_refused_by_its_number_whatever_else_its_hello_says) {
  std::array<std::byte, 64> body{};
  body[0] = std::byte{7};
  std::string detail;
  EXPECT_EQ(answer_to_hello(body, detail).status, Errc::wrong_version) << "a hello of another form";
  EXPECT_EQ(detail, "it speaks version 7 of the peer protocol, this node speaks 1");
  EXPECT_EQ(answer_to_hello(std::span(body).first(4), detail).status, Errc::wrong_version) << "a short one";
  body[0] = std::byte{wire::peer_protocol};
  EXPECT_EQ(answer_to_hello(std::span(body).first(4), detail).status, Errc::bad_message) << "ours, but cut off";
}

// The daemon of a holder is told to end; another program waits for the lock.
struct LeavingHolder : testing::Test {
  LeavingHolder() {
    world.call(holder, lock_call(1, Mode::EX, "x"));
    world.call(waiter, lock_call(1, Mode::EX, "x"));
    world.shut_down(n1);
    EXPECT_THAT(world.told(holder), testing::HasSubstr("Ended"));
    world.told(waiter);
  }
  [[nodiscard]] bool granted() { return world.told(waiter).find("Granted") != std::string::npos; }

  SmallWorld world{3};
  ClientConn holder = world.connect(n1);
  ClientConn waiter = world.connect(n2);
};

TEST_F(LeavingHolder, is_believed_until_its_deadline_if_it_does_not_react) {
  world.close(holder);  // we gave it up, it did not hang up
  world.advance(1s);
  EXPECT_FALSE(granted());
  world.advance(4s);
  EXPECT_TRUE(granted());
}

TEST_F(LeavingHolder, gives_its_lock_back_by_hanging_up) {
  EXPECT_FALSE(granted());
  world.hang_up(holder);
  EXPECT_TRUE(granted()) << "no time has passed";
}

// All daemons are told to end at the same time, and there is nobody who would publish a view.
TEST(Node, that_leaves_does_not_wait_for_an_acknowledgement_of_those_who_leave_too) {
  SmallWorld world(2);
  world.silence(n2);
  world.shut_down(n1);
  EXPECT_FALSE(world.has_left(n1)) << "n2 stays, as far as is known";
  world.shut_down(n2);
  EXPECT_TRUE(world.has_left(n1)) << "n2 leaves, and may have ended before it could acknowledge anything";
}

TEST(Node, that_leaves_does_not_wait_for_an_acknowledgement_of_those_whom_nobody_reaches) {
  SmallWorld world(2);
  world.silence(n2);
  world.shut_down(n1);
  world.cut(n1, n2);
  EXPECT_FALSE(world.has_left(n1)) << "a connection may come back";
  world.advance(400ms);
  EXPECT_TRUE(world.has_left(n1));
}

// Whoever asks may be stopped between the answer and the node: what the device said is as old as the question.
TEST(Node, is_valid_by_a_quorum_device_from_when_it_was_asked) {
  Node node(NodeConfig{.node = n1, .incarnation = Incarnation{1}});
  Effects effects;
  constexpr Instant start{1000s};
  const auto deadline_after = [&](Instant now, const Event& event) {
    effects.clear();
    node.step(now, event, effects);
    node.finish_turn(now, effects);
    return effects.deadline;
  };
  EXPECT_FALSE(deadline_after(start, NewView{{.epoch = Epoch{1}, .members = {{.node = n1, .incarnation = Incarnation{1}, .address = {}}},
                                              .configured_votes = 3, .device_votes = 1}}));
  EXPECT_EQ(deadline_after(start + 1s, DevicePolled{.asked = start + 1s}), start + 1s + limits::lease_default);
  EXPECT_EQ(deadline_after(start + 3s, DevicePolled{.asked = start + 2s}), start + 2s + limits::lease_default);
  EXPECT_FALSE(deadline_after(start + 4s, DevicePolled{.asked = start + 2s}));
}

// A peer that answers a heartbeat which was never sent.
TEST(Node, is_not_valid_for_ever_by_an_answer_to_a_heartbeat_of_no_time) {
  const NodeConfig config{.node = n1, .incarnation = Incarnation{1}};
  Node node(config);
  Effects effects;
  constexpr Instant start{1000s};
  constexpr PeerConn conn{1};
  const View view{.epoch = Epoch{1},
                  .members = {{.node = n1, .incarnation = Incarnation{1}, .address = {}}, {.node = n2, .incarnation = Incarnation{1}, .address = {}}},
                  .configured_votes = 2};
  node.step(start, NewView{view}, effects);
  node.step(start, PeerConnected{.conn = conn, .dialed = {}}, effects);
  const auto hear = [&](const auto& message) {
    wire::Buffer bytes;
    wire::append_frame(bytes, message);
    wire::Frame frame;
    EXPECT_EQ(wire::cut_frame(bytes.bytes(), limits::peer_frame_bytes_max, frame), wire::Cut::frame);
    effects.clear();
    node.step(start, PeerFrame{.conn = conn, .frame = frame}, effects);
    node.finish_turn(start, effects);
    return effects.deadline;
  };
  hear(wire::LinkHello{.cluster = config.cluster, .from = n2, .from_incarnation = Incarnation{1}, .to = n1,
                       .to_incarnation = Incarnation{1}, .received = 0, .epoch = Epoch{1}, .view_digest = view.digest()});
  EXPECT_FALSE(hear(wire::HeartbeatReply{.sent = Duration::min()}));
  EXPECT_EQ(effects.close_peers, std::vector<PeerConn>{conn});
}

}  // namespace
}  // namespace holdfast::node
