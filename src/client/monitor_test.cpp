// SPDX-License-Identifier: Apache-2.0
// Wait conditions out of what a query says, the states of earlier monitors, and the evidence of a look.
#include "holdfast/monitor.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "client/evidence.hpp"

namespace holdfast {
namespace {

using testing::HasSubstr;

LockInfo lock(std::uint32_t node, std::uint64_t id, LockStanding standing, Mode granted, Mode wanted, std::uint64_t token) {
  LockInfo made;
  made.node = NodeId{node};
  made.id = ClaimId{id};
  made.standing = standing;
  made.granted = granted;
  made.wanted = wanted;
  if (token != 0) made.token = {.epoch = Epoch{1}, .counter = token};
  made.owner = {.node = made.node, .owner = OwnerId{node * 10}, .pid = node * 100, .user = "u", .command = "c", .label = ""};
  return made;
}
LockInfo held(std::uint32_t node, std::uint64_t id, Mode mode) {
  return lock(node, id, LockStanding::granted, mode, mode, id);
}
LockInfo waits(std::uint32_t node, std::uint64_t id, Mode mode) {
  return lock(node, id, LockStanding::waiting, Mode::NL, mode, 0);
}
ResourceInfo resource(std::string name, std::vector<LockInfo> locks) {
  ResourceInfo made;
  made.lockspace = "default";
  made.name = std::move(name);
  made.locks = std::move(locks);
  return made;
}
WaitGraph graph(std::vector<ResourceInfo> resources) {
  QueryPage page;
  page.resources = std::move(resources);
  return WaitGraph(std::move(page));
}

TEST(Conditions, are_the_pairs_in_conflict_and_no_other) {
  // The NL holder and the waiter ahead are in nobody's way by what they hold.
  const auto found = conditions_of(graph({resource("a", {held(1, 1, Mode::PR), held(2, 2, Mode::NL), held(3, 3, Mode::PR),
                                                         waits(4, 4, Mode::EX), waits(5, 5, Mode::PR)})}));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].holder.id, ClaimId{1});
  EXPECT_EQ(found[1].holder.id, ClaimId{3});
  for (const WaitCondition& condition : found) {
    EXPECT_EQ(condition.waiter.id, ClaimId{4});
    EXPECT_EQ(condition.trouble, Trouble::lock_up);
  }
  EXPECT_EQ(holders_of(found).size(), 2U);
}

TEST(Conditions, in_a_circle_are_a_deadlock_and_those_that_lead_into_it_are_not) {
  const auto found = conditions_of(graph({resource("a", {held(1, 1, Mode::EX), waits(2, 2, Mode::EX), waits(3, 3, Mode::EX)}),
                                          resource("b", {held(2, 4, Mode::EX), waits(1, 5, Mode::EX)})}));
  ASSERT_EQ(found.size(), 3U);
  for (const WaitCondition& condition : found)
    EXPECT_EQ(condition.trouble, condition.waiter.node == NodeId{3} ? Trouble::lock_up : Trouble::deadlock);
  EXPECT_EQ(holders_of(found).size(), 2U);
}

TEST(States, of_earlier_monitors_are_all_mapped) {
  ASSERT_EQ(std::size(classic_states), 8U);
  for (std::size_t i = 0; i < std::size(classic_states); ++i)
    EXPECT_EQ(static_cast<std::size_t>(classic_states[i].state), i);
  ResourceInfo plain = resource("a", {});
  EXPECT_EQ(classic_state(plain, held(1, 1, Mode::EX)), ClassicState::held);
  EXPECT_EQ(classic_state(plain, waits(1, 1, Mode::EX)), ClassicState::waiting);
  EXPECT_EQ(classic_state(plain, lock(1, 1, LockStanding::converting, Mode::PR, Mode::EX, 1)), ClassicState::held);
  plain.recovering = true;
  EXPECT_EQ(classic_state(plain, held(1, 1, Mode::EX)), ClassicState::pending);
  EXPECT_EQ(name_of(classic_state(Errc::deadlock)), "ABORTED");
  EXPECT_EQ(name_of(classic_state(Errc::forced_out)), "ABORTED");
  EXPECT_EQ(name_of(classic_state(Errc::timed_out)), "EXPIRED");
  EXPECT_EQ(name_of(classic_state(Errc::no_such_lock)), "NOTEXIST");
  EXPECT_EQ(name_of(classic_state(Errc::no_such_resource)), "FREE");
  EXPECT_EQ(name_of(classic_state(Errc::bad_mode)), "ERROR");
}

TEST(Evidence, is_a_new_file_each_time_that_only_its_owner_reads) {
  std::string dir = std::filesystem::temp_directory_path() / "hf-evidence-XXXXXX";
  ASSERT_NE(::mkdtemp(dir.data()), nullptr);
  Look look{.graph = graph({resource("a\"\\\n", {held(1, 1, Mode::EX), waits(2, 2, Mode::EX)})}), .conditions = {}};
  look.conditions = conditions_of(look.graph);
  const std::string text = to_json(look, "because \"it\" hangs");
  EXPECT_THAT(text, HasSubstr(R"("reason":"because \"it\" hangs")"));
  EXPECT_THAT(text, HasSubstr(R"("trouble":"lock-up")"));
  const auto first = client::write_evidence(dir + "/new", text);
  const auto second = client::write_evidence(dir + "/new", text);
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  struct stat facts {};
  ASSERT_EQ(::stat(first->c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  std::ifstream in(*first);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text);
  EXPECT_EQ(client::write_evidence("/proc/none", text).error().code, Errc::cannot_write);
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace holdfast
