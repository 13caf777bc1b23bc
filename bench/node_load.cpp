// SPDX-License-Identifier: Apache-2.0
#include "bench/node_load.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "node/node.hpp"
#include "wire/client_messages.hpp"

namespace holdfast::bench {
namespace {

constexpr std::size_t per_turn = 64;
constexpr std::size_t names_count = 1024;
constexpr node::ClientConn conn{1};

class NodeLoad {
 public:
  NodeLoad() : node_(node::NodeConfig{}) {
    View view{.epoch = Epoch{1}, .members = {}, .configured_votes = 0};
    view.members.push_back({.node = NodeId{1}, .incarnation = Incarnation{1}, .address = {}});
    node_.step(now_, node::NewView{.view = view}, effects_);
    node_.step(now_, node::ClientConnected{.conn = conn, .owner = {}}, effects_);
    wire::append_frame(calls_, wire::ClientHello{});
    turn();
    for (std::size_t i = 0; i < names_count; ++i) names_.push_back(fmt::format("bench/node/{:04}", i));
  }

  void run(std::size_t count) {
    for (std::size_t done = 0; done < count; done += per_turn) {
      for (const ClaimId lock : granted_) wire::append_frame(calls_, wire::Release{.lock = lock});
      for (std::size_t i = 0; i < per_turn; ++i)
        wire::append_frame(calls_, wire::Lock{.request = RequestId{++request_}, .mode = Mode::EX,
                                              .resource = names_[next_++ % names_count]});
      turn();
    }
  }

 private:
  void turn() {
    wire::Frame frame;
    while (wire::cut_frame(calls_.bytes(), limits::client_frame_bytes_max, frame) == wire::Cut::frame) {
      node_.step(now_, node::ClientFrame{.conn = conn, .frame = frame}, effects_);
      calls_.consume(frame.whole.size());
    }
    now_ = now_ + std::chrono::microseconds(20);
    node_.finish_turn(now_, effects_);
    granted_.clear();
    effects_.clients.for_each([this](node::ClientConn, wire::Buffer& answers) {
      while (wire::cut_frame(answers.bytes(), limits::client_frame_bytes_max, frame_) == wire::Cut::frame) {
        wire::Granted granted;
        if (frame_.type == static_cast<std::uint16_t>(wire::Granted::type) && wire::decode(frame_.body, granted))
          granted_.push_back(granted.lock);
        answers.consume(frame_.whole.size());
      }
    });
    effects_.clear();
  }

  node::Node node_;
  node::Effects effects_;
  Instant now_{std::chrono::seconds(1)};
  wire::Buffer calls_;
  wire::Frame frame_;
  std::vector<std::string> names_;
  std::vector<ClaimId> granted_;
  std::size_t next_ = 0;
  std::uint64_t request_ = 0;
};

}  // namespace

std::function<void(std::size_t)> node_lock_release() {
  return [load = std::make_shared<NodeLoad>()](std::size_t count) { load->run(count); };
}

}  // namespace holdfast::bench
