// SPDX-License-Identifier: Apache-2.0
#include "io/deadline_page.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>

namespace holdfast::io {
namespace {

TEST(SharedDeadline, a_reader_sees_each_stamp_of_the_life_it_knows) {
  auto shared = SharedDeadline::create(NodeId{3});
  ASSERT_TRUE(shared) << shared.error().text();
  void* memory = ::mmap(nullptr, shared_page_bytes, PROT_READ, MAP_SHARED, shared->fd(), 0);
  ASSERT_NE(memory, MAP_FAILED);
  const auto& page = *static_cast<const wire::DeadlinePage*>(memory);
  EXPECT_EQ(page.magic, wire::deadline_page_magic);
  EXPECT_EQ(page.node, 3U);
  shared->announce(Incarnation{5});
  EXPECT_EQ(wire::deadline_of(page, Incarnation{5}), 0);
  shared->stamp(Instant(Duration(42)));
  EXPECT_EQ(wire::deadline_of(page, Incarnation{5}), 42);
  EXPECT_EQ(wire::deadline_of(page, Incarnation{4}), 0);
  shared->announce(Incarnation{6});
  EXPECT_EQ(wire::deadline_of(page, Incarnation{6}), 0);
  ::munmap(memory, shared_page_bytes);
}

TEST(SharedDeadline, a_client_can_neither_write_nor_shrink_nor_grow_it) {
  const auto shared = SharedDeadline::create(NodeId{1});
  ASSERT_TRUE(shared);
  EXPECT_EQ(::mmap(nullptr, shared_page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, shared->fd(), 0), MAP_FAILED);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::pwrite(shared->fd(), "x", 1, 0), -1);
  EXPECT_EQ(::ftruncate(shared->fd(), 0), -1);
  EXPECT_EQ(::ftruncate(shared->fd(), 8192), -1);
  EXPECT_EQ(errno, EPERM);
}

}  // namespace
}  // namespace holdfast::io
