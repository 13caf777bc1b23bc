// SPDX-License-Identifier: Apache-2.0
#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace holdfast {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{Errc::bad_argument, std::to_string(number) + " is odd"};
  return number / 2;
}
Result<int> quarter(int number) {
  HF_TRY(const int halved, half(number));
  return half(halved);
}

TEST(Result, holds_a_value_or_an_error) {
  EXPECT_EQ(*half(4), 2);
  const Result<int> failed = half(3);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, Errc::bad_argument);
  EXPECT_EQ(failed.error().text(), "bad_argument: 3 is odd");
}

TEST(Result, a_failure_is_handed_on) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().detail, "3 is odd");
  EXPECT_EQ(quarter(5).error().detail, "5 is odd");
}

TEST(Result, moves_what_cannot_be_copied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 5);
}

TEST(Result, of_nothing_is_success_unless_told_otherwise) {
  EXPECT_TRUE(Result<void>{}.has_value());
  const Result<void> failed = Error{Errc::busy};
  EXPECT_FALSE(static_cast<bool>(failed));
  EXPECT_EQ(failed.error().code, Errc::busy);
}

TEST(ResultDeathTest, asking_for_what_is_not_there_ends_the_process) {
  EXPECT_DEATH(static_cast<void>(half(3).value()), "broken invariant");
  EXPECT_DEATH(static_cast<void>(half(4).error()), "broken invariant");
}

TEST(Error, a_number_from_outside_that_is_no_code_is_a_bad_message) {
  EXPECT_EQ(row_of(static_cast<Errc>(9999)).code, Errc::bad_message);
  for (const ErrcRow& row : errc_table) EXPECT_EQ(row_of(row.code).name, row.name);
}

TEST(Error, without_detail_its_text_is_that_of_the_table) {
  EXPECT_EQ(Error{Errc::busy}.text(), "busy: an operation on this lock is under way");
}

}  // namespace
}  // namespace holdfast
