// SPDX-License-Identifier: Apache-2.0
// The flight recorder, and how it is asked.
#include "node/flight.hpp"
#include "node/node.hpp"
#include "node/small_world_test.hpp"

#include <sstream>

namespace holdfast::node {
namespace {

using namespace std::chrono_literals;
constexpr NodeId n1{1}, n2{2}, n3{3};

wire::Lock lock_call(std::uint64_t request, Mode mode, std::string_view name) {
  return {.request = RequestId{request}, .mode = mode, .resource = name};
}

TEST(Flight, remembers_the_latest_and_forgets_the_oldest) {
  Flight flight(3);
  for (std::uint64_t i = 1; i <= 5; ++i) {
    FlightEvent& event = flight.next();
    event.key_hash = i;
  }
  std::vector<std::uint64_t> seen;
  flight.for_each([&](const FlightEvent& event) { seen.push_back(event.key_hash); });
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{3, 4, 5}));
}

TEST(Flight, of_a_long_key_the_start_is_kept) {
  FlightEvent event;
  event.set_key(std::string(FlightEvent::key_bytes_max, 'x'));
  EXPECT_FALSE(event.is_cut());
  event.set_key(std::string(300, 'y'));
  EXPECT_TRUE(event.is_cut());
  EXPECT_EQ(event.key(), std::string(FlightEvent::key_bytes_max, 'y'));
}

TEST(History, is_told_by_the_node_that_was_master_to_any_other) {
  SmallWorld world(3);
  const ClientConn a = world.connect(n1), b = world.connect(n2), c = world.connect(n3);
  world.call(a, lock_call(1, Mode::PR, "x"));
  const auto held = world.last<wire::Granted>(a);
  world.call(b, lock_call(1, Mode::EX, "x"));
  world.call(a, wire::Unlock{.request = RequestId{2}, .lock = held.lock, .value = {}});
  world.call(a, lock_call(3, Mode::EX, "y"));
  (void)world.told(c);
  world.call(c, wire::HistoryQuery{.request = RequestId{9}, .lockspace = "default", .resource = "x"});
  std::istringstream told(world.told(c));
  std::vector<std::string> seen;
  for (std::string line; std::getline(told, line);)
    if (line.starts_with("HistoryRow{")) seen.push_back(line.substr(line.find("what="), line.find(" mode=") - line.find("what=")));
  EXPECT_EQ(seen, (std::vector<std::string>{"what=0", "what=5", "what=6", "what=9", "what=10", "what=5"}));
  EXPECT_EQ(world.last<wire::HistoryRow>(c).at, n1);
  EXPECT_EQ(world.last<wire::QueryEnd>(c).status, Errc::ok);
}

TEST(History, is_not_complete_if_a_node_is_silent) {
  SmallWorld world(2);
  const ClientConn a = world.connect(n1);
  world.silence(n2);
  world.call(a, wire::HistoryQuery{.request = RequestId{9}, .lockspace = "default", .resource = {}});
  world.advance(limits::query_wait_max + 1ms);
  EXPECT_EQ(world.last<wire::QueryEnd>(a).status, Errc::recovering);
}

}  // namespace
}  // namespace holdfast::node
