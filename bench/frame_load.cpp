// SPDX-License-Identifier: Apache-2.0
#include "bench/frame_load.hpp"

#include "base/limits.hpp"
#include "wire/client_messages.hpp"
#include "wire/framing.hpp"

#include <fmt/format.h>

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

[[noreturn]] void refuse(const wire::Frame& frame) {
  give_up_plainly(fmt::format("the daemon sent {} in the place of a grant",
                              wire::message_name(wire::ToClient{}, frame.type)));
}

}  // namespace

FramePipeline::FramePipeline(const std::string& socket, const std::string& prefix,
                             PipelineShape shape)
    : connection_(connect_unix(socket)) {
  greet();
  requests_.resize(shape.outstanding);
  for (std::size_t i = 0; i < shape.outstanding; ++i) {
    const std::string name = fmt::format("{}/{:04}", prefix, i);
    wire::append_frame(requests_[i], wire::Lock{.request = RequestId{i + 1},
                                                .mode = Mode::EX,
                                                .notices = wire::Notices::unwanted,
                                                .resource = name});
    out_.append(requests_[i].bytes());
  }
  send();
}

// The daemon begins with one byte and the descriptor of its deadline page, which a plain read lets
// fall.
void FramePipeline::greet() {
  char first = 0;
  read_all(connection_, {&first, 1});
  wire::append_frame(out_, wire::ClientHello{.label = "bench"});
  send();
  wire::Frame frame;
  while (wire::cut_frame(in_.bytes(), limits::client_frame_bytes_max, frame) ==
         wire::Cut::incomplete)
    receive();
  if (frame.type != static_cast<std::uint16_t>(wire::Welcome::type)) refuse(frame);
  in_.consume(frame.whole.size());
}

void FramePipeline::receive() {
  const std::size_t before = in_.size();
  std::byte* at = in_.extend(read_bytes);
  const ssize_t count = ::read(connection_.get(), at, read_bytes);
  if (count <= 0) give_up("the daemon is gone");
  in_.truncate(before + static_cast<std::size_t>(count));
}

std::size_t FramePipeline::answer() {
  std::size_t grants = 0;
  std::size_t used = 0;
  wire::Frame frame;
  while (wire::cut_frame(in_.bytes().subspan(used), limits::client_frame_bytes_max, frame) ==
         wire::Cut::frame) {
    GrantedHead granted;
    if (frame.type != static_cast<std::uint16_t>(GrantedHead::type) ||
        !wire::decode(frame.body, granted))
      refuse(frame);
    wire::append_frame(out_, wire::Release{.lock = granted.lock});
    out_.append(requests_[granted.request.value() - 1].bytes());
    used += frame.whole.size();
    ++grants;
  }
  in_.consume(used);
  return grants;
}

void FramePipeline::send() {
  write_all(connection_, {reinterpret_cast<const char*>(out_.data()), out_.size()});
  out_.clear();
}

std::size_t FramePipeline::run(Nanoseconds duration) {
  std::size_t pairs = 0;
  for (const Nanoseconds end = now() + duration; now() < end;) {
    receive();
    pairs += answer();
    send();
  }
  return pairs;
}

}  // namespace holdfast::bench
