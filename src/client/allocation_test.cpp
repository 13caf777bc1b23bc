// SPDX-License-Identifier: Apache-2.0
// A lock and its release allocate nothing once the buffers have their size. Counted by replacing the global
// operator new of this test program, per thread: the scripted daemon may do as it likes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "client/fake_daemon_test.hpp"
#include "holdfast/client.hpp"

namespace {
thread_local long allocations = 0;
}

// Not inlined: the compiler would take the two halves of one pair for strangers.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size); memory != nullptr) return memory;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace holdfast::client {
namespace {

TEST(Allocation, none_for_a_lock_and_its_release) {
  constexpr int rounds = 300;
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    for (int i = 0; i < rounds; ++i) {
      peer.grant(ClaimId{(1ULL << 32) + static_cast<unsigned>(i)});
      peer.next<wire::Release>();
      peer.grant(ClaimId{(2ULL << 32) + static_cast<unsigned>(i)});
      peer.unlock();
    }
  });
  auto client = Client::connect({.socket = daemon.path()});
  ASSERT_TRUE(client.has_value());
  long before = 0;
  for (int i = 0; i < rounds; ++i) {
    if (i == rounds / 2) before = allocations;
    auto fast = client->lock("orders/17", Mode::EX);
    if (!fast || !fast->release_unanswered()) FAIL();
    auto slow = client->lock("orders/17", Mode::EX, {.when_blocked = WhenBlocked::fail});
    if (!slow || !slow->release()) FAIL();
  }
  EXPECT_EQ(allocations - before, 0);
}

TEST(Allocation, none_for_pipelined_callbacks) {
  constexpr int rounds = 400;
  constexpr int batch = 4;
  FakeDaemon daemon([](Peer& peer) {
    peer.greet();
    for (int i = 0; i < rounds; i += batch) {
      for (int k = 0; k < batch; ++k) peer.grant(ClaimId{(1ULL << 32) + static_cast<unsigned>(i + k)});
      for (int k = 0; k < batch; ++k) peer.next<wire::Release>();
    }
  });
  auto client = Client::connect({.socket = daemon.path()});
  ASSERT_TRUE(client.has_value());
  int granted = 0;
  long before = 0;
  client->cork();
  for (int i = 0; i < rounds; ++i) {
    if (i == rounds / 2) before = allocations;
    if (!client->lock_async("orders/17", Mode::EX, {}, [&](Result<Lock, Refusal> lock) {
          ++granted;
          (void)lock->release_unanswered();
        }))
      FAIL();
    while (i % batch == batch - 1 && granted <= i) {
      ASSERT_TRUE(client->poll(std::chrono::seconds(10)).has_value());
    }
  }
  EXPECT_EQ(allocations - before, 0);
}

}  // namespace
}  // namespace holdfast::client
