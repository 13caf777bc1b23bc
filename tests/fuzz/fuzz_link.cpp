// SPDX-License-Identifier: Apache-2.0
// The link machine. First half of the bytes: what two honest ends and a connection that breaks do, in an
// order that the input chooses; every message must arrive once and in order. Second half: a peer that sends
// whatever it likes; the link may refuse, but must keep its own frames straight.
#include "cluster/link.hpp"
#include "fuzz/fuzz.hpp"

namespace holdfast::fuzz {
namespace {

constexpr Token a_clock{Epoch{1}, 1};

struct End {
  cluster::Link link;
  wire::Buffer wire;  // sent over the connection that stands, not yet arrived
  std::uint64_t sent = 0;
  std::uint64_t applied = 0;
};

void apply_messages(std::span<const std::byte> messages, End& to) {
  for (wire::Frame frame; !messages.empty(); messages = messages.subspan(frame.whole.size())) {
    HF_ASSERT(wire::cut_frame(messages, messages.size(), frame) == wire::Cut::frame);
    wire::RebuildValue message;
    HF_ASSERT(wire::decode(frame.body, message));
    HF_ASSERT(message.write_number == ++to.applied);
  }
}

void deliver(End& from, End& to, std::size_t count) {
  std::span<const std::byte> arrived = from.wire.bytes().first(std::min(count, from.wire.size()));
  std::size_t done = 0;
  for (wire::Frame frame; wire::cut_frame(arrived, limits::peer_frame_bytes_max, frame) == wire::Cut::frame;) {
    wire::LinkData head;
    HF_ASSERT(wire::decode(frame.body, head));
    HF_ASSERT(to.link.acknowledge(head.received));
    const auto arrival = to.link.arrive(head.sequence);
    HF_ASSERT(arrival != cluster::Link::Arrival::gap);
    if (arrival == cluster::Link::Arrival::apply) apply_messages(frame.body.subspan(wire::link_data_bytes), to);
    done += frame.whole.size();
    arrived = arrived.subspan(frame.whole.size());
  }
  from.wire.consume(done);
}

void connect(End& from, End& to) {
  from.wire.clear();
  HF_ASSERT(from.link.acknowledge(to.link.received()));
  from.link.resend(from.wire);
}

void append(End& end, std::size_t value_bytes) {
  const std::string value(value_bytes, 'v');
  end.link.append(wire::RebuildValue{.write_number = ++end.sent, .value = value});
}

void honest(Input input) {
  End ends[2];
  bool connected = true;
  while (!input.empty()) {
    const unsigned op = input.byte();
    End& from = ends[op & 1];
    End& to = ends[1 - (op & 1)];
    switch ((op >> 1) % 6) {
      case 0: append(from, op & 0xf0U ? 0 : 1000); break;
      case 1:  // a turn that is too long for one frame
        for (unsigned i = 0; i < 270; ++i) append(from, 1000);
        break;
      case 2: from.link.seal(a_clock, connected ? &from.wire : nullptr); break;
      case 3:
        if (connected) deliver(from, to, std::size_t{input.byte()} * 17);
        break;
      case 4:
        connected = false;
        ends[0].wire.clear();
        ends[1].wire.clear();
        break;
      case 5:
        connect(ends[0], ends[1]);
        connect(ends[1], ends[0]);
        connected = true;
        break;
    }
  }
  for (int i : {0, 1}) {
    ends[i].link.seal(a_clock, nullptr);
    connect(ends[i], ends[1 - i]);
    deliver(ends[i], ends[1 - i], ends[i].wire.size());
    HF_ASSERT(ends[1 - i].applied == ends[i].sent);
  }
}

void hostile(Input input) {
  cluster::Link link;
  std::uint64_t sealed = 0;
  while (!input.empty()) {
    const unsigned op = input.byte();
    const std::uint64_t number = op & 0x80U ? input.number() : input.byte();
    const std::uint64_t received = link.received();
    switch (op % 3) {
      case 0: {
        const auto arrival = link.arrive(number);
        HF_ASSERT((arrival == cluster::Link::Arrival::apply) == (number == received + 1));
        HF_ASSERT(link.received() == received + (arrival == cluster::Link::Arrival::apply ? 1 : 0));
        break;
      }
      case 1: HF_ASSERT(link.acknowledge(number) == (number <= sealed)); break;
      case 2:
        link.append(wire::Probe{.number = number});
        link.seal(a_clock, nullptr);
        ++sealed;
        break;
    }
    HF_ASSERT(link.acknowledged() <= sealed && link.next_sequence() == sealed + 1);
    HF_ASSERT((link.kept_bytes() == 0) == (link.acknowledged() == sealed));
  }
}

}  // namespace
}  // namespace holdfast::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Long turns are slow; a few hundred steps say everything.
  size = std::min<std::size_t>(size, 512);
  holdfast::fuzz::honest({data, size / 2});
  holdfast::fuzz::hostile({data + size / 2, size - size / 2});
  return 0;
}
