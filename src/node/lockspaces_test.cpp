// SPDX-License-Identifier: Apache-2.0
// Joining and leaving lockspaces: counts, who may, what becomes of locks, and what other nodes hear of it.
#include "node/small_world_test.hpp"

namespace holdfast::node {
namespace {

using wire::LockspaceRow;

struct LockspacesTest : testing::Test {
  SmallWorld world{3, {}, [](NodeConfig& config) { config.operator_uid = 5; }};
  std::uint64_t requests = 0;
  ClientConn root = world.connect(NodeId{1}, owner(0));
  ClientConn far = world.connect(NodeId{2}, owner(0));

  static Owner owner(std::uint32_t uid, std::vector<std::uint32_t> groups = {}) {
    if (groups.empty()) groups.push_back(uid);
    return {.pid = 100 + uid, .uid = uid, .groups = std::move(groups), .user = "tester", .command = "test", .label = {}};
  }
  Errc open(ClientConn conn, LockspaceUse use, std::uint32_t mode = 0600) {
    world.told(conn);
    world.call(conn, wire::OpenLockspace{.request = RequestId{++requests}, .use = use, .mode = mode, .lockspace = "x"});
    return world.told(conn).starts_with("LockspaceOpened") ? Errc::ok : world.last<wire::Done>(conn).status;
  }
  Errc leave(ClientConn conn, LeaveHow how = LeaveHow::if_unused) {
    world.call(conn, wire::LeaveLockspace{.request = RequestId{++requests}, .how = how, .lockspace = "x"});
    return world.last<wire::Done>(conn).status;
  }
  // Takes EX of "r" in the lockspace that was opened last.
  void lock(ClientConn conn, FlagSet flags = {}) {
    const auto lockspace = world.last<wire::LockspaceOpened>(conn).lockspace;
    world.call(conn, wire::Lock{.request = RequestId{++requests}, .lockspace = lockspace, .mode = Mode::EX,
                                .flags = flags, .resource = "r"});
  }
  // "joins members since changes +joined -left !failed"; empty: no such row.
  std::string row(ClientConn conn) {
    world.told(conn);
    world.call(conn, wire::ListLockspaces{.request = RequestId{++requests}});
    if (!world.told(conn).starts_with("LockspaceRow")) return "";
    const auto row = world.last<LockspaceRow>(conn);
    std::string text = std::to_string(row.joins) + " [";
    for (std::size_t i = 0; i < row.members.size(); ++i)
      text += std::to_string(row.members[i].value()) + "@" + std::to_string(row.since[i]) + " ";
    return text + "] " + std::to_string(row.change) + " +" + std::to_string(row.joined) + " -" +
           std::to_string(row.left) + " !" + std::to_string(row.failed);
  }
};

TEST_F(LockspacesTest, exist_at_a_node_from_its_first_join_to_its_last_leave) {
  EXPECT_EQ(open(root, LockspaceUse::existing), Errc::no_such_lockspace);
  EXPECT_EQ(open(root, LockspaceUse::any), Errc::ok);
  EXPECT_EQ(leave(root), Errc::no_such_lockspace);
  EXPECT_EQ(open(root, LockspaceUse::join_new), Errc::ok);
  EXPECT_EQ(open(root, LockspaceUse::join_new), Errc::lockspace_exists);
  EXPECT_EQ(open(root, LockspaceUse::join), Errc::ok);
  EXPECT_EQ(open(far, LockspaceUse::existing), Errc::no_such_lockspace) << "every node joins for itself";
  EXPECT_EQ(leave(root), Errc::ok);
  EXPECT_EQ(open(root, LockspaceUse::existing), Errc::ok);
  EXPECT_EQ(leave(root), Errc::ok);
  EXPECT_EQ(open(root, LockspaceUse::existing), Errc::no_such_lockspace);
}

TEST_F(LockspacesTest, are_left_only_by_force_while_somebody_has_locks_there) {
  const ClientConn user = world.connect(NodeId{1}, owner(0));
  EXPECT_EQ(open(root, LockspaceUse::join), Errc::ok);
  EXPECT_EQ(open(user, LockspaceUse::existing), Errc::ok);
  lock(user);
  EXPECT_EQ(leave(root), Errc::lockspace_in_use);
  EXPECT_EQ(open(root, LockspaceUse::join), Errc::ok);
  EXPECT_EQ(leave(root), Errc::ok) << "not the last leave";
  world.told(user);
  EXPECT_EQ(leave(root, LeaveHow::force), Errc::ok);
  EXPECT_NE(world.told(user).find("Ended{status=no_such_lockspace"), std::string::npos);
  open(far, LockspaceUse::any);
  lock(far);
  EXPECT_EQ(world.last<wire::Granted>(far).mode, Mode::EX);
}

TEST_F(LockspacesTest, count_orphans_as_locks_and_take_them_along_by_force) {
  const ClientConn user = world.connect(NodeId{1}, owner(0));
  EXPECT_EQ(open(user, LockspaceUse::join), Errc::ok);
  lock(user, {Flag::persistent});
  world.close(user);
  EXPECT_EQ(leave(root), Errc::lockspace_in_use);
  EXPECT_EQ(leave(root, LeaveHow::force), Errc::ok);
  open(far, LockspaceUse::any);
  lock(far, {Flag::noqueue});
  EXPECT_EQ(world.last<wire::Granted>(far).mode, Mode::EX);
}

TEST_F(LockspacesTest, do_not_count_the_locks_of_other_nodes) {
  EXPECT_EQ(open(root, LockspaceUse::join), Errc::ok);
  EXPECT_EQ(open(far, LockspaceUse::join), Errc::ok);
  lock(far);
  EXPECT_EQ(leave(root), Errc::ok);
}

TEST_F(LockspacesTest, close_the_handles_of_those_who_joined_and_of_nobody_else) {
  const ClientConn idle = world.connect(NodeId{1}, owner(0));
  const ClientConn native = world.connect(NodeId{1}, owner(0));
  EXPECT_EQ(open(idle, LockspaceUse::join), Errc::ok);
  EXPECT_EQ(open(native, LockspaceUse::any), Errc::ok);
  EXPECT_EQ(leave(root), Errc::ok);
  lock(idle);
  EXPECT_EQ(world.last<wire::Refused>(idle).status, Errc::no_such_lockspace);
  lock(native);
  EXPECT_EQ(world.last<wire::Granted>(native).mode, Mode::EX);
}

TEST_F(LockspacesTest, are_open_to_whom_owner_and_mode_allow) {
  struct Row {
    std::uint32_t mode;
    std::uint32_t uid;
    std::vector<std::uint32_t> groups;
    Errc expected;
  };
  const Row rows[] = {
      {0600, 7, {7}, Errc::ok},          {0600, 8, {7}, Errc::no_access},   {0660, 8, {9, 7}, Errc::ok},
      {0660, 8, {9}, Errc::no_access},   {0666, 8, {9}, Errc::ok},          {0644, 8, {9}, Errc::no_access},
      {0066, 7, {7}, Errc::no_access},   {0000, 0, {0}, Errc::ok},          {0606, 8, {7}, Errc::no_access},
  };
  for (const Row& row : rows) {
    const ClientConn maker = world.connect(NodeId{1}, owner(7));
    ASSERT_EQ(open(maker, LockspaceUse::join_new, row.mode), Errc::ok);
    const ClientConn other = world.connect(NodeId{1}, owner(row.uid, row.groups));
    for (const LockspaceUse use : {LockspaceUse::existing, LockspaceUse::any})
      EXPECT_EQ(open(other, use), row.expected) << std::oct << row.mode << " for " << row.uid;
    EXPECT_EQ(leave(root), Errc::ok);
  }
}

// What the operator has configured counts from the start, and no join changes it.
TEST_F(LockspacesTest, that_are_configured_are_open_to_whom_the_operator_allows) {
  SmallWorld guarded(1, {}, [](NodeConfig& config) {
    config.policies.push_back({.lockspace = "x", .pinned = {}, .access = LockspaceAccess{.uid = 7, .gid = 20, .mode = 0660}});
  });
  const auto try_open = [&](std::uint32_t uid, std::vector<std::uint32_t> groups, std::string_view name, LockspaceUse use) {
    const ClientConn conn = guarded.connect(NodeId{1}, owner(uid, std::move(groups)));
    guarded.told(conn);
    guarded.call(conn, wire::OpenLockspace{.request = RequestId{++requests}, .use = use, .mode = 0666, .lockspace = name});
    return guarded.told(conn).starts_with("LockspaceOpened") ? Errc::ok : guarded.last<wire::Done>(conn).status;
  };
  EXPECT_EQ(try_open(8, {9}, "x", LockspaceUse::any), Errc::no_access);
  EXPECT_EQ(try_open(8, {9}, "x", LockspaceUse::join), Errc::no_access);
  EXPECT_EQ(try_open(8, {9}, "y", LockspaceUse::any), Errc::ok);
  EXPECT_EQ(try_open(8, {9, 20}, "x", LockspaceUse::any), Errc::ok);
  EXPECT_EQ(try_open(7, {7}, "x", LockspaceUse::join), Errc::ok);
  EXPECT_EQ(try_open(7, {7}, "x", LockspaceUse::join), Errc::ok);
  EXPECT_EQ(try_open(8, {9}, "x", LockspaceUse::existing), Errc::no_access) << "a join of 0666 opens it to nobody";
  EXPECT_EQ(try_open(0, {0}, "x", LockspaceUse::join), Errc::ok);
  EXPECT_EQ(try_open(8, {9}, "x", LockspaceUse::any), Errc::no_access);
}

TEST_F(LockspacesTest, take_locks_away_only_for_the_operator_and_from_their_own_user) {
  const ClientConn first = world.connect(NodeId{1}, owner(7));
  const ClientConn other = world.connect(NodeId{1}, owner(8));
  EXPECT_EQ(open(first, LockspaceUse::join, 0666), Errc::ok);
  EXPECT_EQ(leave(other), Errc::not_permitted) << "it has joined nothing";
  EXPECT_EQ(open(other, LockspaceUse::existing), Errc::ok);
  lock(other);
  EXPECT_EQ(leave(first, LeaveHow::force), Errc::not_permitted) << "other users' locks";
  EXPECT_EQ(leave(root, LeaveHow::force), Errc::ok);
  const ClientConn own = world.connect(NodeId{1}, owner(7));
  EXPECT_EQ(open(first, LockspaceUse::join, 0666), Errc::ok);
  EXPECT_EQ(open(own, LockspaceUse::existing), Errc::ok);
  lock(own);
  EXPECT_EQ(leave(first, LeaveHow::force), Errc::ok) << "its own user's locks it may take away";
}

TEST_F(LockspacesTest, an_operator_who_is_not_root_may_do_all) {
  const ClientConn joiner = world.connect(NodeId{1}, owner(7));
  const ClientConn op = world.connect(NodeId{1}, owner(5));
  EXPECT_EQ(open(joiner, LockspaceUse::join, 0600), Errc::ok);
  EXPECT_EQ(open(op, LockspaceUse::existing), Errc::ok);
  lock(joiner);
  EXPECT_EQ(leave(op, LeaveHow::force), Errc::ok);
}

TEST_F(LockspacesTest, default_is_nobodys_to_close) {
  const ClientConn native = world.connect(NodeId{1}, owner(0));
  const ClientConn stranger = world.connect(NodeId{1}, owner(7));
  world.call(native, wire::Lock{.request = RequestId{++requests}, .mode = Mode::EX, .resource = "r"});
  world.call(stranger, wire::OpenLockspace{.request = RequestId{++requests}, .use = LockspaceUse::join,
                                           .mode = 0600, .lockspace = "default"});
  world.call(stranger, wire::LeaveLockspace{.request = RequestId{++requests}, .how = LeaveHow::force,
                                            .lockspace = "default"});
  EXPECT_EQ(world.last<wire::Done>(stranger).status, Errc::not_permitted);
  const ClientConn other = world.connect(NodeId{1}, owner(8));
  world.call(other, wire::OpenLockspace{.request = RequestId{++requests}, .use = LockspaceUse::existing,
                                        .lockspace = "default"});
  EXPECT_EQ(world.last<wire::LockspaceOpened>(other).lockspace, wire::LockspaceHandle{0});
}

TEST_F(LockspacesTest, of_one_user_are_limited) {
  const auto join = [&](ClientConn conn, const std::string& name) {
    world.told(conn);
    world.call(conn, wire::OpenLockspace{.request = RequestId{++requests}, .use = LockspaceUse::join, .mode = 0600,
                                         .lockspace = name});
    return world.told(conn).starts_with("LockspaceOpened");
  };
  const ClientConn greedy = world.connect(NodeId{1}, owner(7));
  std::uint32_t joined = 0;
  while (joined < 1000 && join(greedy, "greedy" + std::to_string(joined))) ++joined;
  EXPECT_EQ(joined, limits::lockspaces_per_user_max);
  EXPECT_EQ(world.last<wire::Done>(greedy).status, Errc::too_many_lockspaces);
  EXPECT_TRUE(join(root, "x"));
}

TEST_F(LockspacesTest, are_left_and_joined_by_one_session_as_often_as_it_likes) {
  for (std::uint32_t round = 0; round < 2 * limits::lockspaces_max; ++round) {
    ASSERT_EQ(open(root, LockspaceUse::join), Errc::ok) << round;
    ASSERT_EQ(leave(root), Errc::ok);
  }
}

TEST_F(LockspacesTest, with_impossible_names_are_refused_in_few_words) {
  for (const std::size_t bytes : {0U, 65U, 20'000U}) {
    const std::string name(bytes, '\x01');
    world.call(root, wire::LeaveLockspace{.request = RequestId{++requests}, .lockspace = name});
    const auto done = world.last<wire::Done>(root);
    EXPECT_EQ(done.status, bytes == 0 ? Errc::bad_name : Errc::name_too_long);
    EXPECT_LE(done.detail.size(), limits::detail_bytes_max);
  }
}

TEST_F(LockspacesTest, orphans_of_others_are_not_to_be_adopted) {
  const ClientConn user = world.connect(NodeId{1}, owner(0));
  EXPECT_EQ(open(user, LockspaceUse::join, 0666), Errc::ok);
  lock(user, {Flag::persistent});
  world.close(user);
  const ClientConn stranger = world.connect(NodeId{1}, owner(7));
  EXPECT_EQ(open(stranger, LockspaceUse::existing), Errc::ok);
  lock(stranger, {Flag::orphan});
  EXPECT_EQ(world.last<wire::Refused>(stranger).status, Errc::not_permitted);
  EXPECT_EQ(open(root, LockspaceUse::existing), Errc::ok);
  lock(root, {Flag::orphan});
  EXPECT_EQ(world.last<wire::Granted>(root).mode, Mode::EX);
}

TEST_F(LockspacesTest, are_known_to_all_nodes_and_lose_members_with_their_nodes) {
  EXPECT_EQ(row(far), "");
  EXPECT_EQ(open(root, LockspaceUse::join), Errc::ok);
  EXPECT_EQ(row(root), "1 [1@1 ] 1 +1 -0 !0");
  EXPECT_EQ(row(far), "0 [1@1 ] 1 +1 -0 !0");
  EXPECT_EQ(open(far, LockspaceUse::join), Errc::ok);
  EXPECT_EQ(row(far), "1 [1@1 2@1 ] 1 +1 -0 !0") << "a node counts from its own join";
  EXPECT_EQ(row(root), "1 [1@1 2@2 ] 2 +1 -0 !0");
  const ClientConn third = world.connect(NodeId{3}, owner(0));
  EXPECT_EQ(open(third, LockspaceUse::join), Errc::ok);
  EXPECT_EQ(leave(third), Errc::ok);
  EXPECT_EQ(row(root), "1 [1@1 2@2 ] 4 +0 -1 !0");
  world.publish();  // a view without a change: all say again what they said
  EXPECT_EQ(row(root), "1 [1@1 2@2 ] 4 +0 -1 !0");
  world.crash(NodeId{2});
  EXPECT_EQ(row(root), "1 [1@1 ] 5 +0 -1 !1");
  EXPECT_EQ(row(third), "0 [1@1 ] 3 +0 -1 !1") << "it left with its second change";
  EXPECT_EQ(leave(root), Errc::ok);
  EXPECT_EQ(row(third), "");
}

}  // namespace
}  // namespace holdfast::node
