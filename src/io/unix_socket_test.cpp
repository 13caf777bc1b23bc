// SPDX-License-Identifier: Apache-2.0
#include "io/unix_socket.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>

#include "io/temporary_dir_test.hpp"

namespace holdfast::io {
namespace {

TEST(LocalListener, makes_its_directory_and_takes_its_file_away) {
  const TemporaryDir dir;
  const auto path = dir / "a/b/holdfast.sock";
  {
    const auto listener = LocalListener::open(path, 0600);
    ASSERT_TRUE(listener) << listener.error().text();
    struct stat facts{};
    ASSERT_EQ(::lstat(path.c_str(), &facts), 0);
    EXPECT_TRUE(S_ISSOCK(facts.st_mode));
    EXPECT_EQ(facts.st_mode & 0777, 0600U);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(LocalListener, a_living_one_is_refused_by_pid) {
  const TemporaryDir dir;
  const auto first = LocalListener::open(dir / "s", 0600);
  ASSERT_TRUE(first);
  const auto second = LocalListener::open(dir / "s", 0600);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().detail, fmt::format("{} is served by a living process (pid {})",
                                               (dir / "s").string(), ::getpid()));
  EXPECT_TRUE(std::filesystem::exists(dir / "s"));
}

TEST(LocalListener, the_socket_of_a_dead_one_is_replaced) {
  const TemporaryDir dir;
  {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    (dir / "s").string().copy(address.sun_path, sizeof address.sun_path - 1);
    const Fd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(dir / "s"));
  EXPECT_TRUE(LocalListener::open(dir / "s", 0600));
}

TEST(LocalListener, what_is_no_socket_is_left_alone) {
  const TemporaryDir dir;
  std::ofstream(dir / "s") << "precious";
  const auto listener = LocalListener::open(dir / "s", 0600);
  ASSERT_FALSE(listener);
  EXPECT_TRUE(std::filesystem::exists(dir / "s"));
}

TEST(LocalListener, a_path_that_is_too_long_is_refused) {
  const auto listener = LocalListener::open("/tmp/" + std::string(200, 'x'), 0600);
  ASSERT_FALSE(listener);
  EXPECT_NE(listener.error().detail.find("1 to 107 are allowed"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::io
