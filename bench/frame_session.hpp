// SPDX-License-Identifier: Apache-2.0
// FrameSession: a session as the frames that it is, for loads that the library would slow down: many requests
// under way, and nothing kept of what is granted.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "bench/files.hpp"
#include "bench/samples.hpp"
#include "wire/buffer.hpp"
#include "wire/client_messages.hpp"
#include "wire/framing.hpp"

namespace holdfast::bench {

class FrameSession {
 public:
  explicit FrameSession(const std::string& socket);

  template <wire::Described M>
  void put(const M& message) {
    wire::append_frame(out_, message);
  }
  // Sends what was put.
  void flush();
  // The next frame, valid until the next call; none if there is none by `until`.
  [[nodiscard]] std::optional<wire::Frame> next(Nanoseconds until = Nanoseconds::max());
  // Ends the bench if it is anything else; Waiting is passed over, since the answer follows.
  [[nodiscard]] wire::Granted next_grant();
  // The same for a refusal, valid until the next call.
  [[nodiscard]] wire::Refused next_refusal();
  // Ends the bench if it is not an ok.
  void expect_done();

 private:
  // False if nothing came by then.
  [[nodiscard]] bool receive(Nanoseconds until);

  Fd socket_;
  wire::Buffer in_;
  wire::Buffer out_;
  std::size_t taken_ = 0;  // of in_: the frame that was handed out last
};

}  // namespace holdfast::bench
