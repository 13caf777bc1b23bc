// SPDX-License-Identifier: Apache-2.0
// What a home writes down when a resource has another master, and how it keeps trees together.
#include "node/home.hpp"

namespace holdfast::node {

// ---- trees ----------------------------------------------------------------------------------------------
// A tree moves root first: when its root has a new master, what is below it is ordered there, one by one. So are all
// trees when a view is open, since one half of a move may have been lost, or one half of a tree. Nothing but the number
// of messages depends on it: a master never looks at another resource of the tree.

// Once for all that comes of one tree before its turn: a tree that lost its master comes back piece by piece.
void Home::gather(std::string_view prefix) {
  const bool has_begun = to_gather_.size() == 1 && !gathered_.empty();
  if (!to_gather_.empty() && to_gather_.back() == prefix && !has_begun) return;
  if (directory_.path_behind({}, prefix) != nullptr) to_gather_.emplace_back(prefix);
}

void Home::gather_tree_of(std::string_view key) {
  if (directory_.has_paths()) gather(path_prefix_of(root_key_of(key)));
}

void Home::gather_trees(Allowance& allowance) {
  while (!to_gather_.empty() && !allowance.is_spent()) {
    const std::string* const path = directory_.path_behind(gathered_, to_gather_.front());
    if (path == nullptr) {
      to_gather_.pop_front();
      gathered_.clear();
      continue;
    }
    allowance.spend(Allowance::lock);
    gathered_ = *path;
    send_to_root(gathered_);
  }
}

// What has another master than its root is ordered there.
void Home::send_to_root(const std::string& path) {
  const cluster::Entry* entry = directory_.find(path);
  const cluster::Entry* root = directory_.find(root_key_of(path));
  if (entry == nullptr || root == nullptr || !is_alive(*entry) || !is_alive(*root)) return;
  if (entry->master == root->master || core_.is_leaving(root->master)) return;  // who leaves gives it away soon
  core_.reached("a sub-resource is sent to the master of its root");
  const std::string key = path;
  post_.send(entry->master, wire::MoveOrder{.epoch = core_.view.epoch, .origin = {}, .number = 0, .to = root->master,
                                            .key = key});
}

// ---- moves ----------------------------------------------------------------------------------------------

template <class Message>
void Home::hold_until_open(NodeId from, const Message& message) {
  wire::Buffer bytes;
  wire::append_frame(bytes, message);
  questions_.push_back({.origin = from, .bytes = std::string(bytes.text())});
}

void Home::serve_questions() {
  for (const Held& held : std::exchange(questions_, {})) {
    std::span<const std::byte> bytes = std::as_bytes(std::span(held.bytes));
    wire::Frame frame;
    std::string_view what;
    const bool cut = wire::cut_frame(bytes, limits::peer_frame_bytes_max, frame) == wire::Cut::frame;
    HF_ASSERT(cut);
    const auto serve = [&](const auto& message) { on(held.origin, message); };
    const wire::Dispatch done = wire::dispatch(
        wire::MessageList<wire::MoveAsk, wire::Installed, wire::MoveQuery>{}, frame.type, frame.body, serve, what);
    HF_ASSERT(done == wire::Dispatch::done);
  }
}

void Home::on(NodeId from, const wire::MoveAsk& message) {
  if (core_.home(slot_of(message.key)) != core_.self()) return;
  if (barrier_.phase() != cluster::HomePhase::open) return hold_until_open(from, message);
  const cluster::Entry* entry = directory_.find(message.key);
  const LockspacePolicy& policy = core_.policy_of_key(message.key);
  const auto is_target = [&](const PinnedNode& pinned) { return pinned.node == message.to; };
  Errc status = Errc::ok;
  const bool alive = entry != nullptr && is_alive(*entry);
  if (!alive && has_to_wait(message.key))
    status = Errc::recovering;
  else if (!alive)
    status = Errc::no_such_resource;
  else if (is_path_key(message.key))
    status = Errc::not_movable;
  else if (policy.mastering == Mastering::home ||
           (policy.mastering == Mastering::pinned && std::ranges::none_of(policy.pinned, is_target)))
    status = Errc::not_movable;
  if (status == Errc::ok)
    post_.send(entry->master, wire::MoveOrder{.epoch = core_.view.epoch, .origin = from, .number = message.number,
                                              .to = message.to, .key = message.key});
  else
    post_.send(from, wire::MoveAnswer{.number = message.number, .status = status});
}

// The new master has all of it, and the old one serves no more: it is the moment at which one takes the place
// of the other, also if the old one has been lost meanwhile.
void Home::on(NodeId from, const wire::Installed& message) {
  core_.saw(message.mastership);
  if (core_.home(slot_of(message.key)) != core_.self()) return;
  if (barrier_.phase() != cluster::HomePhase::open) return hold_until_open(from, message);
  cluster::Entry* entry = directory_.find(message.key);
  const bool from_old = entry != nullptr && entry->master == message.before && entry->mastership == message.mastership_before;
  const bool known = entry != nullptr && entry->master == from && entry->mastership == message.mastership;
  wire::MoveDone done{.epoch = core_.view.epoch, .mastership_before = message.mastership_before,
                      .mastership = message.mastership, .status = from_old || known ? Errc::ok : Errc::busy,
                      .key = message.key};
  if (from_old)
    *entry = {.master = from, .incarnation = core_.incarnation_of(from), .mastership = message.mastership,
              .generation = 0};
  const std::string key(message.key);  // the answer may change what it points into
  done.key = key;
  post_.send(from, done);
  // If it is somebody else's by now, it is not the old master's either, who may not have heard of that.
  done.status = Errc::ok;
  post_.send(message.before, done);
  if (is_path_key(key))
    send_to_root(key);
  else
    gather_tree_of(key);
}

void Home::on(NodeId from, const wire::MoveQuery& message) {
  if (core_.home(slot_of(message.key)) != core_.self()) return;
  if (barrier_.phase() != cluster::HomePhase::open) return hold_until_open(from, message);
  const cluster::Entry* entry = directory_.find(message.key);
  const bool still = entry != nullptr && entry->master == from && entry->mastership == message.mastership_before;
  post_.send(from, wire::MoveDone{.epoch = core_.view.epoch, .mastership_before = message.mastership_before,
                                  .mastership = message.mastership, .status = still ? Errc::busy : Errc::ok,
                                  .key = message.key});
}

}  // namespace holdfast::node
