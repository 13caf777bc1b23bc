// SPDX-License-Identifier: Apache-2.0
#include "bench/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

namespace holdfast::bench {

int pin_to_one_processor() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) give_up("cannot ask for the processors");
  std::size_t last = 0;  // the first one is where interrupts tend to go
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) last = cpu;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(last, &one);
  if (::sched_setaffinity(0, sizeof one, &one) != 0) give_up("cannot stay on one processor");
  return static_cast<int>(last);
}

std::array<int, 2> two_processors() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) give_up("cannot ask for the processors");
  std::vector<int> found;
  for (int cpu = 0; cpu < CPU_SETSIZE && found.size() < 2; ++cpu)
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &allowed)) found.push_back(cpu);
  return {found.front(), found.back()};
}

OnProcessor::OnProcessor(int processor) {
  if (::sched_getaffinity(0, sizeof before_, &before_) != 0) give_up("cannot ask for the processors");
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(processor), &one);
  if (::sched_setaffinity(0, sizeof one, &one) != 0) give_up("cannot stay on one processor");
}

OnProcessor::~OnProcessor() { ::sched_setaffinity(0, sizeof before_, &before_); }

std::string program(const char* name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto path = self.parent_path() / name;
  if (error || !std::filesystem::exists(path))
    give_up_plainly(fmt::format("{} is not there; build it first: ./dev build release", path.string()));
  return path.string();
}

namespace {

Nanoseconds time_of(clockid_t clock) {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) give_up("cannot read a processor time");
  return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

int fork_child() {
  const int pid = ::fork();
  if (pid < 0) give_up("cannot fork");
  // A bench that is killed takes its servers along.
  if (pid == 0) ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  return pid;
}

bool ended_within(const Fd& pidfd, int timeout_ms) {
  pollfd waiting{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, timeout_ms) == 1;
}

}  // namespace

Nanoseconds own_cpu_time() { return time_of(CLOCK_PROCESS_CPUTIME_ID); }

Nanoseconds cpu_time(int pid) {
  clockid_t clock{};
  if (::clock_getcpuclockid(pid, &clock) != 0) give_up("cannot read the server's processor time");
  return time_of(clock);
}

int server_pid(int socket) {
  ucred other{};
  socklen_t size = sizeof other;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &other, &size) != 0) give_up("cannot find the server's process");
  return other.pid;
}

Process::Process(int pid) : pid_(pid), pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {
  if (pidfd_.get() < 0) give_up("cannot open a pidfd");
}

Process Process::fork_into(const std::function<void()>& body) {
  const int pid = fork_child();
  if (pid == 0) {
    body();
    ::_exit(0);
  }
  return Process(pid);
}

Process Process::start(const std::vector<std::string>& command, const std::string& errors, Fd& output) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) give_up("cannot make a pipe");
  output = Fd(ends[0]);
  const Fd told(ends[1]);
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const int pid = fork_child();
  if (pid == 0) {
    ::dup2(told.get(), 1);
    const int log = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log >= 0) ::dup2(log, 2);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  return Process(pid);
}

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

Process::~Process() { end(); }

void Process::kill() {
  if (pid_ < 0) return;
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void Process::end() {
  if (pid_ < 0) return;
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGTERM, nullptr, 0);
  if (!ended_within(pidfd_, 10'000)) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace holdfast::bench
