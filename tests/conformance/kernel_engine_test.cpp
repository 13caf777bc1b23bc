// SPDX-License-Identifier: Apache-2.0
// The engine against recordings of the real Linux DLM on one node: every error, completion, notice,
// queue and value after every operation. Only the named rules of kernel/README.md may differ.
#include "transcript.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace holdfast::conformance {
namespace {

std::vector<std::string> transcripts(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator("tests/conformance/kernel/" + folder))
    paths.push_back(entry.path().string());
  std::ranges::sort(paths);
  return paths;
}

class KernelRecording : public testing::TestWithParam<std::string> {};

TEST_P(KernelRecording, is_what_the_engine_does_too) {
  const Replay result = replay(GetParam());
  EXPECT_GT(result.operations, 0);
  for (const std::string& difference : result.differences) ADD_FAILURE() << difference;
}

const auto by_name = [](const testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
};
INSTANTIATE_TEST_SUITE_P(random, KernelRecording, testing::ValuesIn(transcripts("random")),
                         by_name);
INSTANTIATE_TEST_SUITE_P(directed, KernelRecording, testing::ValuesIn(transcripts("directed")),
                         by_name);

TEST(KernelRecordings, are_all_there) {
  EXPECT_EQ(transcripts("random").size(), 24U);
  EXPECT_GE(transcripts("directed").size(), 25U);
}

}  // namespace
}  // namespace holdfast::conformance
