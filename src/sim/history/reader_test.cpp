// SPDX-License-Identifier: Apache-2.0
#include "sim/history/reader.hpp"

#include "sim/history/model.hpp"
#include "sim/history/writer.hpp"

#include <gmock/gmock.h>

#include <sstream>

namespace holdfast::sim::history {
namespace {

using testing::HasSubstr;

constexpr const char* heading = "{\"history\":1}\n";

Result<History> parsed(const std::string& text) {
  std::istringstream in(text);
  History history;
  if (const auto done = read(in, "h.jsonl", history); !done) return done.error();
  history.sort();
  return history;
}

TEST(HistoryReader, everyKindOfLineComesBackAsItWasWritten) {
  const std::string lines[] = {
      R"({"t":1,"event":"session","client":"a","node":2,"incarnation":7,"owner":3,"epoch":4,"valid_until":90})",
      R"({"t":2,"event":"invoke","client":"a","op":1,"call":"lock","resource":"r","mode":"EX","flags":["noqueue","valblk"],"notices":true})",
      R"({"t":3,"event":"ok","client":"a","op":1,"lock":5,"mode":"EX","token":"00000000000000040000000000000009","value_state":"valid","value":"x","number":2})",
      R"({"t":4,"event":"invoke","client":"a","op":2,"lock":5,"call":"convert","from":"EX","mode":"NL","write":"y"})",
      R"({"t":5,"event":"waiting","client":"a","op":2})",
      R"({"t":6,"event":"fail","client":"a","op":2,"why":"blocked"})",
      R"({"t":6,"event":"unknown","client":"a","op":2,"why":"disconnected"})",
      R"({"t":7,"event":"notice","client":"a","lock":5,"mode":"PR"})",
      R"({"t":8,"event":"lost","client":"a","lock":5,"why":"lease_expired"})",
      R"({"t":9,"event":"lease","client":"a","valid_until":99})",
      R"({"t":10,"event":"end","client":"a","why":"closed"})",
      R"({"t":11,"event":"accepted","client":"a","op":3,"lock":5,"resource":"r","mode":"EX","token":"00000000000000040000000000000009"})",
      R"({"t":12,"event":"fault","what":"node 2","why":"kill"})",
      R"({"t":13,"event":"healed"})",
  };
  std::string text = heading;
  for (const std::string& line : lines) text += line + "\n";
  const auto history = parsed(text);
  ASSERT_TRUE(history) << history.error().text();
  ASSERT_EQ(history->events.size(), std::size(lines));
  for (std::size_t i = 0; i < std::size(lines); ++i) EXPECT_EQ(line_of(*history, history->events[i]), lines[i]);
}

struct Wrong {
  const char* line;
  const char* complaint;
};
class WrongLine : public testing::TestWithParam<Wrong> {};

TEST_P(WrongLine, isNamedWithItsFileAndLine) {
  const auto history = parsed(std::string(heading) + "{\"t\":1,\"event\":\"healed\"}\n" + GetParam().line + "\n");
  ASSERT_FALSE(history);
  EXPECT_THAT(history.error().detail, HasSubstr("h.jsonl:3: "));
  EXPECT_THAT(history.error().detail, HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    HistoryReader, WrongLine,
    testing::Values(
        Wrong{"{\"t\":1,", "no JSON"}, Wrong{"", "no JSON"}, Wrong{"\xff\xfe", "no JSON"},
        Wrong{"[1]", "no JSON object"}, Wrong{"{\"t\":1}", "no \"event\""},
        Wrong{R"({"t":1,"event":"grant"})", "allowed are session invoke"},
        Wrong{R"({"event":"healed"})", "\"t\" is missing"},
        Wrong{R"({"t":1.5,"event":"healed"})", "\"t\" must be nanoseconds"},
        Wrong{R"({"t":1,"event":"lost","client":"a","lock":1})", "\"why\" is missing"},
        Wrong{R"({"t":1,"event":"lost","client":"a","lock":-1,"why":"x"})", "\"lock\" must be a whole number"},
        Wrong{R"({"t":1,"event":"lost","client":7,"lock":1,"why":"x"})", "\"client\" must be a text"},
        Wrong{R"({"t":1,"event":"notice","client":"a","lock":1,"mode":"XX"})", "\"mode\" must be one of"},
        Wrong{R"({"t":1,"event":"healed","token":"x"})", "\"token\" means nothing in a line of \"healed\""},
        Wrong{R"({"t":1,"event":"invoke","client":"a","op":1,"call":"lock","resource":"r","mode":"PR","falgs":[]})",
              "\"falgs\" means nothing"},
        Wrong{R"({"t":1,"event":"invoke","client":"a","op":1,"call":"lock","mode":"PR"})",
              "\"resource\" is missing"},
        Wrong{R"({"t":1,"event":"invoke","client":"a","op":1,"call":"upgrade"})", "\"call\" must be one of"},
        Wrong{R"({"t":1,"event":"invoke","client":"a","op":1,"call":"lock","resource":"r","mode":"PR","flags":["fast"]})",
              "\"fast\", which is no flag"},
        Wrong{R"({"t":1,"event":"accepted","resource":"r","mode":"PR","token":"12"})", "32 hexadecimal digits"},
        Wrong{R"({"t":1,"event":"accepted","resource":"r","mode":"PR","token":"0000000000000004000000000000000G"})",
              "32 hexadecimal digits"}));

TEST(HistoryReader, anotherVersionIsRefused) {
  EXPECT_THAT(parsed("{\"history\":2}\n").error().detail, HasSubstr("h.jsonl:1: history 2 is not known here"));
}

TEST(HistoryReader, aFileWithoutHeadingIsRefused) {
  EXPECT_THAT(parsed("{\"t\":1,\"event\":\"healed\"}\n").error().detail, HasSubstr("h.jsonl:1: the first line"));
  EXPECT_THAT(parsed("").error().detail, HasSubstr("the file is empty"));
}

TEST(HistoryReader, aFileThatCannotBeOpenedIsNamed) {
  const std::string paths[] = {"/nonexistent/h.jsonl"};
  EXPECT_THAT(read_files(paths).error().detail, HasSubstr("/nonexistent/h.jsonl"));
}

// A killed program leaves half a line.
TEST(HistoryReader, aLastLineThatWasNotFinishedIsLeftOut) {
  const auto history = parsed(std::string(heading) + "{\"t\":1,\"event\":\"healed\"}\n{\"t\":2,\"ev");
  ASSERT_TRUE(history) << history.error().text();
  EXPECT_EQ(history->events.size(), 1U);
}

// Whatever single byte is wrong, the answer is a history or a complaint with a place, never a crash.
TEST(HistoryReader, anyByteMayBeWrong) {
  const std::string line =
      R"({"t":3,"event":"ok","client":"a","op":1,"lock":5,"mode":"EX","token":"00000000000000040000000000000009","value_state":"valid","value":"x","number":2})";
  const std::string text = std::string(heading) + line + "\n";
  for (std::size_t i = 0; i < text.size(); ++i)
    for (const char byte : {'\0', '"', '{', '}', '9', '\n', '\xff'}) {
      std::string broken = text;
      broken[i] = byte;
      const auto history = parsed(broken);
      const std::string complaint = history ? "h.jsonl:" : history.error().detail;
      EXPECT_THAT(complaint, HasSubstr("h.jsonl:")) << broken;
    }
}

TEST(HistoryModel, whoSpeaksWithoutASessionIsNamed) {
  const auto history = parsed(std::string(heading) + R"({"t":1,"event":"lease","client":"ghost","valid_until":9})" + "\n");
  ASSERT_TRUE(history);
  const auto model = build(*history);
  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().detail, HasSubstr("h.jsonl:2: \"ghost\""));
}

}  // namespace
}  // namespace holdfast::sim::history
