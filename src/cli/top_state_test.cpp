// SPDX-License-Identifier: Apache-2.0
#include "cli/top_look_test.hpp"
#include "cli/top_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace holdfast::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TopModel busy() {
  TopModel model;
  NodeInfo own{.node = NodeId{1}, .deadline_left = 1500ms, .sessions = 4, .claims = 7, .resources_mastered = 3, .uptime = 61s};
  model.set_nodes({{.node = NodeId{1}, .connected = true, .info = own}, {.node = NodeId{2}, .connected = true, .member_age = 60s}});
  look(model,
       {resource("orders/1", {holds(11, Mode::EX, 40s), waits(21, Mode::PR, 30s)}),
        resource("orders/2", {holds(12, Mode::PR, 20s), waits(13, Mode::EX, 10s), waits(22, Mode::PR, 5s)}, 2)},
       1s);
  return model;
}

std::string text(const std::vector<ScreenLine>& lines) {
  std::string all = "\n";
  for (const ScreenLine& line : lines) all += (line.style == LineStyle::selected ? ">" : "") + line.text + "\n";
  return all;
}

class Screenful : public testing::Test {
 protected:
  std::string draw() { return text(state.draw(model, {.title = "n1 of cluster demo, every 1s"}, size)); }
  void keys(std::string_view characters) {
    for (const char c : characters) state.press({Key::character, c});
  }
  void press(Key key) { state.press({key}); }

  TopModel model = busy();
  TopState state;
  ScreenSize size{16, 100};
};

TEST_F(Screenful, shows_the_longest_waits_first) {
  EXPECT_EQ(draw(), R"(
holdfast top  n1 of cluster demo, every 1s
2 nodes, 2 resources, 2 locks held, 3 waiting, 0.0 changes/s
NODE  PHASE      LEASE LEFT  LOCKS  SESSIONS  MASTERS  DIRECTORY  GIVEN AWAY         UP
n1    open            1.5 s      7         4        3          0           0  1 min 1 s
n2    connected           ?      ?         ?        ?          ?           ?  1 min 0 s

 1 nodes  2 hottest [3 waits] 4 blockers  5 masters    by WAITS falling
WAITS  RESOURCE  MODE  NODE  PID  USER  BEHIND                  COMMAND
> 30 s  orders/1  PR    n2     21  ann   EX of n1 pid 11         job 21
 10 s  orders/2  EX    n1     13  ann   PR of n1 pid 12         job 13
  5 s  orders/2  PR    n2     22  ann   queue: EX of n1 pid 13  job 22




Enter tree   < > r sort   / filter   p pause   h help   q end
)");
}

TEST_F(Screenful, sorts_by_any_column_and_either_way) {
  keys(">");
  EXPECT_THAT(draw(), HasSubstr("by RESOURCE falling"));
  keys("r");
  EXPECT_THAT(draw(), HasSubstr("by RESOURCE rising"));
  keys("<<");
  EXPECT_THAT(draw(), HasSubstr("by COMMAND rising"));
}

TEST_F(Screenful, the_selected_row_stays_selected_wherever_it_goes) {
  (void)draw();
  press(Key::down);
  EXPECT_THAT(draw(), HasSubstr("> 10 s  orders/2  EX"));
  keys("r");
  EXPECT_THAT(draw(), HasSubstr("> 10 s  orders/2  EX"));
  press(Key::end);
  EXPECT_THAT(draw(), HasSubstr("> 30 s  orders/1"));
  press(Key::page_up);
  EXPECT_THAT(draw(), HasSubstr(">  5 s  orders/2"));
}

TEST_F(Screenful, a_filter_keeps_what_has_it_in_any_case) {
  keys("/ORDERS/2");
  EXPECT_THAT(draw(), HasSubstr("show rows with: ORDERS/2_"));
  press(Key::backspace);
  press(Key::backspace);
  keys("/1q");
  press(Key::backspace);
  press(Key::enter);
  EXPECT_FALSE(state.ended()) << "q is a part of the text";
  EXPECT_THAT(draw(), AllOf(HasSubstr("with 'ORDERS/1'"), HasSubstr("orders/1"), Not(HasSubstr("orders/2"))));
  press(Key::escape);
  EXPECT_THAT(draw(), HasSubstr("orders/2"));
  keys("/nowhere");
  EXPECT_THAT(draw(), HasSubstr("none with this text"));
}

