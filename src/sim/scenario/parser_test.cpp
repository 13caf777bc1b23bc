// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::sim {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

template <class T>
T parsed(std::string_view line) {
  const auto action = parse_command(line);
  EXPECT_TRUE(action.has_value()) << line;
  const T* what = action ? std::get_if<T>(&*action) : nullptr;
  EXPECT_NE(what, nullptr) << line;
  return what == nullptr ? T{} : *what;
}

std::string refusal(std::string_view line) {
  const auto action = parse_command(line);
  return action ? "accepted" : action.error().detail;
}

TEST(ScenarioParser, reads_a_request_with_everything) {
  const auto request = parsed<Request>(R"(a.2@n3 lock PR orders\x20now noqueue value wait<=250ms)");
  EXPECT_EQ(request.who.text(), "a.2");
  EXPECT_EQ(request.who.node, NodeId{3});
  EXPECT_EQ(request.verb, Verb::lock);
  EXPECT_EQ(request.mode, Mode::PR);
  EXPECT_EQ(request.name, "orders now");
  EXPECT_EQ(request.options.flags, (FlagSet{Flag::noqueue, Flag::valblk}));
  EXPECT_EQ(request.options.wait_max, Duration(250ms));
}

TEST(ScenarioParser, tells_asking_for_a_value_from_writing_and_invalidating_it) {
  EXPECT_EQ(parsed<Request>("a convert PR x value").options.value_use, ValueUse::ask);
  EXPECT_EQ(parsed<Request>("a convert PR x value=text").options.value, "text");
  const auto invalid = parsed<Request>("a unlock x value=invalid");
  EXPECT_EQ(invalid.options.value_use, ValueUse::invalidate);
  EXPECT_EQ(invalid.options.flags, FlagSet{Flag::ivvalblk});
}

TEST(ScenarioParser, reads_world_commands) {
  const auto hold = parsed<Traffic>("hold n1->n2 GrantReply");
  EXPECT_EQ(hold.from, NodeId{1});
  EXPECT_EQ(hold.to, NodeId{2});
  EXPECT_EQ(hold.message, "GrantReply");
  EXPECT_EQ(parsed<Traffic>("release n1->n2").action, TrafficAction::release);
  EXPECT_EQ(parsed<Partition>("partition n1 | n2 n3").groups.size(), 2U);
  EXPECT_EQ(parsed<ClockChange>("clock n2 -5s").by, Duration(-5s));
  EXPECT_EQ(parsed<NodeCommand>("kill daemon n2").action, NodeAction::kill_daemon);
  EXPECT_EQ(parsed<ClientCommand>("kill client a").name, "a");
  EXPECT_EQ(parsed<ViewCommand>("view 7 n1 n3").nodes.size(), 2U);
  EXPECT_EQ(parsed<Move>("move jobs -> n2").to, NodeId{2});
  EXPECT_EQ(parsed<Look>("show tokens jobs").at, LookAt::tokens);
  EXPECT_EQ(parsed<Look>("show tokens").name, "tokens");
}

TEST(ScenarioParser, refuses_with_what_is_allowed) {
  EXPECT_THAT(refusal("a lock XX jobs"), HasSubstr("allowed are NL CR CW PR PW EX"));
  EXPECT_THAT(refusal("a lock PR jobs sometimes"), HasSubstr("noqueue"));
  EXPECT_THAT(refusal("a grab PR jobs"), HasSubstr("lock convert unlock"));
  EXPECT_THAT(refusal("crush n1"), HasSubstr("no verb"));
  EXPECT_THAT(refusal("Crash n1"), HasSubstr("crash"));
  EXPECT_THAT(refusal("hold n1->n2 GrantMe"), HasSubstr("no message"));
  EXPECT_THAT(refusal("hold n1 n2"), HasSubstr("n1->n2"));
  EXPECT_THAT(refusal("crash m1"), HasSubstr("nodes are n1"));
  EXPECT_THAT(refusal("advance 3"), HasSubstr("250ms"));
  EXPECT_THAT(refusal("heal now"), HasSubstr("one word too many"));
  EXPECT_THAT(refusal("a lock PR jobs range=1-2"), HasSubstr("not there yet"));
}

std::string file_refusal(std::string_view text) {
  const auto script = parse_script("f.scenario", text);
  return script ? "accepted" : script.error().detail;
}

TEST(ScenarioParser, names_file_and_line) {
  EXPECT_THAT(file_refusal("a lock PR x\n----\n"),
              HasSubstr("f.scenario:1: a scenario opens with 1 to 5"));
  EXPECT_THAT(file_refusal("# s\n# s\n\na lock PR x\na lock P x\n----\n"),
              HasSubstr("f.scenario:5: 'P' is no mode"));
  EXPECT_THAT(file_refusal("# s\na lock PR x\n"), HasSubstr("no line '----'"));
  EXPECT_THAT(file_refusal("# s\na lock PR x\n\n----\n"), HasSubstr("f.scenario:3"));
  EXPECT_THAT(file_refusal("# s\nrun\n----\n\ncluster nodes=2\n----\n"),
              HasSubstr("first command of the first block"));
}

TEST(ScenarioParser, cuts_a_file_into_blocks) {
  const auto script = parse_script(
      "f", "# s\ncluster nodes=2\n----\nn1 n2 open epoch=1\n\ntogether\nrun\nheal\n----\n");
  ASSERT_TRUE(script.has_value());
  ASSERT_EQ(script->blocks.size(), 2U);
  EXPECT_EQ(script->blocks[0].expected, std::vector<std::string>{"n1 n2 open epoch=1"});
  EXPECT_EQ(script->blocks[1].order, Order::any);
  EXPECT_EQ(script->blocks[1].commands.size(), 2U);
  ASSERT_NE(script->cluster(), nullptr);
  EXPECT_EQ(script->cluster()->nodes, 2U);
}

}  // namespace
}  // namespace holdfast::sim
