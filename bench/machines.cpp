// SPDX-License-Identifier: Apache-2.0
#include "bench/machines.hpp"

#include <memory>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "bench/node_load.hpp"
#include "bench/process.hpp"
#include "lock/engine.hpp"
#include "wire/client_messages.hpp"
#include "wire/framing.hpp"

namespace holdfast::bench {
namespace {

constexpr lock::Holder holder_of(std::uint32_t number) {
  return {.node = NodeId{1}, .claim = ClaimId{number}, .owner = OwnerId{number}};
}

// Keeps a result alive without costing anything.
template <class T>
void use(const T& value) {
  asm volatile("" : : "m"(value) : "memory");
}

using Run = std::function<void(std::size_t)>;

// An engine with some resources; the closures below own it.
struct Stage {
  Clock clock;
  lock::Engine engine{clock};
  std::vector<ResourceId> resources;
  std::vector<LockId> locks;
  lock::Outcomes outcomes;

  explicit Stage(std::size_t count) : locks(count) {
    for (std::size_t i = 0; i < count; ++i) resources.push_back(engine.create());
  }
  LockId request(std::size_t resource, std::uint32_t holder, Mode mode) {
    return engine.request(resources[resource], holder_of(holder), {.mode = mode}, outcomes);
  }
  void unlock(LockId lock) { HF_ASSERT(engine.unlock(lock, {}, outcomes) == Errc::ok); }
  void convert(LockId lock, Mode mode) { HF_ASSERT(engine.convert(lock, {.mode = mode}, outcomes) == Errc::ok); }
};

template <class Operation>
Run repeat(std::size_t resources, Operation operation) {
  return [stage = std::make_shared<Stage>(resources), operation](std::size_t count) mutable {
    for (std::size_t i = 0; i < count; ++i) {
      stage->outcomes.clear();
      operation(*stage);
      use(stage->outcomes);
    }
  };
}

Run engine_lock_unlock() {
  return repeat(1, [](Stage& stage) { stage.unlock(stage.request(0, 1, Mode::EX)); });
}

Run engine_many_resources() {
  constexpr std::size_t resources = 100'000;
  return repeat(resources, [at = std::size_t{0}](Stage& stage) mutable {
    at = (at + 7919) % resources;
    if (stage.locks[at]) stage.unlock(stage.locks[at]);
    stage.locks[at] = stage.request(at, 1, Mode::PR);
  });
}

// A holder leaves, the one that waits is granted, the former comes back and waits.
Run engine_hand_over() {
  return repeat(1, [held = LockId{}, waiting = LockId{}](Stage& stage) mutable {
    if (held)
      stage.unlock(held);
    else
      waiting = stage.request(0, 2, Mode::EX);
    held = waiting;
    waiting = stage.request(0, 1, Mode::EX);
  });
}

Run engine_convert() {
  return repeat(1, [](Stage& stage) {
    if (!stage.locks[0]) stage.locks[0] = stage.request(0, 1, Mode::NL);
    stage.convert(stage.locks[0], Mode::EX);
    stage.convert(stage.locks[0], Mode::NL);
  });
}

// What a daemon and its client do to one lock and its grant, without the daemon and the client.
void lock_and_granted(std::size_t count) {
  wire::Buffer stream;
  wire::Frame frame;
  std::string_view what;
  for (std::size_t i = 0; i < count; ++i) {
    wire::append_frame(stream, wire::Lock{.request = RequestId{i}, .mode = Mode::EX, .resource = "bench/orders/17"});
    HF_ASSERT(wire::cut_frame(stream.bytes(), limits::client_frame_bytes_max, frame) == wire::Cut::frame);
    HF_ASSERT(wire::dispatch(wire::ToDaemon{}, frame.type, frame.body, [](const auto& m) { use(m); }, what) ==
              wire::Dispatch::done);
    stream.consume(frame.whole.size());
    wire::append_frame(stream, wire::Granted{.request = RequestId{i}, .lock = ClaimId{i}, .mode = Mode::EX});
    HF_ASSERT(wire::cut_frame(stream.bytes(), limits::client_frame_bytes_max, frame) == wire::Cut::frame);
    HF_ASSERT(wire::dispatch(wire::ToClient{}, frame.type, frame.body, [](const auto& m) { use(m); }, what) ==
              wire::Dispatch::done);
    stream.consume(frame.whole.size());
  }
}

Run wire_lock_granted() { return lock_and_granted; }

constexpr MachineRow rows[] = {
    {"engine", "lock + unlock, one resource", engine_lock_unlock},
    {"engine", "unlock + lock, 100,000 resources", engine_many_resources},
    {"engine", "unlock, grant the waiter, queue again", engine_hand_over},
    {"engine", "convert NL to EX and back", engine_convert},
    {"node", "lock + release by frames, 64 in a turn", node_lock_release},
    {"wire", "encode and decode Lock and Granted", wire_lock_granted},
};

}  // namespace

std::span<const MachineRow> machine_rows() { return rows; }

Samples measure_machine(const MachineRow& row, std::size_t rounds, std::size_t count) {
  const auto run = row.make();
  run(count);  // warm
  Samples samples;
  for (std::size_t i = 0; i < rounds; ++i) {
    const Nanoseconds start = own_cpu_time();
    run(count);
    samples.add_number(static_cast<double>((own_cpu_time() - start).count()) / static_cast<double>(count));
  }
  return samples;
}

}  // namespace holdfast::bench
