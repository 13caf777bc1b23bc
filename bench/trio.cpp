// SPDX-License-Identifier: Apache-2.0
#include "bench/trio.hpp"

#include "bench/lock_load.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

namespace holdfast::bench {
namespace {

constexpr int start_ms_max = 20'000;
constexpr const char* lease_ms = "60000";  // it is confirmed away, and a busy machine must not let one run out
constexpr std::uint64_t first_epoch = 4'000'000'000;  // above the wall clock's seconds, where daemons begin

// Its line of JSON: where it listens, and as which incarnation.
nlohmann::json ready_line(const Fd& told, const std::string& errors) {
  std::string line;
  while (line.empty() || line.back() != '\n') {
    pollfd waiting{.fd = told.get(), .events = POLLIN, .revents = 0};
    char byte = 0;
    if (::poll(&waiting, 1, start_ms_max) != 1 || ::read(told.get(), &byte, 1) != 1)
      give_up_plainly(fmt::format("a daemon did not come up; what it said is in {}", errors));
    line += byte;
  }
  return nlohmann::json::parse(line, nullptr, false);
}

}  // namespace

Trio::Trio(const std::string& directory) : directory_(directory), processors_(two_processors()) {
  view_ = {.epoch = Epoch{first_epoch}, .members = {}, .configured_votes = nodes};
  for (int node = 1; node <= nodes; ++node) {
    const std::string home = fmt::format("{}/n{}", directory_, node);
    const std::string errors = home + ".err";
    if (::mkdir(home.c_str(), 0700) != 0) give_up("cannot make a directory");
    const OnProcessor there(processor(node));
    Fd told;
    daemons_[index(node)] = Process::start(
        {program("holdfastd"), "--node", std::to_string(node), "--membership", "manual", "--peer-listen",
         "127.0.0.1:0", "--socket", socket(node), "--state-dir", home, "--ready-fd", "1", "--log-level", "warning",
         "--lease", lease_ms},
        errors, told);
    const nlohmann::json ready = ready_line(told, errors);
    view_.members.push_back({.node = NodeId{static_cast<std::uint32_t>(node)},
                             .incarnation = Incarnation{ready.at("incarnation").get<std::uint64_t>()},
                             .address = ready.at("peer_address").get<std::string>()});
  }
  for (int node = 1; node <= nodes; ++node) must(connect(socket(node)).set_view(view_), "a view was refused");
  const Nanoseconds give_up_at = now() + std::chrono::milliseconds(start_ms_max);
  for (int node = 1; node <= nodes; ++node) {
    Client client = connect(socket(node));
    while (must(client.status(), "no status").phase != NodePhase::open) {
      if (now() > give_up_at) give_up_plainly(fmt::format("node {} does not serve in the first view", node));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

// Whatever they hold, nobody is to take it over now.
Trio::~Trio() {
  for (Process& daemon : daemons_) daemon.kill();
}

std::string Trio::socket(int node) const { return fmt::format("{}/n{}.sock", directory_, node); }

View Trio::view_without(int gone) const {
  View view = view_;
  view.epoch = Epoch{first_epoch + 1};
  std::erase_if(view.members, [&](const Member& m) { return m.node == NodeId{static_cast<std::uint32_t>(gone)}; });
  return view;
}

}  // namespace holdfast::bench
