// SPDX-License-Identifier: Apache-2.0
#include "bench/frame_session.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "base/limits.hpp"

namespace holdfast::bench {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;

template <class M>
bool is(const wire::Frame& frame) {
  return frame.type == static_cast<std::uint16_t>(M::type);
}

[[noreturn]] void refuse(const wire::Frame& frame, const char* expected) {
  wire::Refused refused;
  std::string why;
  wire::Ended ended;
  if (is<wire::Refused>(frame) && wire::decode(frame.body, refused)) why = Error{refused.status}.text();
  if (is<wire::Ended>(frame) && wire::decode(frame.body, ended))
    why = Error{ended.status, std::string(ended.detail)}.text();
  give_up_plainly(fmt::format("the daemon sent {} ({}) where {} was expected",
                              wire::message_name(wire::ToClient{}, frame.type), why, expected));
}

}  // namespace

// The daemon begins with one byte and descriptors, which a plain read lets fall.
FrameSession::FrameSession(const std::string& socket) : socket_(connect_unix(socket)) {
  char first = 0;
  read_all(socket_, {&first, 1});
  put(wire::ClientHello{.label = "bench"});
  flush();
  const std::optional<wire::Frame> welcome = next();
  if (!is<wire::Welcome>(*welcome)) refuse(*welcome, "Welcome");
}

void FrameSession::flush() {
  write_all(socket_, {reinterpret_cast<const char*>(out_.data()), out_.size()});
  out_.clear();
}

bool FrameSession::receive(Nanoseconds until) {
  if (until != Nanoseconds::max()) {
    const Nanoseconds left = std::max(Nanoseconds{0}, until - now());
    const timespec timeout{.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
    pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::ppoll(&waiting, 1, &timeout, nullptr) != 1) return false;
  }
  const std::size_t before = in_.size();
  std::byte* at = in_.extend(read_bytes);
  const ssize_t count = ::read(socket_.get(), at, read_bytes);
  if (count <= 0) give_up("the daemon is gone");
  in_.truncate(before + static_cast<std::size_t>(count));
  return true;
}

std::optional<wire::Frame> FrameSession::next(Nanoseconds until) {
  in_.consume(std::exchange(taken_, 0));
  wire::Frame frame;
  while (wire::cut_frame(in_.bytes(), limits::client_frame_bytes_max, frame) != wire::Cut::frame)
    if (!receive(until)) return std::nullopt;
  taken_ = frame.whole.size();
  return frame;
}

wire::Granted FrameSession::next_grant() {
  for (;;) {
    const wire::Frame frame = *next();
    wire::Granted granted;
    if (is<wire::Granted>(frame) && wire::decode(frame.body, granted)) return granted;
    if (!is<wire::Waiting>(frame)) refuse(frame, "a grant");
  }
}

wire::Refused FrameSession::next_refusal() {
  const wire::Frame frame = *next();
  wire::Refused refused;
  if (!is<wire::Refused>(frame) || !wire::decode(frame.body, refused)) refuse(frame, "a refusal");
  return refused;
}

void FrameSession::expect_done() {
  const wire::Frame frame = *next();
  wire::Done done;
  if (!is<wire::Done>(frame) || !wire::decode(frame.body, done)) refuse(frame, "Done");
  if (done.status != Errc::ok) give_up_plainly("the daemon refused: " + Error{done.status, std::string(done.detail)}.text());
}

}  // namespace holdfast::bench
