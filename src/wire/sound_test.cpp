// SPDX-License-Identifier: Apache-2.0
#include "wire/sound.hpp"

#include <gtest/gtest.h>

#include "wire/sample.hpp"

namespace holdfast::wire {
namespace {

const std::string key = make_key({.lockspace = "default", .name = "a"});

TEST(Sound, honest_messages_pass) {
  const Operation through_home{.claim = ClaimId{1}, .number = 1, .asked = Epoch{1}, .key = key};
  EXPECT_EQ(wrong_with(through_home), "");
  EXPECT_EQ(wrong_with(Operation{.claim = ClaimId{1}, .number = 2, .resource = ResourceId{1}}), "");
  EXPECT_EQ(wrong_with(Forward{.origin = NodeId{2}, .mastership = Mastership{1}, .operation = through_home}), "");
  EXPECT_EQ(wrong_with(MasterReply{.mastership = Mastership{1}, .key = key}), "");
  EXPECT_EQ(wrong_with(MasterClaim{.mastership = Mastership{1}, .key = key}), "");
  EXPECT_EQ(wrong_with(RebuildLock{.claim = ClaimId{1}, .key = key}), "");  // the lost master may be unknown
  EXPECT_EQ(wrong_with(RebuildDone{}), "");
  EXPECT_EQ(wrong_with(RemoveReply{.key = key}), "");
}

TEST(Sound, names_the_field_that_is_wrong) {
  const std::string long_value(limits::value_bytes_max + 1, 'v');
  const Operation no_key{.claim = ClaimId{1}, .number = 1, .asked = Epoch{1}, .key = "\xff"};
  EXPECT_EQ(wrong_with(no_key), "key: these bytes are no key");
  EXPECT_EQ(wrong_with(Forward{.mastership = Mastership{1}, .operation = no_key}), "key: these bytes are no key");
  EXPECT_EQ(wrong_with(Operation{.claim = ClaimId{1}, .number = 0}), "number: operations are counted from 1");
  EXPECT_EQ(wrong_with(Operation{.number = 1}), "claim: there is none");
  EXPECT_EQ(wrong_with(Operation{.claim = ClaimId{1}, .number = 1, .value = long_value}),
            "value: it is longer than a value may be");
  EXPECT_EQ(wrong_with(MasterReply{.key = key}), "mastership: there is none");
  EXPECT_EQ(wrong_with(MasterClaim{.key = key}), "mastership: there is none");
  EXPECT_EQ(wrong_with(RebuildValue{.key = ""}), "key: these bytes are no key");
}

}  // namespace
}  // namespace holdfast::wire
