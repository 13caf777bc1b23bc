// SPDX-License-Identifier: Apache-2.0
// counter: adds 1 to a number that the whole cluster shares. The number lives in the lock's own value block,
// so nothing is needed besides the lock manager. Start it on as many nodes and as often as you like.
//
// usage: counter NAME [TIMES]
#include <holdfast/client.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace std::chrono_literals;

namespace {

int failed(const holdfast::Error& error) {
  std::fprintf(stderr, "counter: %s\n", error.text().c_str());
  return 1;
}

// One round: lock and read, add, write and unlock.
holdfast::Result<long> add_one(holdfast::Client& client, const std::string& name) {
  auto lock = client.lock(name, holdfast::Mode::EX,
                          {.wait_max = 10s, .read_value = holdfast::ReadValue::read});
  if (!lock) return lock.error();
  // Whoever held it died while it could write: what stands there may be one too few. A program with a
  // better source would look there now.
  if (lock->value_state() == holdfast::ValueState::doubtful) std::fputs("counter: the value is doubtful\n", stderr);
  const long next = std::atol(lock->value().c_str()) + 1;
  const std::string text = std::to_string(next);
  if (const auto done = lock->release({.write_value = text}); !done) return done.error();
  return next;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: counter NAME [TIMES]\n", stderr);
    return 2;
  }
  auto client = holdfast::Client::connect({.label = "counter example"});
  if (!client) return failed(client.error());
  for (int left = argc > 2 ? std::atoi(argv[2]) : 1; left > 0; --left) {
    const auto count = add_one(*client, argv[1]);
    if (!count) return failed(count.error());
    std::printf("%ld\n", *count);
  }
}
