// SPDX-License-Identifier: Apache-2.0
// For every invariant a history that breaks it in the smallest way, and a neighbour that does not. One
// line of a history is written as
//   SECOND PROGRAM WHAT ...      5 a ok 1 lock=11 EX 1.20 value=x#3
// and programs that have no line of "session" are there from second 0, without a deadline.
#include "sim/checkers/report.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace holdfast::sim::checkers {
namespace {

using history::Call;
using history::Event;
using history::History;
using history::Kind;

constexpr Time second = 1'000'000'000;

class Script {
 public:
  History parse(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      words_ = std::istringstream(line);
      double at = 0;
      if (words_ >> at) take(static_cast<Time>(at * 1e9));
    }
    history_.sort();
    return std::move(history_);
  }

 private:
  std::string word() {
    std::string next;
    words_ >> next;
    return next;
  }
  void take(Time at) {
    const std::string who = word();
    Event event{.at = at};
    event.line = ++line_;
    if (who == "healed") {
      event.kind = Kind::healed;
    } else if (who == "fault") {
      event.kind = Kind::fault;
      event.why = history_.text(word());
      event.name = history_.text(word());
    } else {
      event.client = history_.text(who);
      const std::string what = word();
      if (what != "session") greet(who);
      take_what(what, event);
    }
    history_.events.push_back(event);
  }
  void greet(const std::string& who) {
    if (std::ranges::find(known_, who) != known_.end()) return;
    known_.push_back(who);
    Event session{.client = history_.text(who)};
    session.kind = Kind::session;
    session.node = 1;
    history_.events.push_back(session);
  }
  void take_what(const std::string& what, Event& event) {
    if (what == "session") {
      event.kind = Kind::session;
      known_.push_back(history_.text(event.client));
    }
    for (const Call call : {Call::lock, Call::convert, Call::release, Call::adopt, Call::purge})
      if (what == name_of(call)) {
        event.kind = Kind::invoke;
        event.call = call;
        event.op = std::stoull(word());
      }
    for (const Kind kind : {Kind::ok, Kind::fail, Kind::unknown, Kind::cancel, Kind::waiting, Kind::notice, Kind::lost, Kind::lease,
                            Kind::end, Kind::accepted, Kind::refused}) {
      if (what != name_of(kind)) continue;
      event.kind = kind;
      if (kind == Kind::ok || kind == Kind::fail || kind == Kind::unknown || kind == Kind::waiting ||
          kind == Kind::cancel)
        event.op = std::stoull(word());
    }
    for (std::string next = word(); !next.empty(); next = word()) take_word(next, event);
  }
  void take_word(const std::string& text, Event& event) {
    const auto rest_of = [&](const std::string& key) { return text.substr(key.size()); };
    if (const auto mode = parse_mode(text)) {
      event.from = event.mode;
      event.mode = *mode;
    } else if (const auto flag = parse_flag(text)) {
      event.flags.set(*flag);
    } else if (text.starts_with("lock=")) {
      event.lock = std::stoull(rest_of("lock="));
    } else if (text.starts_with("until=")) {
      event.valid_until = std::stoll(rest_of("until=")) * second;
    } else if (text.starts_with("epoch=")) {
      event.epoch = std::stoull(rest_of("epoch="));
    } else if (text.starts_with("write=")) {
      event.writes = true;
      event.value = history_.text(rest_of("write="));
    } else if (text.starts_with("value=") || text.starts_with("doubtful=")) {
      const std::string value = text.substr(text.find('=') + 1);
      event.reads = true;
      event.value_state = text[0] == 'v' ? ValueState::valid : ValueState::doubtful;
      event.value = history_.text(value.substr(0, value.find('#')));
      event.number = std::stoull(value.substr(value.find('#') + 1));
    } else if (text == "notices") {
      event.notices = true;
    } else if (text.find('.') != std::string::npos) {
      const std::size_t dot = text.find('.');
      event.token = {Epoch{std::stoull(text.substr(0, dot))}, std::stoull(text.substr(dot + 1))};
    } else if (text.starts_with("name=")) {
      event.name = history_.text(rest_of("name="));
    } else {
      event.why = history_.text(text);
    }
  }