TEST_F(Screenful, enter_opens_the_tree_of_the_root) {
  (void)draw();
  press(Key::end);
  (void)draw();
  press(Key::enter);
  EXPECT_THAT(draw(), HasSubstr(R"(>n1  pid 12  ann  job 12
  n1  pid 13  ann  job 13: waits 10 s for EX on orders/2  n1#1310: held in PR (for 20 s)
    n2  pid 22  ann  job 22: waits 5 s for PR on orders/2  n2#2205: behind EX in the queue)"));
  press(Key::down);
  EXPECT_THAT(draw(), HasSubstr("\n>  n1  pid 13"));
  press(Key::escape);
  EXPECT_THAT(draw(), HasSubstr(">  5 s  orders/2")) << "back at the row that was opened";
  press(Key::enter);
  model = TopModel();
  EXPECT_THAT(draw(), HasSubstr("nobody waits for this one any more"));
  press(Key::escape);
  EXPECT_THAT(draw(), HasSubstr("none"));
}

TEST_F(Screenful, has_a_picture_for_each_view) {
  keys("1");
  EXPECT_THAT(draw(), HasSubstr("[1 nodes]"));
  press(Key::tab);
  EXPECT_THAT(draw(), HasSubstr("RESOURCE  HEAT  CHANGES/S  HELD  HOLDERS  WAIT  MASTER"));
  press(Key::tab);
  press(Key::tab);
  EXPECT_THAT(draw(), HasSubstr(">     2         1     10 s  n1     12  ann   PR     orders/2   20 s  job 12"));
  press(Key::tab);
  EXPECT_THAT(draw(), HasSubstr(">n1              1           1      1      1        0.0"));
  press(Key::tab);
  EXPECT_EQ(state.view(), TopView::nodes);
}

TEST_F(Screenful, help_pause_and_the_end_have_their_keys) {
  keys("h");
  EXPECT_THAT(draw(), HasSubstr("Enter        the tree"));
  keys("hp");
  EXPECT_TRUE(state.paused());
  EXPECT_THAT(draw(), HasSubstr("PAUSED"));
  keys("p");
  EXPECT_FALSE(state.paused());
  keys("q");
  EXPECT_TRUE(state.ended());
}

TEST_F(Screenful, fits_into_any_terminal) {
  for (std::size_t lines = 1; lines < 30; ++lines)
    for (const std::size_t columns : {1U, 20U, 300U})
      for (const char view : {'1', '2', '3', '4', '5'}) {
        keys(std::string_view(&view, 1));
        const auto drawn = state.draw(model, {.title = "n1", .warning = "this picture is old"}, {lines, columns});
        ASSERT_EQ(drawn.size(), lines);
        for (const ScreenLine& line : drawn) ASSERT_LE(line.text.size(), columns);
      }
}

TEST(TopTables, tell_programs_numbers_and_null_for_what_is_not_known) {
  const TopModel model = busy();
  const Waits waits(model);
  const auto nodes = to_json(table_of(model, waits, TopView::nodes));
  EXPECT_EQ(nodes[0]["lease_left_ms"], 1500);
  EXPECT_TRUE(nodes[1]["locks"].is_null());
  EXPECT_EQ(to_json(table_of(model, waits, TopView::waits))[0]["pid"], 21);
}

TEST(TopTables, n10_comes_behind_n9) {
  TopModel model;
  model.set_nodes({{.node = NodeId{10}}, {.node = NodeId{9}}});
  TopTable table = table_of(model, Waits(model), TopView::nodes);
  sort(table, usual_order(TopView::nodes));
  EXPECT_EQ(table.rows[0].cells[0].text, "n9");
}

}  // namespace
}  // namespace holdfast::cli
