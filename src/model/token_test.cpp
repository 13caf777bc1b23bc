// SPDX-License-Identifier: Apache-2.0
#include "model/token.hpp"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Token, the_epoch_comes_before_the_counter) {
  EXPECT_LT((Token{Epoch{1}, 99}), (Token{Epoch{2}, 1}));
  EXPECT_LT((Token{Epoch{2}, 1}), (Token{Epoch{2}, 2}));
}

TEST(Token, the_order_of_texts_is_the_order_of_tokens) {
  EXPECT_EQ(to_text(Token{Epoch{1}, 0xabc}), "00000000000000010000000000000abc");
  EXPECT_LT(to_text(Token{Epoch{1}, ~0ULL}), to_text(Token{Epoch{2}, 0}));
  EXPECT_LT(to_text(Token{Epoch{9}, 9}), to_text(Token{Epoch{9}, 16}));
}

TEST(Clock, every_tick_is_larger_than_all_before) {
  Clock clock;
  Token last = clock.now();
  for (int i = 0; i < 100; ++i) {
    const Token next = clock.tick();
    EXPECT_LT(last, next);
    last = next;
  }
}

TEST(Clock, what_was_seen_is_never_minted_again) {
  Clock clock;
  clock.merge(Token{Epoch{3}, 500});
  EXPECT_EQ(clock.tick(), (Token{Epoch{3}, 501}));
  clock.merge(Token{Epoch{3}, 7});
  EXPECT_EQ(clock.tick(), (Token{Epoch{3}, 502})) << "an old message must not turn it back";
}

TEST(Clock, a_new_epoch_is_larger_than_every_counter_of_the_old_one) {
  Clock clock;
  clock.merge(Token{Epoch{3}, ~0ULL});
  clock.enter(Epoch{4});
  EXPECT_EQ(clock.tick(), (Token{Epoch{4}, 1}));
  clock.enter(Epoch{2});
  EXPECT_EQ(clock.now(), (Token{Epoch{4}, 1}));
}

}  // namespace
}  // namespace holdfast