  History history_;
  std::istringstream words_;
  std::vector<std::string> known_;
  std::uint32_t line_ = 0;
};

// The names of what is broken.
std::string broken(const std::string& text) {
  const History history = Script().parse(text);
  const auto model = history::build(history);
  if (!model) return model.error().text();
  std::string names;
  for (const Verdict& verdict : check_all(*model))
    if (verdict.broken != 0) names += (names.empty() ? "" : " ") + std::string(verdict.name);
  return names;
}

struct Story {
  const char* what;
  const char* broken;
  std::string history;
};
void PrintTo(const Story& story, std::ostream* out) { *out << story.what; }

class Checkers : public testing::TestWithParam<Story> {};

TEST_P(Checkers, findWhatIsBrokenAndNothingElse) {
  EXPECT_EQ(broken(GetParam().history), GetParam().broken) << GetParam().what << "\n" << GetParam().history;
}

// A lock of `who` from `from` on: op and lock id are both `id`.
std::string locked(const char* who, int from, int id, const char* mode, const char* token) {
  return fmt::format("{1} {0} lock {2} {3} name=r\n{1}.5 {0} ok {2} lock={2} {3} {4}\n", who, from, id, mode, token);
}
std::string released(const char* who, int from, int id, const char* more = "") {
  return fmt::format("{1} {0} release 9{2} lock={2} {3}\n{1}.5 {0} ok 9{2}\n", who, from, id, more);
}

const Story i1[] = {
    {"two writers at once", "I1", locked("a", 1, 1, "EX", "1.1") + locked("b", 2, 2, "EX", "1.2")},
    {"one after the other", "", locked("a", 1, 1, "EX", "1.1") + released("a", 2, 1) + locked("b", 3, 2, "EX", "1.2")},
    {"two that may share", "", locked("a", 1, 1, "CW", "1.1") + locked("b", 2, 2, "CW", "1.2")},
    {"one owner excludes himself too", "I1", locked("a", 1, 1, "PR", "1.1") + locked("a", 2, 2, "CW", "1.2")},
    {"granted again before a deadline that nobody told", "I1 I17",
     "0 a session until=9\n" + locked("a", 1, 1, "EX", "1.1") + locked("b", 2, 2, "EX", "1.2")},
    {"granted again after the deadline", "",
     "0 a session until=2\n" + locked("a", 1, 1, "EX", "1.1") + locked("b", 3, 2, "EX", "1.2")},
    {"a deadline that moved ahead meanwhile", "I1 I17",
     "0 a session until=2\n" + locked("a", 1, 1, "EX", "1.1") + "1.7 a lease until=8\n" +
         locked("b", 3, 2, "EX", "1.2")},
    {"told after its own deadline: nobody believes it", "",
     "0 a session until=1\n" + locked("a", 1, 1, "EX", "1.5") + locked("b", 0, 2, "EX", "1.2")},
    {"its program was killed", "",
     locked("a", 1, 1, "EX", "1.1") + "2 a end killed\n" + locked("b", 3, 2, "EX", "1.2")},
    {"its daemon was killed: it believes until its deadline", "I1 I17",
     "0 a session until=9\n" + locked("a", 1, 1, "EX", "1.1") + "2 a end disconnected\n" +
         locked("b", 3, 2, "EX", "1.2")},
    {"a conversion down counts from its call", "",
     locked("a", 1, 1, "EX", "1.1") + "2 a convert 3 EX NL lock=1\n" + locked("b", 3, 2, "EX", "1.2") +
         "4 a ok 3 lock=1 NL 1.1\n"},
    {"a conversion up counts from its answer", "",
     locked("a", 1, 1, "NL", "1.1") + locked("b", 1, 2, "EX", "1.2") + "2 a convert 3 NL EX lock=1\n" +
         released("b", 3, 2) + "4 a ok 3 lock=1 EX 1.3\n"},
    {"between PR and CW only what both allow is sure", "",
     locked("a", 1, 1, "PR", "1.1") + "2 a convert 3 PR CW lock=1\n" + locked("b", 3, 2, "CW", "1.2") +
         "4 a ok 3 lock=1 CW 1.3\n"},
    {"a grant that crossed its release", "",
     "1 a lock 1 EX name=r\n2 a waiting 1 lock=1\n3 a release 91 lock=1 forceunlock\n" +
         locked("b", 3, 2, "EX", "1.2") + "4 a ok 1 lock=1 EX 1.1\n"},
};
INSTANTIATE_TEST_SUITE_P(I1, Checkers, testing::ValuesIn(i1));

