// SPDX-License-Identifier: Apache-2.0
#include "cli/run_channel.hpp"

#include <gtest/gtest.h>

#include <poll.h>

namespace holdfast::cli {
namespace {

// As the wrapper reads: again whenever the socket says that there is something.
Channel::Got next(const Channel& channel, News& news) {
  Fd passed;
  auto got = Channel::Got::nothing;
  while (got == Channel::Got::nothing) {
    pollfd readable{.fd = channel.fd(), .events = POLLIN, .revents = 0};
    ::poll(&readable, 1, -1);
    got = channel.receive(news, passed);
  }
  return got;
}

TEST(RunChannel, the_last_news_arrive_although_an_order_was_never_read) {
  auto [wrapper, guard] = Channel::make();
  ASSERT_TRUE(wrapper.send(Order{.signal = 18}));
  ASSERT_TRUE(guard.send(News{.kind = NewsKind::finished, .number = 5}));
  guard = Channel();

  News news;
  ASSERT_EQ(next(wrapper, news), Channel::Got::message);
  EXPECT_EQ(news.kind, NewsKind::finished);
  EXPECT_EQ(news.number, 5);
  EXPECT_EQ(next(wrapper, news), Channel::Got::closed);
}

TEST(RunChannel, an_order_of_a_wrapper_that_is_gone_still_arrives) {
  auto [wrapper, guard] = Channel::make();
  ASSERT_TRUE(wrapper.send(Order{.signal = 15}));
  wrapper = Channel();

  Order order;
  ASSERT_EQ(guard.receive(order), Channel::Got::message);
  EXPECT_EQ(order.signal, 15);
  EXPECT_EQ(guard.receive(order), Channel::Got::closed);
  EXPECT_FALSE(guard.send(News{.kind = NewsKind::stopped}));
}

}  // namespace
}  // namespace holdfast::cli
