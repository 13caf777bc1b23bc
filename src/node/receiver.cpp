// SPDX-License-Identifier: Apache-2.0
#include "node/receiver.hpp"

#include "base/planted.hpp"
#include "wire/sound.hpp"

namespace holdfast::node {

bool Roles::receive_all(const Peers::Arrived& arrived, std::string_view& what) {
  std::span<const std::byte> left = arrived.messages;
  while (!left.empty()) {
    wire::Frame frame;
    if (wire::cut_frame(left, limits::peer_frame_bytes_max, frame) != wire::Cut::frame) {
      what = "a message is cut off";
      return false;
    }
    left = left.subspan(frame.whole.size());
    std::string_view wrong;
    const auto step = [&](const auto& message) {
      wrong = wire::wrong_with(message);
      if (wrong.empty()) receive(arrived.from, message);
    };
    if (wire::dispatch(wire::BetweenPeers{}, frame.type, frame.body, step, what) != wire::Dispatch::done) return false;
    if (!wrong.empty()) {
      what = wrong;
      return false;
    }
  }
  return true;
}

void Roles::receive_frame(NodeId from, std::string_view frame) {
  std::string_view what;
  const bool fine = receive_all({.from = from, .messages = std::as_bytes(std::span(frame))}, what);
  HF_ASSERT(fine);
}

Roles::Timely Roles::timely(Epoch bound) const {
  if (bound == core.view.epoch) return Timely::now;
  return bound < core.view.epoch ? Timely::late : Timely::early;
}

template <class M>
bool Roles::is_due(NodeId from, Epoch bound, const M& message) {
  switch (timely(bound)) {
    case Timely::now: return true;
    case Timely::late: core.reached("a message of an earlier epoch is dropped"); return false;
    case Timely::early: {
      wire::Buffer bytes;
      wire::append_frame(bytes, message);
      kept_[{from, core.incarnation_of(from)}].early.push_back({.bound = bound, .bytes = std::string(bytes.text())});
      core.reached("a message of a later epoch is kept");
      return false;
    }
  }
  HF_ASSERT(false);
}

template <class M>
void Roles::search(NodeId from, const M& message) {
  if (is_due(from, message.epoch, message)) deadlocks.on(from, message);
}

bool Roles::receive_in_turn(const Peers::Arrived& arrived, std::string_view& what) {
  const auto kept = kept_.find({arrived.from, core.incarnation_of(arrived.from)});
  if (kept == kept_.end() || kept->second.due.empty()) return receive_all(arrived, what);
  kept->second.due.emplace_back(reinterpret_cast<const char*>(arrived.messages.data()), arrived.messages.size());
  return true;
}

void Roles::take_out_kept() {
  std::erase_if(kept_, [&](const auto& of) { return !core.is_member(of.first.first, of.first.second); });
  for (auto& [peer, kept] : kept_)
    for (; !kept.early.empty() && kept.early.front().bound <= core.view.epoch; kept.early.pop_front())
      kept.due.push_back(std::move(kept.early.front().bytes));
}

void Roles::receive_kept(Allowance& allowance) {
  constexpr std::size_t bytes_of_a_lock = 128;
  for (auto& [peer, kept] : kept_)
    while (!kept.due.empty() && !allowance.is_spent()) {
      const std::string first = std::move(kept.due.front());
      kept.due.pop_front();
      allowance.spend(Allowance::lock * static_cast<std::uint32_t>(1 + first.size() / bytes_of_a_lock));
      std::string_view what;
      if (!receive_all({.from = peer.first, .messages = std::as_bytes(std::span(first))}, what)) peers.reject(peer.first, what);
    }
}

void Roles::receive(NodeId from, const wire::Operation& message) {
  if (planted(Bug::drop_release_at_view) && home.phase() == cluster::HomePhase::collecting &&
      message.kind == wire::OperationKind::unlock && message.answer == wire::Answer::unwanted)
    return;
  if (!message.asked)
    master.on(from, message);
  else if (is_due(from, message.asked, message))
    home.on_asked(from, message);
}

void Roles::receive(NodeId from, const wire::Forward& message) {
  if (!is_due(from, message.operation.asked, message) || !core.view.has(message.origin)) return;
  if (!message.mastership)
    home.on_asked(message.origin, message.operation);  // it came to a master that was about to be none
  else
    master.on_asked(message.origin, message.mastership, message.generation, message.operation);
}

void Roles::receive(NodeId from, const wire::MasterReply& message) {
  if (is_due(from, message.epoch, message)) requester.on(message);
}

void Roles::receive(NodeId from, const wire::Remove& message) {
  if (is_due(from, message.epoch, message)) home.on(from, message);
}

void Roles::receive(NodeId from, const wire::MasterClaim& message) {
  // Late ones count, see Home.
  if (timely(message.epoch) == Timely::late || is_due(from, message.epoch, message)) home.on(from, message);
}

// A move is part of one epoch: a view change stops it, and both ends begin again.
void Roles::receive(NodeId from, const wire::Moving& message) {
  if (is_due(from, message.epoch, message)) requester.on(from, message);
}

void Roles::receive(NodeId from, const wire::MovingReply& message) {
  if (is_due(from, message.epoch, message)) master.on(from, message);
}

void Roles::receive(NodeId from, const wire::Install& message) {
  if (is_due(from, message.epoch, message)) master.on(from, message);
}

void Roles::receive(NodeId from, const wire::InstallLock& message) {
  if (is_due(from, message.epoch, message)) master.on(from, message);
}

void Roles::receive(NodeId from, const wire::InstallOperation& message) {
  if (is_due(from, message.epoch, message)) master.on(from, message);
}

void Roles::receive(NodeId from, const wire::Installed& message) {
  if (is_due(from, message.epoch, message)) home.on(from, message);
}

void Roles::receive(NodeId from, const wire::MoveDone& message) {
  if (is_due(from, message.epoch, message)) master.on(from, message);
}

void Roles::receive(NodeId from, const wire::MoveQuery& message) {
  if (is_due(from, message.epoch, message)) home.on(from, message);
}

void Roles::receive(NodeId from, const wire::MoveAsk& message) {
  if (is_due(from, message.epoch, message)) home.on(from, message);
}

void Roles::receive(NodeId from, const wire::MoveOrder& message) {
  if (is_due(from, message.epoch, message)) master.on(message);
}

void Roles::receive(NodeId from, const wire::RebuildLock& message) {
  if (is_due(from, message.epoch, message)) home.on(from, message);
}

void Roles::receive(NodeId from, const wire::ValueCopy& message) {
  if (!is_due(from, message.epoch, message)) return;
  copies.on(from, message);
  if (!message.resource) requester.on(message);
}

void Roles::receive(NodeId from, const wire::RebuildValue& message) {
  if (is_due(from, message.epoch, message)) home.on(from, message);
}

void Roles::receive(NodeId from, const wire::WaitsAsk& message) { search(from, message); }
void Roles::receive(NodeId from, const wire::WaitsReply& message) { search(from, message); }
void Roles::receive(NodeId from, const wire::PartiesAsk& message) { search(from, message); }
void Roles::receive(NodeId from, const wire::PartiesReply& message) { search(from, message); }
void Roles::receive(NodeId from, const wire::Reserve& message) { search(from, message); }
void Roles::receive(NodeId from, const wire::Reserved& message) { search(from, message); }
void Roles::receive(NodeId from, const wire::Unreserve& message) { search(from, message); }
void Roles::receive(NodeId from, const wire::Doom& message) { search(from, message); }

void Roles::receive(NodeId from, const wire::RebuildDone& message) {
  if (is_due(from, message.epoch, message)) home.on(from, message);
}

}  // namespace holdfast::node