const Story i2[] = {
    {"an old holder's write after a newer one's", "I2",
     "1 a accepted name=r EX 1.2\n2 b accepted name=r EX 1.1\n"},
    {"in the order of tokens", "", "1 a accepted name=r EX 1.1\n2 b accepted name=r EX 1.2\n"},
    {"an old one was refused", "", "1 a accepted name=r EX 1.2\n2 b refused name=r EX 1.1\n"},
    {"modes that share may write in any order", "", "1 a accepted name=r CW 1.2\n2 b accepted name=r CW 1.1\n"},
    {"not the latest but the largest counts", "I2",
     "1 a accepted name=r CW 1.5\n2 a accepted name=r CW 1.3\n3 b accepted name=r EX 1.4\n"},
    {"of another resource", "", "1 a accepted name=r EX 1.2\n2 b accepted name=s EX 1.1\n"},
};
INSTANTIATE_TEST_SUITE_P(I2, Checkers, testing::ValuesIn(i2));

const Story i3[] = {
    {"a later holder with a smaller token", "I3",
     locked("a", 1, 1, "EX", "1.2") + released("a", 2, 1) + locked("b", 3, 2, "EX", "1.1")},
    {"a later holder with the same token", "I3",
     locked("a", 1, 1, "EX", "1.2") + released("a", 2, 1) + locked("b", 3, 2, "PR", "1.2")},
    {"an epoch counts before all", "",
     locked("a", 1, 1, "EX", "1.9") + released("a", 2, 1) + locked("b", 3, 2, "EX", "2.1")},
    {"what may share has no order", "",
     locked("a", 1, 1, "PR", "1.2") + released("a", 2, 1) + locked("b", 3, 2, "PR", "1.1")},
    {"an up-conversion kept its token", "I3",
     locked("a", 1, 1, "NL", "1.2") + "2 a convert 3 NL EX lock=1\n3 a ok 3 lock=1 EX 1.2\n"},
    {"a down-conversion kept its token", "",
     locked("a", 1, 1, "EX", "1.2") + "2 a convert 3 EX CR lock=1\n3 a ok 3 lock=1 CR 1.2\n"},
    {"a conversion with a smaller token", "I3",
     locked("a", 1, 1, "NL", "1.2") + "2 a convert 3 NL EX lock=1\n3 a ok 3 lock=1 EX 1.1\n"},
    {"a conversion that its program heard of after a pause, past its deadline", "",
     "0 a session until=4\n" + locked("a", 1, 1, "NL", "1.1") + "2 a convert 3 NL EX lock=1\n" +
         locked("b", 5, 2, "EX", "1.3") + "6 a ok 3 lock=1 EX 1.2\n"},
    {"a conversion that was heard of in time", "I1 I3",
     "0 a session until=9\n" + locked("a", 1, 1, "NL", "1.1") + "2 a convert 3 NL EX lock=1\n" +
         locked("b", 5, 2, "EX", "1.3") + "6 a ok 3 lock=1 EX 1.2\n"},
};
INSTANTIATE_TEST_SUITE_P(I3, Checkers, testing::ValuesIn(i3));

const Story i4[] = {
    {"an answer to no call", "I4", "1 a ok 1 lock=1 EX 1.1\n"},
    {"a second answer", "I4", locked("a", 1, 1, "PR", "1.1") + "2 a ok 1 lock=1 PR 1.2\n"},
    {"granted what nobody asked for", "I4", "1 a lock 1 PR name=r\n2 a ok 1 lock=1 EX 1.1\n"},
    {"granted an alternative", "", "1 a lock 1 CW altpr name=r\n2 a ok 1 lock=1 PR 1.1\n"},
    {"granted after its end", "I4", "1 a lock 1 PR name=r\n2 a end killed\n3 a ok 1 lock=1 PR 1.1\n"},
    {"refused at its end", "", "1 a lock 1 PR name=r\n2 a end closed\n3 a fail 1 session_ended\n"},
    {"two locks with one id", "I4", "1 a lock 1 PR name=r\n2 a ok 1 lock=1 PR 1.1\n3 a lock 2 PR name=r\n4 a ok 2 lock=1 PR 1.2\n"},
    {"a grant without a token", "I4", "1 a lock 1 PR name=r\n2 a ok 1\n"},
};
INSTANTIATE_TEST_SUITE_P(I4, Checkers, testing::ValuesIn(i4));

