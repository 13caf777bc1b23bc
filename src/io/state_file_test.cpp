// SPDX-License-Identifier: Apache-2.0
#include "io/state_file.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "io/temporary_dir_test.hpp"

namespace holdfast::io {
namespace {

const StateFile::Content some{.epoch = Epoch{17},
                              .incarnation = Incarnation{1'700'000'000'000'000'000},
                              .lease = std::chrono::milliseconds(3000),
                              .boot = 5,
                              .ending = Ending::clean,
                              .peers = {{.node = NodeId{3}, .incarnation = Incarnation{9}, .votes = 2}},
                              .promised = std::string("any\0bytes\xff\n", 11)};

TEST(StateFile, what_was_saved_is_there_in_the_next_life) {
  const TemporaryDir dir;
  {
    auto state = StateFile::open(dir / "a/b", NodeId{2});
    ASSERT_TRUE(state) << state.error().text();
    EXPECT_EQ(state->content(), StateFile::Content{});
    ASSERT_TRUE(state->save({.epoch = Epoch{3}, .incarnation = Incarnation{4}}));
    ASSERT_TRUE(state->save(some));
  }
  const auto again = StateFile::open(dir / "a/b", NodeId{2});
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->content(), some);
}

TEST(StateFile, belongs_to_one_daemon_at_a_time) {
  const TemporaryDir dir;
  const auto first = StateFile::open(dir.path(), NodeId{1});
  ASSERT_TRUE(first);
  const auto second = StateFile::open(dir.path(), NodeId{1});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().detail, dir.path().string() + " is used by another holdfastd");
}

TEST(StateFile, of_another_node_is_refused) {
  const TemporaryDir dir;
  {
    auto state = StateFile::open(dir.path(), NodeId{1});
    ASSERT_TRUE(state && state->save(some));
  }
  const auto other = StateFile::open(dir.path(), NodeId{2});
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().detail.find("belongs to node 1, this is node 2"), std::string::npos);
}

TEST(StateFile, that_cannot_be_understood_is_refused_not_guessed) {
  for (const char* text : {"garbage", "holdfast-state 2\nnode 1\nepoch 1\nincarnation 1\nlease_ms 1\nboot 1\nending 0\n",
                           "holdfast-state 1\nnode 1\nepoch 1\n", "holdfast-state 1\nnode 1\nepoch x\nincarnation 1\nlease_ms 1\nboot 1\nending 0\n",
                           "holdfast-state 1\nnode 1\nepoch 1\nincarnation 1\nlease_ms 1\nboot 1\nending 0\nmore 1\n",
                           "holdfast-state 1\nnode 1\nepoch 1\nincarnation 1\nlease_ms 1\nboot 1\nending 0\npeer 2 5\n",
                           "holdfast-state 1\nnode 1\nepoch 1\nincarnation 1\nlease_ms 1\nboot 1\nending 0\npeer 0 5 1\n",
                           "holdfast-state 1\nnode 1\nepoch 1\nincarnation 1\nlease_ms 1\nboot 1\nending 0\npromised \n",
                           "holdfast-state 1\nnode 1\nepoch 1\nincarnation 1\nlease_ms 1\nboot 1\nending 0\npromised 0a1\n",
                           "holdfast-state 1\nnode 1\nepoch 1\nincarnation 1\nlease_ms 1\nboot 1\nending 0\npromised 0x\n",
                           "holdfast-state 1\nnode 1\nepoch 99999999999999999999\nincarnation 1\nlease_ms 1\nboot 1\nending 0\n"}) {
    const TemporaryDir dir;
    std::ofstream(dir / "state") << text;
    const auto state = StateFile::open(dir.path(), NodeId{1});
    ASSERT_FALSE(state) << text;
    EXPECT_EQ(state.error().code, Errc::cannot_read);
  }
}

TEST(StateFile, a_write_that_was_cut_short_leaves_the_old_one) {
  const TemporaryDir dir;
  {
    auto state = StateFile::open(dir.path(), NodeId{1});
    ASSERT_TRUE(state && state->save(some));
  }
  std::ofstream(dir / "state.new") << "holdfast-sta";
  const auto state = StateFile::open(dir.path(), NodeId{1});
  ASSERT_TRUE(state);
  EXPECT_EQ(state->content(), some);
}

TEST(StateFile, knows_how_long_the_last_life_may_still_be_relied_on) {
  const TemporaryDir dir;
  auto state = StateFile::open(dir.path(), NodeId{1});
  ASSERT_TRUE(state);
  EXPECT_EQ(state->lease_left().count(), 0);
  StateFile::Content content = some;
  content.boot = this_boot();
  content.ending = Ending::unknown;
  ASSERT_TRUE(state->save(content));
  EXPECT_EQ(state->lease_left().count(), 3000);
  content.ending = Ending::clean;
  ASSERT_TRUE(state->save(content));
  EXPECT_EQ(state->lease_left().count(), 0);
  content = some;
  content.ending = Ending::unknown;  // but in an earlier boot
  ASSERT_TRUE(state->save(content));
  EXPECT_EQ(state->lease_left().count(), 0);
}

TEST(StateFile, a_directory_that_cannot_be_made_is_named) {
  const auto state = StateFile::open("/proc/holdfast", NodeId{1});
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Errc::cannot_write);
  EXPECT_TRUE(state.error().detail.starts_with("/proc/holdfast: ")) << state.error().detail;
}

}  // namespace
}  // namespace holdfast::io
