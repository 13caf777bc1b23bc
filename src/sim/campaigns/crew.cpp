// SPDX-License-Identifier: Apache-2.0
#include "sim/campaigns/crew.hpp"

#include "sim/campaigns/outcome_json.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::sim {
namespace {

// A run takes far less; one that hangs is ended by the kernel.
constexpr unsigned run_seconds_max = 120;
constexpr std::uint64_t other_salt = 0x9e3779b97f4a7c15ULL;

struct Child {
  Job job;
  pid_t pid = 0;
  int out = -1;
  std::string said;
};

Outcome play_job(const Job& job) {
  Outcome outcome = play(job.plan, {});
  if (!outcome.failure.empty() || job.hash_check == HashCheck::once) return outcome;
  Plan salted = job.plan;
  salted.hash_salt = other_salt;
  if (play(salted, {}).hash != outcome.hash)
    outcome.failure = "not deterministic: with another hash salt something else happened";
  return outcome;
}

[[noreturn]] void be_child(const Job& job, int out) {
  alarm(run_seconds_max);
  dup2(out, STDERR_FILENO);  // what a broken assertion says
  const std::string said = "\n" + to_json(play_job(job)) + "\n";
  for (std::size_t at = 0; at < said.size();) {
    const ssize_t written = write(out, said.data() + at, said.size() - at);
    if (written < 0 && errno != EINTR) _exit(1);
    if (written > 0) at += static_cast<std::size_t>(written);
  }
  _exit(0);
}

Child begin(const Job& job) {
  int ends[2];
  if (pipe(ends) != 0) {
    fmt::print(stderr, "holdfast-sim: cannot make a pipe: {}\n", std::strerror(errno));
    std::exit(2);
  }
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) {
    fmt::print(stderr, "holdfast-sim: cannot start a process: {}\n", std::strerror(errno));
    std::exit(2);
  }
  if (pid == 0) {
    close(ends[0]);
    be_child(job, ends[1]);
  }
  close(ends[1]);
  return {.job = job, .pid = pid, .out = ends[0], .said = {}};
}

// False at the end of what it says.
bool read_more(Child& child) {
  char bytes[4096];
  const ssize_t got = read(child.out, bytes, sizeof bytes);
  if (got > 0) child.said.append(bytes, static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && errno == EINTR);
}

Outcome end(Child& child) {
  close(child.out);
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  while (!child.said.empty() && child.said.back() == '\n') child.said.pop_back();
  const std::size_t last = child.said.rfind('\n');
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    if (auto outcome = outcome_in(std::string_view(child.said).substr(last + 1)))
      return std::move(*outcome);
  std::string why = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM
                        ? "it had not ended after " + std::to_string(run_seconds_max) + " s"
                        : child.said.substr(0, child.said.find('\n', 1));
  if (why.empty() && WIFSIGNALED(status)) why = strsignal(WTERMSIG(status));
  Outcome broken;
  broken.failure = "ended by itself: " + why;
  return broken;
}

}  // namespace

unsigned usual_crew() {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  if (sched_getaffinity(0, sizeof processors, &processors) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&processors)));
}

void play_all(unsigned crew, const std::function<std::optional<Job>()>& next,
              const std::function<void(const Job&, const Outcome&)>& done) {
  std::list<Child> children;
  bool more = true;
  while (more || !children.empty()) {
    while (more && children.size() < crew) {
      if (auto job = next())
        children.push_back(begin(*job));
      else
        more = false;
    }
    std::vector<pollfd> outs;
    for (const Child& child : children) outs.push_back({.fd = child.out, .events = POLLIN});
    if (!outs.empty() && poll(outs.data(), outs.size(), -1) < 0) continue;
    auto child = children.begin();
    for (const pollfd& out : outs) {
      const auto at = child++;
      if (out.revents == 0 || read_more(*at)) continue;
      const Outcome outcome = end(*at);
      const Job job = std::move(at->job);
      children.erase(at);
      done(job, outcome);
    }
  }
}

Outcome play_apart(const Job& job) {
  Child child = begin(job);
  while (read_more(child)) {
  }
  return end(child);
}

}  // namespace holdfast::sim
