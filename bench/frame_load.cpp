// SPDX-License-Identifier: Apache-2.0
#include "bench/frame_load.hpp"

#include "base/limits.hpp"
#include "wire/client_messages.hpp"
#include "wire/framing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unistd.h>

namespace holdfast::bench {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;  // as in the echo

// What has to be known of a grant: the codec ignores bytes behind the last field that it knows.
struct GrantedHead {
  static constexpr auto type = wire::ClientMessage::granted;
  static constexpr std::string_view name = "GrantedHead";
  RequestId request;
  ClaimId lock;
  static constexpr std::tuple fields{wire::field("request", &GrantedHead::request),
                                     wire::field("lock", &GrantedHead::lock)};
};

// Nothing of it is needed.
struct WelcomeHead {
  static constexpr auto type = wire::Welcome::type;
  static constexpr std::string_view name = "WelcomeHead";
  static constexpr std::tuple<> fields{};
};

[[noreturn]] void refuse(const wire::Frame& frame) {
  give_up_plainly(fmt::format("the daemon sent {} where the next grant was expected",
                              wire::message_name(wire::ToClient{}, frame.type)));
}

}  // namespace

FramePipeline::FramePipeline(const std::string& socket, const std::string& prefix,
                             PipelineShape shape)
    : connection_(connect_unix(socket)), names_(shape.outstanding) {
  greet();
  wire::Buffer first;
  wire::Buffer answers;
  for (std::size_t i = 0; i < names_; ++i) {
    const std::string name = fmt::format("{}/{:04}", prefix, i);
    const wire::Lock request{.request = RequestId{i + 1},
                             .mode = Mode::EX,
                             .notices = wire::Notices::unwanted,
                             .resource = name};
    become_master(request);
    wire::append_frame(first, request);
    wire::append_frame(answers, wire::Release{});
    wire::append_frame(answers, request);
  }
  answers_.assign(answers.bytes().begin(), answers.bytes().end());
  answer_bytes_ = answers_.size() / names_;
  send(first.bytes());
}

// The daemon begins with one byte and the descriptor of its deadline page, which a plain read lets
// fall.
void FramePipeline::greet() {
  char first = 0;
  read_all(connection_, {&first, 1});
  wire::Buffer hello;
  wire::append_frame(hello, wire::ClientHello{.label = "bench"});
  send(hello.bytes());
  (void)wait_for<WelcomeHead>();
}

// The first request for a name may go through its home at the other node; no later one does.
void FramePipeline::become_master(const wire::Lock& request) {
  wire::Buffer out;
  wire::append_frame(out, request);
  send(out.bytes());
  const ClaimId lock = wait_for<GrantedHead>().lock;
  out.clear();
  wire::append_frame(out, wire::Release{.lock = lock});
  send(out.bytes());
}

// REQUIRES: nothing else is on its way.
template <class M>
M FramePipeline::wait_for() {
  wire::Frame frame;
  while (wire::cut_frame(in_.bytes(), limits::client_frame_bytes_max, frame) ==
         wire::Cut::incomplete)
    receive();
  M message;
  if (frame.type != static_cast<std::uint16_t>(M::type) || !wire::decode(frame.body, message))
    refuse(frame);
  in_.consume(frame.whole.size());
  return message;
}

void FramePipeline::receive() {
  const std::size_t before = in_.size();
  std::byte* at = in_.extend(read_bytes);
  const ssize_t count = ::read(connection_.get(), at, read_bytes);
  if (count <= 0) give_up("the daemon is gone");
  in_.truncate(before + static_cast<std::size_t>(count));
}

std::size_t FramePipeline::take_grants() {
  std::size_t grants = 0;
  std::size_t used = 0;
  wire::Frame frame;
  while (wire::cut_frame(in_.bytes().subspan(used), limits::client_frame_bytes_max, frame) ==
         wire::Cut::frame) {
    const std::size_t name = (next_ + grants) % names_;
    GrantedHead granted;
    if (frame.type != static_cast<std::uint16_t>(GrantedHead::type) ||
        !wire::decode(frame.body, granted) || granted.request != RequestId{name + 1})
      refuse(frame);
    std::byte* const release = answers_.data() + name * answer_bytes_;
    wire::put(release + wire::frame_header_bytes, granted.lock);  // its first field
    used += frame.whole.size();
    ++grants;
  }
  in_.consume(used);
  return grants;
}

void FramePipeline::answer(std::size_t grants) {
  const std::span<const std::byte> all(answers_);
  const std::size_t to_end = std::min(grants, names_ - next_);
  if (to_end != 0) send(all.subspan(next_ * answer_bytes_, to_end * answer_bytes_));
  if (grants != to_end) send(all.first((grants - to_end) * answer_bytes_));
  next_ = (next_ + grants) % names_;
}

void FramePipeline::send(std::span<const std::byte> bytes) {
  write_all(connection_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::size_t FramePipeline::run(Nanoseconds duration) {
  std::size_t pairs = 0;
  for (const Nanoseconds end = now() + duration; now() < end;) {
    receive();
    const std::size_t grants = take_grants();
    answer(grants);
    pairs += grants;
  }
  return pairs;
}

}  // namespace holdfast::bench
