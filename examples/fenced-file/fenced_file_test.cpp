// SPDX-License-Identifier: Apache-2.0
// The fence as tables of what is offered in which order, and the file over crashes and damage.
#include "fenced_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace fenced_file {
namespace {

using holdfast::Errc;
using holdfast::Mode;
using holdfast::Token;
using testing::HasSubstr;

Token token(std::uint64_t counter, std::uint64_t epoch = 1) {
  return {.epoch = holdfast::Epoch{epoch}, .counter = counter};
}

// "EX5 CW7" is offered from left to right: "+" accepted and new, "=" accepted and known, "x" refused.
std::string offer_all(const std::string& story) {
  Fence fence;
  std::istringstream words(story);
  std::string verdicts;
  for (std::string word; words >> word;) {
    const auto mode = holdfast::parse_mode(word.substr(0, 2));
    switch (fence.offer(mode.value(), token(std::stoull(word.substr(2))))) {
      case Verdict::newer: verdicts += '+'; break;
      case Verdict::known: verdicts += '='; break;
      case Verdict::stale: verdicts += 'x'; break;
    }
  }
  return verdicts;
}

struct Row {
  const char* offered;
  const char* verdicts;
};

TEST(Fence, accepts_and_refuses_as_the_table_says) {
  constexpr Row table[] = {
      // The same holder again and again, and whoever comes after it.
      {"EX5 EX5 EX6 EX6 EX5", "+=+=x"},
      {"PW5 PW7 PW6", "++x"},
      // Two CW holders at once, in any order; not the EX holder from before them.
      {"CW5 CW7 CW5 CW7", "++=="},
      {"EX4 CW7 CW5 EX4", "++=x"},
      {"CW7 EX6", "+x"},
      // The smaller CW token is accepted, but there is nothing to remember of it, nor is the larger one forgotten.
      {"CW7 CW5 EX6", "+=x"},
      // An EX holder in between ends both.
      {"CW5 CW7 EX8 CW5 CW7 CW9", "+++xx+"},
      // A down-conversion keeps its token, an up-conversion has a larger one.
      {"EX5 CW5 PR5 EX5", "+++="},
      {"PR5 EX8 PR5 PR9", "++x+"},
      // Readers keep writers of the past away, and other readers not.
      {"PR7 EX6 PW6 CW6 PR6", "+xxx="},
      // PW goes with CR alone, CR with everything but EX.
      {"PW7 CR5 PR6 CW6 EX6", "++xxx"},
      {"CR7 PW5 CW5 PR4 EX6", "+++xx"},
      {"EX7 CR6 NL6", "+x+"},
  };
  for (const Row& row : table) EXPECT_EQ(offer_all(row.offered), row.verdicts) << row.offered;
}

// The law behind the table: of two holders whose modes conflict, the one with the smaller token is refused once the
// larger one was there, and only then.
TEST(Fence, refuses_exactly_what_conflicts_with_a_larger_token) {
  for (const Mode first : holdfast::all_modes)
    for (const Mode second : holdfast::all_modes)
      for (const std::uint64_t counter : {4U, 5U, 6U}) {
        Fence fence;
        fence.offer(first, token(5));
        const bool refused = fence.offer(second, token(counter)) == Verdict::stale;
        EXPECT_EQ(refused, counter < 5 && !holdfast::compatible(first, second))
            << name_of(first) << "5 " << name_of(second) << counter;
      }
}

TEST(Fence, the_epoch_counts_before_the_counter) {
  Fence fence;
  EXPECT_EQ(fence.offer(Mode::EX, token(9, 1)), Verdict::newer);
  EXPECT_EQ(fence.offer(Mode::EX, token(1, 2)), Verdict::newer);
  EXPECT_EQ(fence.offer(Mode::EX, token(10, 1)), Verdict::stale);
}

TEST(Fence, survives_its_own_text) {
  Fence fence;
  fence.offer(Mode::CW, token(5));
  fence.offer(Mode::EX, token(42, 7));
  const std::string text = to_text(fence);
  EXPECT_EQ(text,
            "CW 00000000000000010000000000000005\n"
            "EX 0000000000000007000000000000002a\n");
  ASSERT_TRUE(fence_of(text).has_value());
  EXPECT_EQ(to_text(*fence_of(text)), text);
  EXPECT_TRUE(fence_of("").has_value());
}

TEST(Fence, damaged_text_is_none) {
  const std::string good = "EX 0000000000000007000000000000002a\n";
  for (std::size_t length = 1; length < good.size(); ++length)
    EXPECT_FALSE(fence_of(good.substr(0, length)).has_value()) << length;
  const std::vector<std::string> damaged{"\n", "XX" + good.substr(2), good + good, "EX -" + good.substr(4),
                                         "EX 00000000000000000000000000000005\n", "EX  " + good.substr(4), good + "EX"};
  for (const std::string& bad : damaged)
    EXPECT_FALSE(fence_of(bad).has_value()) << bad;
}

class File : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "hf-fence-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  [[nodiscard]] std::string path() const { return directory_ + "/data"; }
  [[nodiscard]] std::string content() const {
    std::ifstream file(path());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string directory_;
};

TEST_F(File, takes_what_is_newer_and_refuses_what_is_stale) {
  auto file = FencedFile::open(path());
  ASSERT_TRUE(file.has_value());
  EXPECT_TRUE(file->append({Mode::EX, token(5)}, "a\n").has_value());
  EXPECT_TRUE(file->append({Mode::CW, token(7)}, "b\n").has_value());
  EXPECT_TRUE(file->append({Mode::CW, token(6)}, "c\n").has_value());
  const auto refused = file->append({Mode::EX, token(5)}, "d\n");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::lost);
  EXPECT_THAT(refused.error().text(), HasSubstr("05 (EX): it has accepted 00000000000000010000000000000007 (CW)"));
  EXPECT_EQ(content(), "a\nb\nc\n");
}

