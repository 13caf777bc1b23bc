// SPDX-License-Identifier: Apache-2.0
// Tables of frame sequences: what the daemon says on the left, what the session makes of it on the right.
#include "session/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "wire/print.hpp"

namespace holdfast::session {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr ClaimId a{0x1'0000'0001};
constexpr ClaimId b{0x1'0000'0002};

// A session and what was said to it; everything is read back as text.
class Talk {
 public:
  explicit Talk(SessionOptions options = {.label = "test"}) : session(options) {}

  template <class M>
  std::vector<std::string> hear(const M& message) {
    wire::Buffer bytes;
    wire::append_frame(bytes, message);
    return hear_bytes(bytes.bytes());
  }
  std::vector<std::string> hear_bytes(std::span<const std::byte> bytes) {
    Events events;
    left = bytes.size() - session.receive_all(bytes, events);
    return texts(events);
  }
  std::vector<std::string> hang_up() {
    Events events;
    session.disconnected("end of file", events);
    return texts(events);
  }
  // What was said since the last call of this.
  std::vector<std::string> said() {
    std::vector<std::string> messages;
    wire::Frame frame;
    while (wire::cut_frame(session.out().bytes(), limits::client_frame_bytes_max, frame) == wire::Cut::frame) {
      std::string_view what;
      wire::dispatch(wire::ToDaemon{}, frame.type, frame.body,
                     [&](const auto& m) { messages.push_back(wire::to_text(m)); }, what);
      session.out().consume(frame.whole.size());
    }
    return messages;
  }
  // As a session that has been greeted.
  static Talk open() {
    Talk talk;
    talk.hear(wire::Welcome{.node = NodeId{1}, .incarnation = Incarnation{9}, .value_bytes_max = 64});
    talk.said();
    return talk;
  }
  RequestId lock(std::string_view name, Mode mode) {
    return session.lock({.mode = mode, .resource = name}).value();
  }
  // A lock that is held.
  ClaimId held(ClaimId id, Mode mode = Mode::EX) {
    hear(wire::Granted{.request = lock("r", mode), .lock = id, .mode = mode, .token = {Epoch{1}, 5}});
    return id;
  }

  Session session;
  std::size_t left = 0;

