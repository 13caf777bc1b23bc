// SPDX-License-Identifier: Apache-2.0
#include "sim/campaign.hpp"

#include <fmt/core.h>

#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::sim {
namespace {

// One run of any seed takes far less; one that hangs is ended by the kernel.
constexpr unsigned run_seconds_max = 120;

int fail(const RunSettings& settings, const std::string& what) {
  fmt::print("FAILED seed {}: {}\n  again: holdfast-sim replay '{}'\n", settings.seed, what,
             replay_line(settings));
  return 1;
}

// In the child: plays one seed and says what came of it.
int run_one(const RunSettings& settings, const Campaign& campaign) {
  std::function<void(const std::string&)> tracer;
  if (campaign.trace) tracer = [](const std::string& line) { fmt::print("{}\n", line); };
  const RunResult result = run_seed(settings, tracer);
  if (!result.failure.empty()) return fail(settings, result.failure);
  if (campaign.check_hash) {
    RunSettings salted = settings;
    salted.hash_salt = 0x9e3779b97f4a7c15ULL;
    if (run_seed(salted, {}).hash != result.hash)
      return fail(settings, "not deterministic: with another hash salt something else happened");
  }
  if (campaign.seeds == 1)
    fmt::print(
        "seed {}: {} grants, {} refusals, {} crashes, {} valid and {} doubtful values, hash "
        "{:016x}\n",
        settings.seed, result.grants, result.refusals, result.crashes, result.valid_reads,
        result.doubtful_reads, result.hash);
  return 0;
}

int run_in_child(const RunSettings& settings, const Campaign& campaign) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) return fail(settings, "cannot fork");
  if (child == 0) {
    alarm(run_seconds_max);
    const int code = run_one(settings, campaign);
    std::fflush(stdout);
    _exit(code);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return fail(settings, std::string("ended by ") + strsignal(WTERMSIG(status)));
}

}  // namespace

int run_campaign(const Campaign& campaign) {
  std::uint64_t failed = 0;
  for (std::uint64_t i = 0; i < campaign.seeds; ++i) {
    RunSettings settings = campaign.first;
    settings.seed += i;
    if (run_in_child(settings, campaign) != 0) ++failed;
  }
  fmt::print("sim: {} seeds from {}, {} failed\n", campaign.seeds, campaign.first.seed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace holdfast::sim