TEST_F(File, a_reader_keeps_writers_of_the_past_away) {
  auto file = FencedFile::open(path());
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE(file->append({Mode::EX, token(5)}, "a\n").has_value());
  const auto read = file->read({Mode::PR, token(8)});
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, "a\n");
  EXPECT_FALSE(file->append({Mode::EX, token(5)}, "b\n").has_value());
  EXPECT_EQ(content(), "a\n");
}

TEST_F(File, modes_that_permit_no_writing_write_nothing) {
  auto file = FencedFile::open(path());
  ASSERT_TRUE(file.has_value());
  for (const Mode mode : {Mode::NL, Mode::CR, Mode::PR})
    EXPECT_EQ(file->append({mode, token(5)}, "a\n").error().code, Errc::bad_mode);
  EXPECT_EQ(file->read({Mode::NL, token(5)}).error().code, Errc::bad_mode);
  EXPECT_EQ(content(), "");
}

TEST_F(File, another_process_finds_the_fence) {
  ASSERT_TRUE(FencedFile::open(path())->append({Mode::EX, token(5)}, "a\n").has_value());
  EXPECT_FALSE(FencedFile::open(path())->append({Mode::EX, token(4)}, "b\n").has_value());
  // What a crash left half written beside it counts for nothing.
  std::ofstream(path() + ".fence.new") << "EX 0000";
  EXPECT_FALSE(FencedFile::open(path())->append({Mode::EX, token(4)}, "b\n").has_value());
  EXPECT_TRUE(FencedFile::open(path())->append({Mode::EX, token(6)}, "b\n").has_value());
}

TEST_F(File, a_damaged_fence_lets_nobody_in) {
  ASSERT_TRUE(FencedFile::open(path())->append({Mode::EX, token(5)}, "a\n").has_value());
  std::ofstream(path() + ".fence") << "EX 0000";
  EXPECT_EQ(FencedFile::open(path())->append({Mode::EX, token(9)}, "b\n").error().code, Errc::cannot_read);
  EXPECT_EQ(content(), "a\n");
}

// Writes lines with ever larger tokens until it is killed.
[[noreturn]] void write_for_ever(const std::string& path) {
  auto file = FencedFile::open(path);
  for (std::uint64_t counter = 1;; ++counter)
    if (!file->append({Mode::EX, token(counter)}, std::to_string(counter) + "\n")) ::_exit(1);
}

TEST_F(File, a_writer_killed_at_any_moment_leaves_a_fence_that_refuses_all_before_its_last_line) {
  for (int round = 0; round < 10; ++round) {
    std::filesystem::remove(path());
    std::filesystem::remove(path() + ".fence");
    const pid_t writer = ::fork();
    ASSERT_GE(writer, 0);
    if (writer == 0) write_for_ever(path());
    // Each round another moment, counted in lines that arrived.
    while (std::ranges::count(content(), '\n') < round * 3 + 1) ::usleep(100);
    ::kill(writer, SIGKILL);
    ::waitpid(writer, nullptr, 0);
    const auto lines = static_cast<std::uint64_t>(std::ranges::count(content(), '\n'));
    auto file = FencedFile::open(path());
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(file->append({Mode::EX, token(lines - 1)}, "late\n").error().code, Errc::lost);
    EXPECT_TRUE(file->append({Mode::EX, token(lines + 2)}, "next\n").has_value());
  }
}

}  // namespace
}  // namespace fenced_file
