// SPDX-License-Identifier: Apache-2.0
#include "daemon/crash_log.hpp"

#include <array>
#include <fmt/format.h>

#include "io/crash_report.hpp"
#include "model/name.hpp"
#include "node/flight.hpp"

namespace holdfast::daemon {
namespace {

// Without allocating: what is not printable is shown as a question mark.
std::string_view printable(std::string_view key, std::array<char, node::FlightEvent::key_bytes_max>& room) {
  std::ranges::transform(key, room.begin(), [](char c) { return c >= ' ' && c <= '~' ? c : '?'; });
  return {room.data(), key.size()};
}

void tell(const void* about, const io::CrashText& text) {
  text.line("What happened last to the names that this daemon was master of, oldest first (seconds after the boot of the");
  text.line("machine, key if it was at hand, resource, what, mode, status, lock):");
  static_cast<const node::Flight*>(about)->for_each([&](const node::FlightEvent& event) {
    std::array<char, 400> line;
    std::array<char, node::FlightEvent::key_bytes_max> room;
    const auto end = fmt::format_to_n(line.data(), line.size(), "{}.{:06} {} #{} {} {} {} {}:{}",
                                      event.at.since_boot().count() / 1'000'000'000,
                                      event.at.since_boot().count() / 1'000 % 1'000'000, printable(event.key(), room), event.resource.value(),
                                      name_of(event.what), name_of(event.mode), name_of(event.status), event.node.value(),
                                      event.lock.value());
    text.line({line.data(), static_cast<std::size_t>(end.out - line.data())});
  });
}

}  // namespace

void log_crashes_of(const node::Node& node, const std::filesystem::path& state_dir) {
  io::set_crash_report({.path = state_dir / crash_log_name, .tell = tell, .about = &node.flight()});
}

}  // namespace holdfast::daemon