 private:
  static std::vector<std::string> texts(const Events& events) {
    std::vector<std::string> lines;
    for (const Event& event : events) lines.push_back(std::visit([](const auto& e) { return text(e); }, event));
    return lines;
  }
  static std::string text(const Opened&) { return "opened"; }
  static std::string text(const wire::Granted& e) { return "granted " + std::string(name_of(e.mode)); }
  static std::string text(const wire::Waiting&) { return "waiting"; }
  static std::string text(const wire::Refused& e) { return "refused " + std::string(name_of(e.status)); }
  static std::string text(const wire::Done& e) { return "done " + std::string(name_of(e.status)); }
  static std::string text(const wire::NoticeEvent& e) { return "notice " + std::string(name_of(e.wanted)); }
  static std::string text(const wire::LostEvent& e) {
    return "lost " + std::to_string(e.lock.value() & 0xff) + " " + std::string(name_of(e.status));
  }
  static std::string text(const wire::Ended& e) {
    return "ended " + std::string(name_of(e.status)) + ": " + std::string(e.detail);
  }
  template <class M>
  static std::string text(const M&) {
    return std::string(M::name);
  }
};

TEST(Session, says_hello_and_learns_the_facts) {
  Talk talk(SessionOptions{.label = "backup"});
  EXPECT_THAT(talk.said(), ElementsAre(R"(ClientHello{protocol=1 life=0 label="backup" knows=1})"));
  EXPECT_EQ(talk.session.phase(), Phase::greeting);
  EXPECT_THAT(talk.hear(wire::Welcome{.node = NodeId{3}, .value_bytes_max = 64, .version = "1.2"}),
              ElementsAre("opened"));
  EXPECT_EQ(talk.session.phase(), Phase::open);
  EXPECT_EQ(talk.session.facts().node, NodeId{3});
  EXPECT_EQ(talk.session.facts().version, "1.2");
}

TEST(Session, a_lock_that_was_taken_away_is_confirmed_when_it_was_told) {
  Talk talk = Talk::open();
  talk.held(a);
  talk.said();
  EXPECT_THAT(talk.hear(wire::LostEvent{.lock = a, .status = Errc::forced_out}), ElementsAre("lost 1 forced_out"));
  EXPECT_THAT(talk.said(), ElementsAre("LostSeen{lock=4294967297}"));
  EXPECT_EQ(talk.session.find(a), nullptr);
}

TEST(Session, a_lock_that_was_taken_away_is_confirmed_by_its_program_where_that_wants_to) {
  Talk talk(SessionOptions{.confirm_losses = ConfirmLosses::by_program});
  talk.hear(wire::Welcome{.node = NodeId{3}, .version = "1"});
  talk.held(a);
  talk.said();
  talk.hear(wire::LostEvent{.lock = a, .status = Errc::forced_out});
  EXPECT_TRUE(talk.said().empty());
  talk.session.confirm_loss(a);
  EXPECT_THAT(talk.said(), ElementsAre("LostSeen{lock=4294967297}"));
}

TEST(Session, word_of_a_forced_release_that_crosses_an_unlock_is_not_told) {
  Talk talk = Talk::open();
  talk.held(a);
  ASSERT_TRUE(talk.session.unlock({.lock = a}));
  EXPECT_TRUE(talk.hear(wire::EvictionNotice{.lock = a, .reason = "r"}).empty());
}

TEST(Session, the_end_of_a_lock_answers_whoever_asked_for_it) {
  Talk talk = Talk::open();
  const RequestId request = talk.session.evict({.node = NodeId{2}, .lock = ClaimId{9}, .reason = "r"}).value();
  EXPECT_THAT(talk.hear(wire::Evicted{.request = request}), ElementsAre("Evicted"));
  EXPECT_EQ(talk.session.open_requests(), 0U);
  EXPECT_EQ(talk.session.evict({.reason = std::string(257, 'r')}).error().code, Errc::bad_argument);
}

TEST(Session, a_lock_from_request_to_unlock) {
  Talk talk = Talk::open();
  const RequestId request = talk.lock("r", Mode::PR);
  EXPECT_EQ(talk.said().size(), 1U);
  EXPECT_EQ(talk.session.find(a), nullptr);
  EXPECT_THAT(talk.hear(wire::Waiting{.request = request, .lock = a}), ElementsAre("waiting"));
  EXPECT_EQ(talk.session.find(a)->state, LockState::waiting);
  EXPECT_THAT(talk.hear(wire::Granted{.request = request, .lock = a, .mode = Mode::PR}), ElementsAre("granted PR"));
  EXPECT_EQ(talk.session.find(a)->state, LockState::granted);
  EXPECT_FALSE(talk.session.is_open(request));

  const RequestId convert = talk.session.convert({.lock = a, .mode = Mode::EX}).value();
  EXPECT_EQ(talk.session.find(a)->state, LockState::converting);
  EXPECT_EQ(talk.session.find(a)->mode, Mode::PR);
  EXPECT_THAT(talk.hear(wire::Granted{.request = convert, .lock = a, .mode = Mode::EX}), ElementsAre("granted EX"));
  EXPECT_EQ(talk.session.find(a)->mode, Mode::EX);

  const RequestId unlock = talk.session.unlock({.lock = a}).value();
  EXPECT_EQ(talk.session.find(a)->state, LockState::ending);
  EXPECT_THAT(talk.hear(wire::Done{.request = unlock}), ElementsAre("done ok"));
  EXPECT_EQ(talk.session.find(a), nullptr);
  EXPECT_EQ(talk.session.open_requests(), 0U);
}

TEST(Session, refusals_leave_what_was_there) {
  Talk talk = Talk::open();
  const RequestId request = talk.lock("r", Mode::PR);
  talk.hear(wire::Waiting{.request = request, .lock = b});
  EXPECT_THAT(talk.hear(wire::Refused{.request = request, .lock = b, .status = Errc::timed_out}),
              ElementsAre("refused timed_out"));
  EXPECT_EQ(talk.session.find(b), nullptr);

  talk.held(a, Mode::PR);
  const RequestId convert = talk.session.convert({.lock = a, .mode = Mode::EX}).value();
  talk.hear(wire::Refused{.request = convert, .lock = a, .status = Errc::deadlock});
  EXPECT_EQ(talk.session.find(a)->state, LockState::granted);
  EXPECT_EQ(talk.session.find(a)->mode, Mode::PR);

  const RequestId unlock = talk.session.unlock({.lock = a}).value();
  EXPECT_THAT(talk.hear(wire::Done{.request = unlock, .status = Errc::has_children}),
              ElementsAre("done has_children"));
  EXPECT_EQ(talk.session.find(a)->state, LockState::granted);
}

TEST(Session, what_makes_no_sense_is_refused_without_a_message) {
  Talk talk = Talk::open();
  talk.held(a);
  const std::string long_name(256, 'x');
  const std::string long_value(1025, 'v');
  const auto refused = [&](const auto& result) { return result.error().text(); };
  talk.said();
  EXPECT_EQ(refused(talk.session.lock({.mode = static_cast<Mode>(6), .resource = "r"})),
            "bad_mode: unknown lock mode; allowed are NL CR CW PR PW EX");
  EXPECT_EQ(refused(talk.session.lock({.flags = FlagSet::from_bits(0x40000), .resource = "r"})),
            "bad_flags: unknown flag bits 262144");
  EXPECT_EQ(refused(talk.session.lock({.resource = long_name})),
            "name_too_long: the name has 256 bytes, at most 255 are allowed");
  EXPECT_EQ(refused(talk.session.convert({.lock = a, .value = long_value})),
            "value_too_long: the value has 1025 bytes, at most 1024 are allowed");
  EXPECT_EQ(refused(talk.session.unlock({.lock = a, .value = long_value})),
            "value_too_long: the value has 1025 bytes, at most 1024 are allowed");
  EXPECT_EQ(refused(talk.session.convert({.lock = b})), "no_such_lock: there is no such lock (any more)");
  EXPECT_EQ(refused(talk.session.release({.lock = b})), "no_such_lock: there is no such lock (any more)");
  EXPECT_EQ(refused(talk.session.open_lockspace({.lockspace = ""})),
            "bad_name: the name of a lockspace has at least 1 byte");
  wire::SetView huge{.view = {.epoch = Epoch{1}}};
  huge.view.members.resize(limits::nodes_max, {.address = std::string(300, 'x')});
  EXPECT_THAT(refused(talk.session.set_view(huge)), HasSubstr("frame_too_long: the view needs"));
  EXPECT_TRUE(talk.said().empty());
  EXPECT_EQ(talk.session.open_requests(), 0U);
}

TEST(Session, one_operation_on_a_lock_at_a_time) {
  Talk talk = Talk::open();
  talk.held(a, Mode::PR);
  (void)talk.session.convert({.lock = a, .mode = Mode::EX}).value();
  EXPECT_EQ(talk.session.convert({.lock = a, .mode = Mode::PW}).error().code, Errc::busy);
  talk.held(b);
  (void)talk.session.unlock({.lock = b}).value();
  EXPECT_EQ(talk.session.unlock({.lock = b}).error().code, Errc::busy);
  EXPECT_EQ(talk.session.convert({.lock = b, .mode = Mode::NL}).error().code, Errc::busy);
}

TEST(Session, what_crosses_a_release_is_quiet) {
  Talk talk = Talk::open();
  talk.held(a);
  EXPECT_TRUE(talk.session.release({.lock = a}).has_value());
  EXPECT_TRUE(talk.hear(wire::NoticeEvent{.lock = a, .wanted = Mode::PR}).empty());
  EXPECT_TRUE(talk.hear(wire::LostEvent{.lock = a, .status = Errc::lost}).empty());

  // The same while an answered unlock is under way.
  talk.held(a);
  const RequestId unlock = talk.session.unlock({.lock = a}).value();
  EXPECT_TRUE(talk.hear(wire::NoticeEvent{.lock = a, .wanted = Mode::PR}).empty());
  EXPECT_TRUE(talk.hear(wire::LostEvent{.lock = a, .status = Errc::lost}).empty());
  EXPECT_THAT(talk.hear(wire::Done{.request = unlock, .status = Errc::no_such_lock}),
              ElementsAre("done no_such_lock"));
}

TEST(Session, a_grant_that_crosses_the_release_of_what_waited_is_a_refusal) {
  Talk talk = Talk::open();
  const RequestId request = talk.lock("r", Mode::EX);
  talk.hear(wire::Waiting{.request = request, .lock = a});
  EXPECT_TRUE(talk.session.release({.lock = a, .flags = {Flag::forceunlock}}).has_value());
  EXPECT_THAT(talk.hear(wire::Granted{.request = request, .lock = a, .mode = Mode::EX}),
              ElementsAre("refused cancelled"));
  EXPECT_EQ(talk.session.find(a), nullptr);
}

TEST(Session, lost_locks) {
  Talk talk = Talk::open();
  talk.held(a);
  EXPECT_THAT(talk.hear(wire::LostEvent{.lock = a, .status = Errc::lost}), ElementsAre("lost 1 lost"));
  EXPECT_EQ(talk.session.find(a), nullptr);
  talk.held(b);
  talk.held(a);
  EXPECT_THAT(talk.hear(wire::LostEvent{.lock = {}, .status = Errc::lease_expired}),
              ElementsAre("lost 1 lease_expired", "lost 2 lease_expired"));
  EXPECT_EQ(talk.session.locks(), 0U);
}

TEST(Session, a_lost_connection_fails_all_that_is_open_and_locks_count_on) {
  Talk talk = Talk::open();
  talk.held(a, Mode::PR);
  (void)talk.lock("other", Mode::EX);
  (void)talk.session.convert({.lock = a, .mode = Mode::EX}).value();
  (void)talk.session.sync().value();
  EXPECT_THAT(talk.hang_up(),
              ElementsAre("refused disconnected", "refused disconnected", "done disconnected", "lost 1 disconnected",
                          "ended disconnected: the connection to the daemon is gone: end of file"));
  EXPECT_EQ(talk.session.phase(), Phase::over);
  ASSERT_NE(talk.session.find(a), nullptr);
  EXPECT_EQ(talk.session.find(a)->state, LockState::granted);
  EXPECT_EQ(talk.session.lock({.mode = Mode::NL, .resource = "r"}).error().code, Errc::disconnected);
  EXPECT_EQ(talk.session.convert({.lock = a}).error().code, Errc::disconnected);
  EXPECT_TRUE(talk.hang_up().empty()) << "it ends once";
}

TEST(Session, the_daemon_ends_it_and_says_why) {
  Talk talk = Talk::open();
  talk.held(a);
  EXPECT_THAT(talk.hear(wire::Ended{.status = Errc::slow_reader, .detail = "4 MiB unread"}),
              ElementsAre("lost 1 slow_reader", "ended slow_reader: the daemon ended the session: 4 MiB unread"));
  EXPECT_EQ(talk.session.find(a), nullptr) << "the daemon has released it";
  EXPECT_TRUE(talk.hear(wire::NoticeEvent{.lock = a}).empty());
}

TEST(Session, it_can_be_refused_at_the_door) {
  Talk talk;
  EXPECT_THAT(talk.hear(wire::Ended{.status = Errc::too_many_sessions}),
              ElementsAre("ended too_many_sessions: the daemon ended the session: "
                          "the node has no room for another session"));
  Talk other;
  EXPECT_THAT(other.hear(wire::Welcome{.protocol = 2}),
              ElementsAre("ended wrong_version: the daemon speaks protocol 2, this program 1"));
}

// What a correct daemon would not say; each ends the session, and nothing is heard after it.
TEST(Session, nonsense_ends_it) {
  struct Row {
    const char* what;
    std::function<std::vector<std::string>(Talk&)> say;
  };
  const Row rows[] = {
      {"a second welcome", [](Talk& t) { return t.hear(wire::Welcome{}); }},
      {"a grant for nothing", [](Talk& t) { return t.hear(wire::Granted{.request = RequestId{77}, .lock = a}); }},
      {"a grant without a lock", [](Talk& t) { return t.hear(wire::Granted{.request = t.lock("x", Mode::PR)}); }},
      {"an old id for a new lock",
       [](Talk& t) { return t.hear(wire::Granted{.request = t.lock("x", Mode::PR), .lock = a}); }},
      {"a conversion of another lock",
       [](Talk& t) {
         return t.hear(wire::Granted{.request = t.session.convert({.lock = a}).value(), .lock = b});
       }},
      {"done for a lock", [](Talk& t) { return t.hear(wire::Done{.request = t.lock("x", Mode::PR)}); }},
      {"done for nothing", [](Talk& t) { return t.hear(wire::Done{.request = RequestId{77}}); }},
      {"a refusal of a sync",
       [](Talk& t) { return t.hear(wire::Refused{.request = t.session.sync().value(), .status = Errc::busy}); }},
      {"a refusal that is none",
       [](Talk& t) { return t.hear(wire::Refused{.request = t.lock("x", Mode::PR), .status = Errc::ok}); }},
      {"waiting for nothing", [](Talk& t) { return t.hear(wire::Waiting{.request = RequestId{77}, .lock = b}); }},
      {"waiting with an old id",
       [](Talk& t) { return t.hear(wire::Waiting{.request = t.lock("x", Mode::PR), .lock = a}); }},
      {"a lockspace unasked", [](Talk& t) { return t.hear(wire::LockspaceOpened{}); }},
      {"a row unasked", [](Talk& t) { return t.hear(wire::ResourceRow{}); }},
      {"a lock row unasked", [](Talk& t) { return t.hear(wire::LockRow{}); }},
      {"an end unasked", [](Talk& t) { return t.hear(wire::QueryEnd{}); }},
      {"a status unasked", [](Talk& t) { return t.hear(wire::NodeStatus{}); }},
      {"a message of ours", [](Talk& t) { return t.hear(wire::Sync{}); }},
      {"an unknown mode",
       [](Talk& t) { return t.hear(wire::NoticeEvent{.lock = a, .wanted = static_cast<Mode>(9)}); }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    Talk talk = Talk::open();
    talk.held(a);
    const std::vector<std::string> heard = row.say(talk);
    ASSERT_FALSE(heard.empty());
    EXPECT_THAT(heard.back(), HasSubstr("ended bad_message: the daemon sent what cannot be understood: "));
    EXPECT_EQ(talk.session.phase(), Phase::over);
    EXPECT_EQ(talk.session.open_requests(), 0U);
    EXPECT_EQ(talk.session.find(a), nullptr);
    EXPECT_TRUE(talk.hear(wire::NoticeEvent{.lock = a}).empty());
  }
}

TEST(Session, frames_are_cut_and_bad_lengths_end_it) {
  Talk talk = Talk::open();
  talk.held(a);
  wire::Buffer bytes;
  wire::append_frame(bytes, wire::NoticeEvent{.lock = a, .wanted = Mode::PR});
  wire::append_frame(bytes, wire::NoticeEvent{.lock = a, .wanted = Mode::EX});
  EXPECT_THAT(talk.hear_bytes(bytes.bytes().first(bytes.size() - 1)), ElementsAre("notice PR"));
  EXPECT_EQ(talk.left, bytes.size() / 2 - 1);

  const std::uint32_t lengths[] = {0, 1, limits::client_frame_bytes_max + 1, UINT32_MAX};
  for (const std::uint32_t length : lengths) {
    Talk other = Talk::open();
    const auto heard = other.hear_bytes(std::as_bytes(std::span(&length, 1)));
    ASSERT_EQ(heard.size(), 1U) << length;
    EXPECT_THAT(heard.back(), HasSubstr("bad_message"));
    EXPECT_EQ(other.left, 0U);
  }
}

// Every message, cut short at every byte: refused, never read past its end.
TEST(Session, truncated_messages_end_it) {
  wire::Buffer whole;
  wire::append_frame(whole, wire::Granted{.request = RequestId{1}, .lock = a, .value = "abc"});
  for (std::size_t body = 0; body + wire::frame_header_bytes < whole.size(); ++body) {
    Talk talk = Talk::open();
    std::vector<std::byte> cut(whole.data(), whole.data() + wire::frame_header_bytes + body);
    const auto length = static_cast<std::uint32_t>(body + 2);
    std::memcpy(cut.data(), &length, 4);
    ASSERT_THAT(talk.hear_bytes(cut).back(), HasSubstr("bad_message")) << body;
  }
}

TEST(Session, requests_have_ids_that_are_never_used_again) {
  Talk talk = Talk::open();
  const RequestId first = talk.session.sync().value();
  talk.hear(wire::Done{.request = first});
  const RequestId second = talk.session.sync().value();
  EXPECT_NE(first, second);
  EXPECT_THAT(talk.hear(wire::Done{.request = first}).back(), HasSubstr("bad_message"));
}

TEST(Session, queries_and_operator_calls) {
  Talk talk = Talk::open();
  const RequestId query = talk.session.query({.lockspace_pattern = "*", .name_pattern = "a*"}).value();
  EXPECT_THAT(talk.hear(wire::ResourceRow{.request = query}), ElementsAre("ResourceRow"));
  EXPECT_THAT(talk.hear(wire::LockRow{.request = query}), ElementsAre("LockRow"));
  EXPECT_THAT(talk.hear(wire::QueryEnd{.request = query}), ElementsAre("QueryEnd"));
  const RequestId open = talk.session.open_lockspace({.lockspace = "db"}).value();
  EXPECT_THAT(talk.hear(wire::LockspaceOpened{.request = open, .lockspace = wire::LockspaceHandle{1}}),
              ElementsAre("LockspaceOpened"));
  const RequestId status = talk.session.status().value();
  EXPECT_THAT(talk.hear(wire::NodeStatus{.request = status}), ElementsAre("NodeStatus"));
  const RequestId fence = talk.session.fence_ack({.node = NodeId{2}}).value();
  EXPECT_THAT(talk.hear(wire::Done{.request = fence, .status = Errc::not_permitted}),
              ElementsAre("done not_permitted"));
  const RequestId move = talk.session.move({.to = NodeId{2}, .resource = "r"}).value();
  EXPECT_THAT(talk.hear(wire::Done{.request = move, .status = Errc::busy}), ElementsAre("done busy"));
  EXPECT_EQ(talk.session.open_requests(), 0U);
}

// ---- releases without a message -------------------------------------------------------------------------

struct Quiet : testing::Test {
  Quiet() : talk({.label = "test", .slot = &slot}) {
    talk.hear(wire::Welcome{.node = NodeId{1}, .incarnation = Incarnation{9}, .value_bytes_max = 64});
    talk.said();
  }
  ClaimId held(ClaimId id, wire::GrantNotes notes = wire::GrantNotes{}.set(wire::GrantNote::quiet)) {
    talk.hear(wire::Granted{.request = talk.lock("r", Mode::EX), .lock = id, .mode = Mode::EX, .notes = notes,
                            .token = {Epoch{1}, 5}});
    talk.said();
    return id;
  }
  wire::ReleaseSlot slot;
  Talk talk;
};

TEST_F(Quiet, a_release_says_nothing_and_the_lock_is_gone) {
  EXPECT_TRUE(talk.session.release({.lock = held(a), .value = {}}).has_value());
  EXPECT_THAT(talk.said(), IsEmpty());
  EXPECT_EQ(talk.session.find(a), nullptr);
  EXPECT_EQ(slot.take(), a);
}

TEST_F(Quiet, a_release_goes_in_front_of_the_next_message) {
  (void)talk.session.release({.lock = held(a), .value = {}});
  (void)talk.lock("r", Mode::EX);
  EXPECT_THAT(talk.said(), ElementsAre(HasSubstr("Release"), HasSubstr("Lock")));
  EXPECT_EQ(slot.take(), ClaimId{});
}

TEST_F(Quiet, a_release_that_the_daemon_took_is_not_said) {
  (void)talk.session.release({.lock = held(a), .value = {}});
  EXPECT_EQ(slot.recall(), a);
  (void)talk.lock("r", Mode::EX);
  EXPECT_THAT(talk.said(), ElementsAre(HasSubstr("Lock")));
}

TEST_F(Quiet, the_second_release_sends_the_first) {
  held(a);
  held(b);
  (void)talk.session.release({.lock = a, .value = {}});
  EXPECT_THAT(talk.said(), IsEmpty());
  (void)talk.session.release({.lock = b, .value = {}});
  EXPECT_THAT(talk.said(), ElementsAre(HasSubstr("Release"), HasSubstr("Release")));
}

// The daemon looks into the slot whenever it likes, and would see the release before what was said first.
TEST_F(Quiet, a_release_does_not_overtake_what_may_be_unread) {
  held(a);
  const RequestId other = talk.lock("r", Mode::PR);
  (void)talk.session.release({.lock = a, .value = {}});
  EXPECT_THAT(talk.said(), ElementsAre(HasSubstr("Lock"), HasSubstr("Release")));
  talk.hear(wire::Granted{.request = other, .lock = b, .mode = Mode::PR,
                          .notes = wire::GrantNotes{}.set(wire::GrantNote::quiet), .token = {Epoch{1}, 6}});
  (void)talk.session.release({.lock = b, .value = {}});
  EXPECT_THAT(talk.said(), ElementsAre(HasSubstr("Release"))) << "the first release may be unread";
}

TEST_F(Quiet, what_was_granted_otherwise_is_released_by_a_message) {
  (void)talk.session.release({.lock = held(a, {}), .value = {}});
  EXPECT_THAT(talk.said(), ElementsAre(HasSubstr("Release")));
}

TEST_F(Quiet, a_release_with_flags_or_after_a_conversion_is_a_message) {
  (void)talk.session.release({.lock = held(a), .flags = {Flag::valblk}, .value = "v"});
  EXPECT_THAT(talk.said(), ElementsAre(HasSubstr("Release")));
  held(b);
  const RequestId request = talk.session.convert({.lock = b, .mode = Mode::PR, .value = {}}).value();
  talk.hear(wire::Granted{.request = request, .lock = b, .mode = Mode::PR, .token = {Epoch{1}, 6}});
  talk.said();
  (void)talk.session.release({.lock = b, .value = {}});
  EXPECT_THAT(talk.said(), ElementsAre(HasSubstr("Release")));
}

TEST(Session, a_query_goes_on_behind_any_key_and_matches_any_path) {
  Talk talk;
  const std::string key(limits::key_bytes_max, 'k'), pattern(limits::pattern_bytes_max, '?');
  EXPECT_TRUE(talk.session.query({.lockspace_pattern = "*", .name_pattern = pattern, .after_key = key}));
  EXPECT_EQ(talk.session.query({.lockspace_pattern = "*", .name_pattern = "*", .after_key = key + "k"}).error().code,
            Errc::bad_argument);
  EXPECT_EQ(talk.session.query({.lockspace_pattern = pattern + "?", .name_pattern = "*"}).error().code,
            Errc::bad_argument);
  EXPECT_EQ(talk.session.purge({.name_pattern = pattern + "?"}).error().code, Errc::bad_argument);
}

}  // namespace
}  // namespace holdfast::session