const Story i5[] = {
    {"waits for ever for a free resource", "I5", "1 a lock 1 EX name=r\n30 b lock 2 NL name=s\n"},
    {"gets a free resource too late", "I5", "1 a lock 1 EX name=r\n30 a ok 1 lock=1 EX 1.1\n"},
    {"gets it in time", "", "1 a lock 1 EX name=r\n9 a ok 1 lock=1 EX 1.1\n"},
    {"waits long because it is held", "",
     locked("b", 0, 2, "EX", "1.1") + "1 a lock 1 EX name=r\n30 b release 3 lock=2\n31 b ok 3\n32 a ok 1 lock=1 EX 1.2\n"},
    {"nobody answers the release, nobody gets it", "I5",
     locked("b", 0, 2, "EX", "1.1") + "1 a lock 1 EX name=r\n2 b release 3 lock=2\n30 a fail 1 timed_out\n"},
    {"the holder's program was killed", "I5",
     locked("b", 0, 2, "EX", "1.1") + "1 a lock 1 EX name=r\n2 b end killed\n30 a fail 1 timed_out\n"},
    {"while faults last there is no bound", "",
     "0 fault cut n1\n1 a lock 1 EX name=r\n20 a ok 1 lock=1 EX 1.1\n21 healed\n"},
    {"after them there is", "I5", "0 fault cut n1\n1 a lock 1 EX name=r\n2 healed\n20 a ok 1 lock=1 EX 1.1\n"},
    {"behind a conversion that waits for a reader", "",
     locked("b", 0, 2, "PR", "1.1") + locked("c", 0, 3, "PR", "1.2") +
         "1 b convert 4 PR EX lock=2\n2 a lock 1 PR name=r\n30 b fail 4 timed_out\n31 a ok 1 lock=1 PR 1.3\n"},
    {"a conversion that only its own lock could block", "I5",
     locked("b", 0, 2, "PR", "1.1") + "1 b convert 4 PR EX lock=2\n30 b ok 4 lock=2 EX 1.2\n"},
};
INSTANTIATE_TEST_SUITE_P(I5, Checkers, testing::ValuesIn(i5));

std::string queue(const char* flags_of_b) {
  return locked("h", 0, 9, "EX", "1.1") + "1 a lock 1 EX name=r\n2 a waiting 1\n3 b lock 2 EX name=r " + flags_of_b +
         "\n" + released("h", 4, 9) + "5 b ok 2 lock=2 EX 1.2\n" + released("b", 6, 2) + "7 a ok 1 lock=1 EX 1.3\n";
}
const Story i6[] = {
    {"a newcomer overtakes", "I6", queue("")},
    {"a newcomer may overtake", "", queue("noorder")},
    {"one that was taken back may have left the queue", "",
     locked("h", 0, 9, "EX", "1.1") + "1 a lock 1 EX name=r\n2 a waiting 1\n2.5 a cancel 1\n3 b lock 2 EX name=r\n" +
         released("h", 4, 9) + "5 b ok 2 lock=2 EX 1.2\n" + released("b", 6, 2) + "7 a ok 1 lock=1 EX 1.3\n"},
    {"nobody knew who was first", "",
     "1 a lock 1 EX name=r\n2 b lock 2 EX name=r\n3 a waiting 1\n4 b ok 2 lock=2 EX 1.1\n" + released("b", 5, 2) +
         "6 a ok 1 lock=1 EX 1.2\n"},
    {"a newcomer overtakes a conversion", "I6",
     locked("h", 0, 9, "PR", "1.1") + locked("a", 0, 1, "PR", "1.2") +
         "1 a convert 3 PR EX lock=1\n2 a waiting 3\n3 b lock 2 PR name=r\n4 b ok 2 lock=2 PR 1.3\n" +
         released("b", 5, 2) + released("h", 6, 9) + "7 a ok 3 lock=1 EX 1.4\n"},
    {"one that goes with it does not overtake", "",
     locked("h", 0, 9, "EX", "1.1") + "1 a lock 1 PR name=r\n2 a waiting 1\n3 b lock 2 PR name=r\n" +
         released("h", 4, 9) + "5 b ok 2 lock=2 PR 1.2\n6 a ok 1 lock=1 PR 1.3\n"},
};
INSTANTIATE_TEST_SUITE_P(I6, Checkers, testing::ValuesIn(i6));

