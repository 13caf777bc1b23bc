// SPDX-License-Identifier: Apache-2.0
#include "cli/hold.hpp"

#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <optional>
#include <poll.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

std::string notice_line(const Common& common, Mode wanted) {
  if (common.json) return nlohmann::ordered_json{{"wanted", name_of(wanted)}}.dump() + "\n";
  return fmt::format("{} is wanted\n", name_of(wanted));
}

std::string eviction_text(const std::string& shown, const Eviction& what) {
  return fmt::format("'{}': pid {} ({}) of user {} on node {} will take the lock away in {}: {}", shown, what.by.pid,
                     escaped(what.by.command), escaped(what.by.user), what.by.node.value(),
                     time_text(what.at - BootClock::now()), escaped(what.reason));
}

// True as long as somebody holds the other end of our input; what it says is of no interest.
bool input_goes_on() {
  std::array<char, 4096> ignored{};
  return ::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0;
}

// Prints notices. The reason, if the lock or the session is lost.
std::optional<std::string> read_events(const Common& common, Client& client, const std::string& shown) {
  const auto read = client.dispatch();
  while (const auto event = client.next_event()) {
    if (const auto* notice = std::get_if<event::Notice>(&*event))
      print(notice_line(common, notice->wanted));
    if (const auto* evicting = std::get_if<event::Evicting>(&*event))
      complain(eviction_text(shown, evicting->what));
    if (const auto* lost = std::get_if<event::Lost>(&*event)) return lost->why.text();
  }
  if (!read) return read.error().text();
  return std::nullopt;
}

}  // namespace

int hold_until_end(const Common& common, Client& client, const std::string& shown, const Fd& signals) {
  std::array<pollfd, 3> polled{{{.fd = client.fd(), .events = POLLIN, .revents = 0},
                                {.fd = signals.number(), .events = POLLIN, .revents = 0},
                                {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}}};
  while (true) {
    if (const auto loss = read_events(common, client, shown)) {
      complain(fmt::format("'{}': the lock is lost: {}", shown, *loss));
      return exit_lost;
    }
    // Behind what the daemon says: if it ends it takes the deadline back, and says why.
    if (client.valid_until() < BootClock::now()) {
      complain(fmt::format("'{}': the lock is lost: the lease of node {} ran out", shown,
                           client.node().value()));
      return exit_lost;
    }
    // One look each second, so that a lease that runs out under a daemon that stands still is seen
    // too.
    ::poll(polled.data(), polled.size(), 1000);
    if (polled[1].revents != 0) return exit_ok;
    if (polled[2].revents != 0 && !input_goes_on()) return exit_ok;
  }
}

}  // namespace holdfast::cli
