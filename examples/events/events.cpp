// SPDX-License-Identifier: Apache-2.0
// events: a lock inside of an event loop. One process leads at a time; the leader is told when somebody else
// wants to, finishes what it does and hands over. Nothing blocks, and no thread runs behind the loop.
//
// usage: events NAME [TERMS]      leads TERMS times (1), hands over each time somebody asks
#include <holdfast/client.hpp>
#include <poll.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

using namespace std::chrono_literals;

namespace {

class Leader {
 public:
  Leader(holdfast::Client& client, std::string name, int terms)
      : client_(client), name_(std::move(name)), terms_left_(terms) {}

  void stand() {
    const auto asked = client_.lock_async(
        name_, holdfast::Mode::EX,
        {.on_notice = [this](holdfast::Mode) { wanted_ = true; },
         .on_lost = [](const holdfast::Error& why) { std::printf("lost: %s\n", why.text().c_str()); },
         .on_waiting = [](const auto& blockers) { std::printf("behind %zu\n", blockers.size()); }},
        [this](holdfast::Result<holdfast::Lock, holdfast::Refusal> lock) { elected(std::move(lock)); });
    if (!asked) over(asked.error());
  }
  // One turn of the program's own loop.
  void work() {
    if (!lock_) return;
    if (!lock_->held()) return over(holdfast::Error{holdfast::Errc::lost});
    // ... a piece of work, marked with lock_->token() ...
    ++done_;
    if (!wanted_ && done_ < pieces_per_term) return;
    std::printf("hands over\n");
    lock_.reset();
    wanted_ = false;
    if (--terms_left_ > 0) stand();
    else finished_ = true;
  }
  [[nodiscard]] bool finished() const { return finished_; }
  [[nodiscard]] int exit_code() const { return exit_code_; }

 private:
  static constexpr int pieces_per_term = 3;

  void elected(holdfast::Result<holdfast::Lock, holdfast::Refusal> lock) {
    if (!lock) return over(lock.error());
    lock_ = std::move(*lock);
    done_ = 0;
    std::printf("leads with token %s\n", to_text(lock_->token()).c_str());
  }
  void over(const holdfast::Error& why) {
    std::fprintf(stderr, "events: %s\n", why.text().c_str());
    exit_code_ = 1;
    finished_ = true;
  }

  holdfast::Client& client_;
  std::string name_;
  int terms_left_;
  std::optional<holdfast::Lock> lock_;
  int done_ = 0;
  int exit_code_ = 0;
  bool wanted_ = false;
  bool finished_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: events NAME [TERMS]\n", stderr);
    return 2;
  }
  auto client = holdfast::Client::connect({.label = "events example"});
  if (!client) {
    std::fprintf(stderr, "events: %s\n", client.error().text().c_str());
    return 1;
  }
  Leader leader(*client, argv[1], argc > 2 ? std::atoi(argv[2]) : 1);
  leader.stand();
  while (!leader.finished()) {
    // Before sleeping: what earlier calls have read already. After it: what came.
    if (!client->dispatch()) return 1;
    leader.work();
    if (leader.finished()) break;
    pollfd entries[] = {{.fd = client->fd(), .events = POLLIN, .revents = 0}};
    (void)::poll(entries, 1, 50);  // your other descriptors stand here too
  }
  return leader.exit_code();
}
