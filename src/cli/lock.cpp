// SPDX-License-Identifier: Apache-2.0
// `holdfast lock`: holds a lock until the end of its input or a signal, and tells what happens to
// it.
#include "cli/acquire.hpp"
#include "cli/arguments.hpp"
#include "cli/exit_code.hpp"
#include "cli/process.hpp"
#include "cli/terminal.hpp"
#include "model/name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <memory>
#include <poll.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

struct Options {
  std::string name;
  std::string lockspace;
  std::string label;
  Patience patience;
  Mode mode = Mode::EX;
};

std::string granted_line(const Common& common, const std::string& name, const Lock& lock) {
  if (common.json)
    return nlohmann::ordered_json{{"name", escaped(name)},
                                  {"mode", name_of(lock.mode())},
                                  {"token", to_text(lock.token())}}
               .dump() +
           "\n";
  return fmt::format("granted {} {} token {}\n", name_of(lock.mode()), escaped(name),
                     to_text(lock.token()));
}

std::string notice_line(const Common& common, Mode wanted) {
  if (common.json) return nlohmann::ordered_json{{"wanted", name_of(wanted)}}.dump() + "\n";
  return fmt::format("{} is wanted\n", name_of(wanted));
}

// True as long as somebody holds the other end of our input; what it says is of no interest.
bool input_goes_on() {
  std::array<char, 4096> ignored{};
  return ::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0;
}

// Prints notices. The reason, if the lock or the session is lost.
std::optional<std::string> read_events(const Common& common, Client& client) {
  const auto read = client.dispatch();
  while (const auto event = client.next_event()) {
    if (const auto* notice = std::get_if<event::Notice>(&*event))
      print(notice_line(common, notice->wanted));
    if (const auto* lost = std::get_if<event::Lost>(&*event)) return lost->why.text();
  }
  if (!read) return read.error().text();
  return std::nullopt;
}

int hold(const Common& common, Client& client, const std::string& name, const Fd& signals) {
  std::array<pollfd, 3> polled{{{.fd = client.fd(), .events = POLLIN, .revents = 0},
                                {.fd = signals.number(), .events = POLLIN, .revents = 0},
                                {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}}};
  while (true) {
    if (const auto loss = read_events(common, client)) {
      complain(fmt::format("'{}': the lock is lost: {}", escaped(name), *loss));
      return exit_lost;
    }
    // One look each second, so that a lease that runs out under a daemon that stands still is seen
    // too.
    ::poll(polled.data(), polled.size(), 1000);
    if (client.valid_until() < BootClock::now()) {
      complain(fmt::format("'{}': the lock is lost: the lease of node {} ran out", escaped(name),
                           client.node().value()));
      return exit_lost;
    }
    if (polled[1].revents != 0) return exit_ok;
    if (polled[2].revents != 0 && !input_goes_on()) return exit_ok;
  }
}

int lock(const Common& common, const Options& options) {
  const auto name = name_argument(common, options.name);
  if (!name) return refused_argument("lock", name.error());
  LockOptions lock_options{.notices = Notices::wanted};
  if (const auto applied = apply(options.patience, lock_options); !applied)
    return refused_argument("lock", applied.error());
  Acquired got = acquire({.common = common,
                          .lockspace = options.lockspace,
                          .name = *name,
                          .mode = options.mode,
                          .options = lock_options,
                          .connect = {.label = options.label}});
  if (!got.client) return got.exit_code;
  // While it waited, a signal simply ended it. Before anybody reads that we hold the lock, that
  // must change.
  const Fd signals = open_signalfd({SIGINT, SIGTERM, SIGHUP});
  if (!print(granted_line(common, *name, got.lock))) return exit_failed;
  const int code = hold(common, *got.client, *name, signals);
  if (code != exit_ok) return code;
  const auto released = got.lock.release();
  return released ? exit_ok : failed(released.error());
}

}  // namespace

Run declare_lock(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("NAME", options->name, "what to lock: any bytes, 255 at most")->required();
  add_mode_option(app, options->mode);
  add_patience_options(app, options->patience);
  app.add_option("--lockspace", options->lockspace, "the lockspace of the name (default: default)");
  app.add_option("--label", options->label, "free text that `holdfast ls` shows");
  return [options](const Common& common) { return lock(common, *options); };
}

}  // namespace holdfast::cli
