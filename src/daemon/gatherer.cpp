// SPDX-License-Identifier: Apache-2.0
#include "daemon/gatherer.hpp"

#include <algorithm>
#include <utility>

#include "io/clock.hpp"
#include "wire/framing.hpp"

namespace holdfast::daemon {
namespace {

using cluster::Gathering;
using cluster::GatheringNote;

constexpr int polls_per_lease = 8;

cluster::Ring ring_of(const io::CorosyncRing& ring) { return {.node = ring.node, .sequence = ring.sequence}; }

std::vector<std::byte> bytes_of(const Gathering::Message& message) {
  wire::Buffer buffer;
  std::visit([&](const auto& m) { wire::append_frame(buffer, m); }, message);
  return {buffer.bytes().begin(), buffer.bytes().end()};
}

std::string_view text_of(GatheringNote note) {
  switch (note) {
    case GatheringNote::twin: return "this node number is in the group twice: no new view before one of them ends";
    case GatheringNote::no_quorum: return "this side of the cluster has no quorum: no new view, the lease runs out";
    case GatheringNote::silent: return "the daemon of this node hangs: it is left out if the others are a majority";
    case GatheringNote::not_sound: return "the daemon of this node announces what no view can be made of";
    case GatheringNote::wrong_version:
      return "the daemon of this node speaks another version of the group protocol: it is left out if the others are "
             "a majority";
  }
  return {};
}

}  // namespace

Gatherer::Gatherer(io::EventLoop& loop, io::Log& log, const io::Config& config, cluster::Promises promises,
                   OnGatherer on)
    : log_(log),
      config_(config),
      on_(std::move(on)),
      machine_(config.node, std::move(promises)),
      // Clusters of other names on the same machines have groups of their own.
      corosync_(loop, log, {.node = config.node, .group = "holdfast:" + config.cluster}, on_corosync()),
      beat_(loop.timer([this] { on_beat(); })),
      poll_(loop.timer([this] { on_poll(); })) {
  on_beat();
}

io::OnCorosync Gatherer::on_corosync() {
  return {.group = {.members =
                        [this](const io::CorosyncRing& ring, std::span<const io::CorosyncMember> members) {
                          cluster::Group group{.ring = ring_of(ring), .members = {}};
                          for (const io::CorosyncMember& member : members)
                            group.members.push_back({.node = member.node, .process = member.process});
                          group_ring_ = group.ring;
                          step([&](Gathering::Effects& out) { machine_.on_group(group, out); });
                        },
                    .message = [this](const io::CorosyncMember& from,
                                      std::span<const std::byte> bytes) { on_message(from, bytes); }},
          .votes = [this](const io::CorosyncVotes& votes) { on_votes(votes); },
          .lost = [this] { on_lost(); },
          .failed = [this](const Error& error) { on_.failed(error); }};
}

void Gatherer::begin_life(const Life& life) {
  step([&](Gathering::Effects& out) {
    machine_.on_life(
        {.incarnation = life.incarnation, .address = life.peer_address, .weight = config_.weight}, out);
  });
}

// What is not understood comes from a newer release, which has reason to say it, or from nobody of ours.
void Gatherer::on_message(const io::CorosyncMember& from, std::span<const std::byte> bytes) {
  wire::Frame frame;
  if (wire::cut_frame(bytes, limits::peer_frame_bytes_max, frame) != wire::Cut::frame) return;
  std::string_view what;
  const auto take = [&](const auto& message) {
    step([&](Gathering::Effects& out) { machine_.on_message({.node = from.node, .process = from.process}, message, out); });
  };
  if (wire::dispatch(wire::BetweenGroupMembers{}, frame.type, frame.body, take, what) != wire::Dispatch::done)
    log_.write(io::LogLevel::debug, "message in the process group not understood",
               {{"node", from.node.value()}, {"type", frame.type}, {"what", what}});
}

void Gatherer::on_votes(const io::CorosyncVotes& votes) {
  warn_of(votes);
  const bool counted = votes.device.kind == io::CorosyncDevice::Kind::counted;
  device_.set({.timeout = votes.device.timeout,
               .sync_timeout = votes.device.sync_timeout,
               .ring_break = votes.device.ring_break,
               .gap_max = config_.lease / 2});
  quorum_ = {.ring = ring_of(votes.ring),
             .quorate = votes.quorate,
             .configured_votes = votes.configured,
             .votes = votes.own,
             .tie_breaker = votes.tie_breaker,
             .device_votes = counted ? votes.device.votes : 0,
             .device_timeout = std::chrono::ceil<std::chrono::milliseconds>(votes.device.timeout)};
  if (!counted) device_.forget();
  if (counted && poll_.armed() == Instant::never()) poll_.arm(io::boot_now());
  on_quorum();
}

void Gatherer::warn_of(const io::CorosyncVotes& votes) {
  const bool odd_device = votes.device.kind == io::CorosyncDevice::Kind::not_counted;
  if ((!votes.half_is_quorum && !odd_device) || std::exchange(warned_of_votes_, true)) return;
  log_.write(io::LogLevel::warning,
             odd_device ? "corosync has a quorum device that is not counted here (model net with algorithm ffsplit and "
                          "a vote of its own is): without it, a node without more than half of the votes takes no view"
                        : "corosync gives quorum by two_node, which is not counted here: a node without more than half "
                          "of the votes (or half and the tie-breaker) takes no view",
             {{"configured_votes", votes.configured}});
}

void Gatherer::on_quorum() {
  cluster::Quorum quorum = *quorum_;
  quorum.device_settled = quorum.device_votes != 0 && device_.is_settled(io::boot_now(), quorum.ring);
  if (std::exchange(told_settled_, quorum.device_settled) != quorum.device_settled)
    log_.write(io::LogLevel::info, quorum.device_settled ? "the quorum device stands with us, and counts for views"
                                                         : "the quorum device counts for no view of ours any more");
  step([&](Gathering::Effects& out) { machine_.on_quorum(quorum, out); });
}

// No answer is none of the device's; if there is none for long, DeviceVote sees it by the gap.
void Gatherer::on_poll() {
  poll_.arm(io::boot_now() + config_.lease / polls_per_lease);
  const Instant asked = io::boot_now();
  const std::optional<io::CorosyncDeviceWord> word = corosync_.ask_device();
  if (!word || !quorum_ || quorum_->device_votes == 0) return;
  // An answer that took long is as old as the question.
  if (io::boot_now() - asked > config_.lease / polls_per_lease) return;
  device_.on_poll(asked, device_poll(*word));
  if (device_.counts()) on_.device_polled(asked);
  if (device_.is_settled(io::boot_now(), quorum_->ring) != told_settled_) on_quorum();
}

// Quorum of another ring than the group's says nothing about the group, and the group's ring may be ahead.
cluster::DevicePoll Gatherer::device_poll(const io::CorosyncDeviceWord& word) const {
  using cluster::DeviceSays;
  const cluster::Ring ring = ring_of(word.ring);
  DeviceSays says = DeviceSays::no;
  if (word.votes_for_us) says = word.in_ring && ring == group_ring_ ? DeviceSays::stands : DeviceSays::waiting;
  return {.says = says, .ring = ring, .whole = machine_.is_whole()};
}

void Gatherer::on_lost() {
  device_.forget();
  quorum_.reset();
  told_settled_ = false;
  machine_.on_disconnected();
}

// Missing a few of them costs a node its place in the view, and that only after its lease.
void Gatherer::on_beat() {
  beat_.arm(io::boot_now() + config_.lease / 4);
  step([&](Gathering::Effects& out) { machine_.on_beat(out); });
}

void Gatherer::step(const auto& event) {
  Gathering::Effects out;
  event(out);
  for (const Gathering::Note& note : out.notes) print(note);
  if (out.save)
    if (const Result<void> saved = on_.save(*out.save); !saved) return on_.failed(saved.error());
  for (const Gathering::Message& message : out.sends) corosync_.send(bytes_of(message));
  for (const View& view : out.views) on_.view(view);
  if (out.over) on_.over(*out.over);
}

void Gatherer::print(const Gathering::Note& note) {
  log_.write(io::LogLevel::warning, text_of(note.note), {{"node", note.node.value()}});
}

cluster::Promises promises_in(const io::StateFile::Content& content) {
  cluster::Promises promises{.epoch = content.epoch, .promised = {}};
  // A node that knows nothing may have known much before its state was lost.
  if (!promises.epoch) promises.epoch = Epoch{io::wall_seconds()};
  wire::GroupView view;
  const auto bytes = std::as_bytes(std::span(content.promised));
  if (!bytes.empty() && wire::decode(bytes, view)) promises.promised = from_group(view);
  return promises;
}

void put_promises(const cluster::Promises& promises, io::StateFile::Content& content) {
  content.epoch = std::max(content.epoch, promises.epoch);
  if (!promises.promised) return;
  const wire::GroupView view = wire::to_group(*promises.promised);
  content.promised.assign(wire::encoded_size(view), '\0');
  wire::put(reinterpret_cast<std::byte*>(content.promised.data()), view);
}

}  // namespace holdfast::daemon
