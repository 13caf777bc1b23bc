// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_verdict.hpp"

#include "cli/process.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

namespace holdfast::cli {
namespace {

// One confirmed section.
struct Confirmed {
  unsigned worker = 0;
  std::uint32_t number = 0;
  std::string token;
  Instant granted;
};

std::vector<Confirmed> read_logs(const std::string& dir) {
  std::vector<Confirmed> all;
  for (unsigned worker = 0; worker < demo_workers; ++worker) {
    std::istringstream log(read_file(demo_log_file(dir, worker)).value_or(""));
    Confirmed line{.worker = worker};
    for (std::int64_t granted_ns = 0; log >> line.number >> line.token >> granted_ns;) {
      line.granted = Instant(Duration(granted_ns));
      all.push_back(line);
    }
  }
  std::ranges::sort(all, {}, &Confirmed::granted);
  return all;
}

class Judge {
 public:
  explicit Judge(const DemoEvidence& evidence)
      : evidence_(evidence), confirmed_(read_logs(evidence.dir)) {}
  Verdict judge();

 private:
  void check(bool holds, const std::string& claim);
  void judge_total();
  void judge_overlaps();
  void judge_tokens();
  void judge_finishers();
  void judge_worker_kill();
  void judge_daemon_kill();
  void judge_notices();
  [[nodiscard]] bool was_hit(unsigned worker) const;
  [[nodiscard]] std::vector<unsigned> hit() const;
  [[nodiscard]] Instant next_grant(Instant after) const;

  const DemoEvidence& evidence_;
  std::vector<Confirmed> confirmed_;
  Verdict verdict_;
};

std::string names(const std::vector<unsigned>& workers) {
  std::string text;
  for (const unsigned worker : workers)
    text += fmt::format("{}worker {}", text.empty() ? "" : ", ", worker + 1);
  return text.empty() ? "nobody" : text;
}

Verdict Judge::judge() {
  judge_total();
  judge_overlaps();
  if (evidence_.locking == Locking::without_locks) return verdict_;
  judge_tokens();
  judge_finishers();
  judge_worker_kill();
  judge_daemon_kill();
  judge_notices();
  return verdict_;
}

void Judge::check(bool holds, const std::string& claim) {
  verdict_.text +=
      fmt::format("  {}  {}\n",
                  coloured(holds ? Colour::green : Colour::red, holds ? "ok   " : "WRONG"), claim);
  verdict_.right = verdict_.right && holds;
}

bool Judge::was_hit(unsigned worker) const {
  const std::vector<unsigned> workers = hit();
  return std::ranges::find(workers, worker) != workers.end();
}

std::vector<unsigned> Judge::hit() const {
  if (evidence_.locking == Locking::without_locks) return {};
  std::vector<unsigned> workers = evidence_.kills.cut_off;
  workers.push_back(evidence_.kills.worker);
  std::ranges::sort(workers);
  return workers;
}

void Judge::judge_total() {
  const std::string text = read_file(demo_number_file(evidence_.dir)).value_or("");
  std::uint64_t total = 0;
  std::from_chars(text.data(), text.data() + text.size(), total);
  const std::uint64_t confirmed = confirmed_.size();
  const std::vector<unsigned> allowed = hit();
  check(confirmed <= total && total <= confirmed + allowed.size(),
        fmt::format("confirmed {} <= total {} <= confirmed + {} (may be 1 each of: {})", confirmed,
                    total, allowed.size(), names(allowed)));
}

void Judge::judge_overlaps() {
  std::uint32_t overlaps = 0;
  std::uint32_t interrupted = 0;
  for (const WorkerCell& cell : evidence_.board.workers) {
    overlaps += cell.overlaps;
    interrupted += cell.interrupted;
  }
  check(overlaps == 0, fmt::format("{} overlaps; {} interrupted sections were found and cleaned up",
                                   overlaps, interrupted));
}

// Grants of the number in the order of time: tokens only grow.
void Judge::judge_tokens() {
  const bool grow = std::ranges::adjacent_find(confirmed_, std::greater_equal{},
                                               &Confirmed::token) == confirmed_.end();
  check(grow, fmt::format("tokens only grew, over all {} confirmed grants", confirmed_.size()));
}

void Judge::judge_finishers() {
  std::vector<unsigned> unfinished;
  unsigned finished = 0;
  for (unsigned worker = 0; worker < demo_workers; ++worker) {
    if (was_hit(worker)) continue;
    const auto own = std::ranges::count(confirmed_, worker, &Confirmed::worker);
    const bool done =
        evidence_.board.workers[worker].state == WorkerState::finished && own == evidence_.rounds;
    if (done) ++finished;
    if (!done) unfinished.push_back(worker);
  }
  check(unfinished.empty(),
        fmt::format("{} other workers confirmed all their {} additions{}", finished,
                    evidence_.rounds, unfinished.empty() ? "" : "; not so: " + names(unfinished)));
}

Instant Judge::next_grant(Instant after) const {
  const auto next = std::ranges::upper_bound(confirmed_, after, {}, &Confirmed::granted);
  return next == confirmed_.end() ? Instant::never() : next->granted;
}

std::string delay_text(Instant from, Instant to) {
  return to == Instant::never() ? "never" : "after " + milliseconds_text(to - from);
}

void Judge::judge_worker_kill() {
  const Instant killed = evidence_.kills.worker_killed;
  const Instant next = next_grant(killed);
  check(
      next != Instant::never() && next - killed < evidence_.lease / 2,
      fmt::format("worker {} was killed with the lock: next grant {} (at once, without the lease)",
                  evidence_.kills.worker + 1, delay_text(killed, next)));
}

void Judge::judge_daemon_kill() {
  const DemoKills& kills = evidence_.kills;
  const Instant next = next_grant(kills.daemon_killed);
  Instant deadline;
  for (const unsigned worker : kills.cut_off)
    deadline = std::max(deadline, Instant(Duration(evidence_.board.workers[worker].deadline_ns)));
  const bool in_time = next != Instant::never() && next - kills.daemon_killed < 3 * evidence_.lease;
  check(
      in_time && next >= deadline,
      fmt::format(
          "daemon n{} was killed while its worker had the lock: next grant {} (the lease of {} had "
          "{} to run)",
          kills.daemon, delay_text(kills.daemon_killed, next), milliseconds_text(evidence_.lease),
          milliseconds_text(deadline - kills.daemon_killed)));
}

void Judge::judge_notices() {
  bool all = true;
  Duration least = Duration::max();
  for (const unsigned worker : evidence_.kills.cut_off) {
    const WorkerCell& cell = evidence_.board.workers[worker];
    all = all && cell.state == WorkerState::lost;
    least = std::min(least, Duration(cell.deadline_ns - cell.noticed_ns));
  }
  check(all && least > Duration{0},
        fmt::format("{} lost their daemon and stopped, the last one {} before its deadline",
                    names(evidence_.kills.cut_off), milliseconds_text(least)));
}

}  // namespace

Verdict judge(const DemoEvidence& evidence) { return Judge(evidence).judge(); }

}  // namespace holdfast::cli