const char* const try_it = "5 a lock 1 EX noqueue name=r\n6 a fail 1 blocked\n";
const Story i7[] = {
    {"nobody was there", "I7", try_it},
    {"somebody held it", "", locked("b", 1, 2, "PR", "1.1") + try_it},
    {"somebody held what goes with it", "I7", locked("b", 1, 2, "NL", "1.1") + try_it},
    {"somebody had released it", "I7", locked("b", 1, 2, "PR", "1.1") + released("b", 3, 2) + try_it},
    {"the release had no answer yet", "", locked("b", 1, 2, "PR", "1.1") + "3 b release 3 lock=2\n" + try_it},
    {"another holder shows that it was gone", "I7",
     locked("b", 1, 2, "PR", "1.1") + "2 b release 3 lock=2\n" + locked("c", 3, 4, "EX", "1.2") + released("c", 4, 4) + try_it},
    {"it was told of it later", "", "5.5 b lock 2 EX name=r\n7 b ok 2 lock=2 EX 1.1\n" + std::string(try_it)},
    {"somebody waited", "",
     locked("b", 1, 2, "NL", "1.1") + "2 c lock 3 NL name=r\n" + try_it + "8 c ok 3 lock=3 NL 1.2\n"},
    {"its own lock is not in its way", "I7",
     locked("a", 1, 1, "PR", "1.1") + "2 a convert 3 PR EX lock=1 noqueue\n3 a fail 3 blocked\n"},
    {"somebody died before hearing that it held it", "", "1 b lock 2 EX noqueue name=r\n3 b end killed\n" + std::string(try_it)},
    {"whoever died may have held what it asked for instead", "",
     "1 b lock 2 NL noqueue altpr name=r\n3 b end killed\n" + std::string(try_it)},
    {"whoever died before hearing asked for what goes with it", "I7",
     "1 b lock 2 NL noqueue name=r\n3 b end killed\n" + std::string(try_it)},
    {"another holder shows that the lock of the dead was gone", "I7",
     "1 b lock 2 EX noqueue name=r\n2 b end killed\n" + locked("c", 3, 4, "EX", "1.2") + released("c", 4, 4) + try_it},
    {"refused for another reason", "", "5 a lock 1 EX noqueue name=r\n6 a fail 1 recovering\n"},
};
INSTANTIATE_TEST_SUITE_P(I7, Checkers, testing::ValuesIn(i7));

std::string read(const char* value) {
  return std::string("7 c lock 3 PR name=r\n8 c ok 3 lock=3 PR 1.5 ") + value + "\n";
}
const std::string two_writes = locked("a", 1, 1, "EX", "1.1") + released("a", 2, 1, "write=x") +
                               locked("b", 4, 2, "EX", "1.2") + released("b", 5, 2, "write=y");
