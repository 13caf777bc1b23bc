// SPDX-License-Identifier: Apache-2.0
// A program of the rolling restart: load SOCKET NAME COUNTERS
// It holds held/NAME all the time and adds 1 to numbers that stand in value blocks (counter/0 ...), which programs of
// all nodes share, until its input ends. Then it prints one line of JSON: what went wrong, and what it added to each.
#include <poll.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "holdfast/client.hpp"

namespace {

using namespace std::chrono_literals;
using holdfast::Client;
using holdfast::Lock;
using holdfast::Mode;
using holdfast::ValueState;

struct Counter {
  std::string name;
  Lock keeper;  // NL: its value lives on
  unsigned added = 0;
};

struct Seen {
  unsigned requests = 0;
  unsigned doubtful = 0;
  unsigned lost = 0;
  double slowest_ms = 0;
  std::vector<std::string> failures;
};

bool input_ended() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  char byte = 0;
  return ::poll(&input, 1, 0) > 0 && ::read(STDIN_FILENO, &byte, 1) <= 0;
}

unsigned number_in(const std::string& text) {
  unsigned number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// False: it failed, and the reason was noted.
bool add_one(Counter& counter, Seen& seen) {
  const auto begin = std::chrono::steady_clock::now();
  ++seen.requests;
  const auto up = counter.keeper.convert(
      Mode::EX, {.wait_max = 30s, .read_value = holdfast::ReadValue::read});
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  seen.slowest_ms = std::max(seen.slowest_ms, took.count());
  if (!up) return seen.failures.push_back("up: " + up.error().text()), false;
  seen.doubtful += up->doubtful || up->value_state == ValueState::doubtful ? 1U : 0U;
  const std::string next = std::to_string(number_in(up->value) + 1);
  ++seen.requests;
  const auto down = counter.keeper.convert(Mode::NL, {.write_value = next});
  if (!down) return seen.failures.push_back("down: " + down.error().text()), false;
  ++counter.added;
  return true;
}

int fail(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  return 1;
}

void print(const std::vector<Counter>& counters, const Seen& seen) {
  std::printf("{\"requests\": %u, \"doubtful\": %u, \"lost\": %u, \"slowest_ms\": %.1f, \"added\": [", seen.requests,
              seen.doubtful, seen.lost, seen.slowest_ms);
  for (const Counter& counter : counters) std::printf("%s%u", &counter == counters.data() ? "" : ", ", counter.added);
  std::printf("], \"failures\": [");
  for (const std::string& failure : seen.failures)
    std::printf("%s\"%s\"", &failure == seen.failures.data() ? "" : ", ", failure.c_str());
  std::printf("]}\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return fail("load SOCKET NAME COUNTERS");
  auto client = Client::connect({.socket = argv[1], .label = argv[2]});
  if (!client) return fail(client.error().text());
  Seen seen;
  auto held = client->lock(std::string("held/") + argv[2], Mode::EX,
                           {.wait_max = 30s, .on_lost = [&](const holdfast::Error&) { ++seen.lost; }});
  if (!held) return fail(held.error().text());
  std::vector<Counter> counters(number_in(argv[3]));
  for (std::size_t i = 0; i < counters.size(); ++i) {
    counters[i].name = "counter/" + std::to_string(i);
    auto keeper = client->lock(counters[i].name, Mode::NL,
                               {.wait_max = 30s, .on_lost = [&](const holdfast::Error&) { ++seen.lost; }});
    if (!keeper) return fail(keeper.error().text());
    counters[i].keeper = *std::move(keeper);
  }
  std::puts("ready");
  std::fflush(stdout);
  for (std::size_t i = 0; !input_ended() && seen.failures.size() < 10; i = (i + 1) % counters.size()) {
    if (!add_one(counters[i], seen)) continue;
    if (!client->dispatch()) break;
  }
  if (!held->held()) ++seen.lost;
  print(counters, seen);
  return 0;
}