const Story i8[] = {
    {"the latest value", "", two_writes + read("value=y#2")},
    {"an older value", "I8", two_writes + read("value=x#1")},
    {"an older value that is called doubtful", "", two_writes + read("doubtful=x#1")},
    {"a value that nobody wrote", "I8", two_writes + read("value=z#2")},
    {"the last write was refused", "",
     locked("a", 1, 1, "EX", "1.1") + released("a", 2, 1, "write=x") + locked("b", 4, 2, "EX", "1.2") +
         "5 b release 92 lock=2 write=y\n6 b fail 92 lost\n6 b lost lock=2 lost\n" + read("value=x#1")},
    {"a write whose answer was not heard still came before", "I8",
     locked("a", 1, 1, "EX", "1.1") + released("a", 2, 1, "write=x") + locked("b", 4, 2, "EX", "1.2") +
         "5 b release 92 lock=2 write=y\n" + read("value=x#1")},
    {"a write after the deadline is none", "",
     "0 b session until=5\n" + locked("a", 1, 1, "EX", "1.1") + released("a", 2, 1, "write=x") +
         locked("b", 4, 2, "EX", "1.2") + "6 b release 92 lock=2 write=y\n" + read("value=x#1")},
    {"one value with two numbers", "I8",
     two_writes + read("value=y#2") + "9 d lock 4 PR name=r\n10 d ok 4 lock=4 PR 1.6 value=y#3\n"},
    {"numbers fall under one lock", "I8",
     locked("k", 0, 5, "NL", "1.0") + two_writes +
         "6 k convert 6 NL CR lock=5\n6.5 k ok 6 lock=5 CR 1.3 value=y#2\n"
         "7 k convert 7 CR PR lock=5\n7.5 k ok 7 lock=5 PR 1.4 value=y#1\n"},
    {"valid although the holder of EX was killed", "I8",
     locked("a", 1, 1, "EX", "1.1") + released("a", 2, 1, "write=x") + locked("b", 4, 2, "EX", "1.2") +
         "5 b end killed\n" + read("value=x#1")},
    {"valid although a reader was killed", "",
     locked("a", 1, 1, "EX", "1.1") + released("a", 2, 1, "write=x") + locked("b", 4, 2, "PR", "1.2") +
         "5 b end killed\n" + read("value=x#1")},
};
INSTANTIATE_TEST_SUITE_P(I8, Checkers, testing::ValuesIn(i8));

std::string blocked(const char* notice) {
  return std::string("0 h lock 9 PR name=r notices\n0.5 h ok 9 lock=9 PR 1.1\n1 a lock 1 EX name=r\n2 a waiting 1\n") + notice +
         released("h", 20, 9) + "21 a ok 1 lock=1 EX 1.2\n";
}
const Story i9[] = {
    {"the holder never hears", "I9", blocked("")},
    {"the holder hears", "", blocked("3 h notice lock=9 EX\n")},
    {"the holder hears too late", "I9", blocked("15 h notice lock=9 EX\n")},
    {"the holder hears after its release", "I9", blocked("3 h notice lock=9 EX\n22 h notice lock=9 EX\n")},
    {"a holder that did not ask need not hear", "",
     locked("h", 0, 9, "PR", "1.1") + "1 a lock 1 EX name=r\n2 a waiting 1\n" + released("h", 20, 9) +
         "21 a ok 1 lock=1 EX 1.2\n"},
    {"a waiter that gave up soon", "",
     "0 h lock 9 PR name=r notices\n0.5 h ok 9 lock=9 PR 1.1\n1 a lock 1 EX name=r\n2 a waiting 1\n3 a fail 1 "
     "timed_out\n" +
         released("h", 20, 9)},
    {"a holder that converts between PR and CW, as any that converts", "",
     "0 h lock 9 PR name=r notices\n0.5 h ok 9 lock=9 PR 1.1\n" + locked("o", 0, 8, "PR", "1.2") +
         "0.7 h convert 7 PR CW lock=9\n1 a lock 1 EX name=r\n2 a waiting 1\n" + released("o", 12, 8) +
         "13 h ok 7 lock=9 CW 1.3\n" + released("h", 14, 9) + "15 a ok 1 lock=1 EX 1.4\n"},
};
INSTANTIATE_TEST_SUITE_P(I9, Checkers, testing::ValuesIn(i9));

std::string two_converters(const char* a_hears, const char* b_hears) {
  return locked("a", 0, 1, "PR", "1.1") + locked("b", 0, 2, "PR", "1.2") +
         "1 a convert 3 PR EX lock=1\n2 b convert 4 PR EX lock=2\n" + a_hears + b_hears;
}
const Story i10[] = {
    {"somebody came in during an upgrade", "I1 I10",
     locked("a", 1, 1, "PR", "1.1") + "2 a convert 3 PR EX lock=1\n" + locked("b", 3, 2, "EX", "1.2") +
         released("b", 4, 2) + "5 a ok 3 lock=1 EX 1.3\n"},
    {"one of two is told", "",
     two_converters("", "3 b fail 4 deadlock\n") + released("b", 4, 2) + "5 a ok 3 lock=1 EX 1.3\n"},
    {"both are told", "I10", two_converters("3 a fail 3 deadlock\n", "3 b fail 4 deadlock\n")},
    {"nobody is told", "I10", two_converters("30 a fail 3 timed_out\n", "30 b fail 4 timed_out\n")},
    {"nobody waited for the one who is told", "I10",
     locked("a", 0, 1, "PR", "1.1") + locked("b", 0, 2, "PR", "1.2") +
         "1 a convert 3 PR EX lock=1\n2 a fail 3 deadlock\n"},
};
INSTANTIATE_TEST_SUITE_P(I10, Checkers, testing::ValuesIn(i10));

std::string left(const char* flags, const char* mode) {
  return std::string("1 a lock 1 PW name=r ") + flags + "\n1.5 a ok 1 lock=1 PW 1.1\n2 a end closed\n3 b adopt 2 " +
         mode + " name=r\n4 b ok 2 lock=1 " + mode + " 1.2\n";
}
const Story i15[] = {
    {"an orphan is adopted", "", left("persistent", "PW")},
    {"an orphan of a lock that was not persistent", "I15", left("", "PW")},
    {"an orphan in another mode", "I15", left("persistent", "EX")},
    {"one orphan twice", "I15",
     left("persistent", "PW") + "5 b end closed\n6 c adopt 3 PW name=r\n7 c ok 3 lock=1 PW 1.3\n"},
    {"granted over an orphan", "I1 I15",
     "1 a lock 1 PW name=r persistent\n1.5 a ok 1 lock=1 PW 1.1\n2 a end closed\n" + locked("b", 3, 2, "PW", "1.2")},
    {"granted after it was purged", "",
     "1 a lock 1 PW name=r persistent\n1.5 a ok 1 lock=1 PW 1.1\n2 a end closed\n3 b purge 3 name=r\n4 b ok 3\n" +
         locked("b", 5, 2, "PW", "1.2")},
};
INSTANTIATE_TEST_SUITE_P(I15, Checkers, testing::ValuesIn(i15));

const Story i16[] = {
    {"a grant of an epoch that is over", "I16", "0 a session epoch=3\n" + locked("a", 1, 1, "EX", "2.7")},
    {"a grant of the epoch", "", "0 a session epoch=3\n" + locked("a", 1, 1, "EX", "3.1")},
    {"a grant of a later epoch", "", "0 a session epoch=3\n" + locked("a", 1, 1, "EX", "4.1")},
    {"asked after a grant of a later epoch", "I3 I16",
     locked("a", 1, 1, "EX", "4.1") + released("a", 2, 1) + locked("b", 3, 2, "EX", "3.9")},
};
INSTANTIATE_TEST_SUITE_P(I16, Checkers, testing::ValuesIn(i16));

const Story i17[] = {
    {"told after the regrant", "I1 I17",
     locked("a", 1, 1, "EX", "1.1") + locked("b", 2, 2, "EX", "1.2") + "3 a lost lock=1 lease_expired\n"},
    {"told before the regrant", "",
     locked("a", 1, 1, "EX", "1.1") + "1.7 a lost lock=1 lease_expired\n" + locked("b", 2, 2, "EX", "1.2")},
    {"a session ended without a word about its lock", "I17",
     locked("a", 1, 1, "EX", "1.1") + "2 a end lease_expired\n"},
    {"a session ended after it was told", "",
     locked("a", 1, 1, "EX", "1.1") + "2 a lost lock=1 lease_expired\n2 a end lease_expired\n"},
};
INSTANTIATE_TEST_SUITE_P(I17, Checkers, testing::ValuesIn(i17));

TEST(CheckReport, namesTheLinesThatShowIt) {
  const History history = Script().parse(locked("a", 1, 1, "EX", "1.1") + locked("b", 2, 2, "EX", "1.2"));
  const auto model = history::build(history);
  ASSERT_TRUE(model);
  const auto verdicts = check_all(*model);
  EXPECT_FALSE(clean(verdicts));
  EXPECT_EQ(first_broken(verdicts),
            "I1 (compatibility): r: a believed in its EX when b got EX; neither has given it up");
}

}  // namespace
}  // namespace holdfast::sim::checkers
