// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_worker.hpp"

#include "cli/exit_code.hpp"
#include "cli/process.hpp"
#include "cli/terminal.hpp"
#include "cli/time_text.hpp"
#include "holdfast/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <optional>
#include <unistd.h>

namespace holdfast::cli {
namespace {

// What a marker file says.
struct Marker {
  std::string token;
  unsigned worker = 0;
  ProcessName process;
};

std::string text_of(const Marker& marker) {
  return fmt::format("{} {} {} {}\n", marker.token, marker.worker, marker.process.pid,
                     marker.process.start_ticks);
}

std::optional<Marker> parse_marker(std::string_view text) {
  constexpr std::size_t token_length = 32;
  if (text.size() <= token_length) return std::nullopt;
  Marker marker{.token = std::string(text.substr(0, token_length))};
  const char* at = text.data() + token_length;
  const char* end = text.data() + text.size();
  const auto take = [&](auto& number) {
    at = std::from_chars(std::min(at + 1, end), end, number).ptr;
  };
  take(marker.worker);
  take(marker.process.pid);
  take(marker.process.start_ticks);
  return marker;
}

class Worker {
 public:
  explicit Worker(const WorkerJob& job)
      : job_(job),
        cell_(job.board.workers[job.index]),
        self_(own_process()),
        number_(::open(demo_number_file(job.dir).c_str(), O_RDWR | O_CLOEXEC)),
        log_(::open(demo_log_file(job.dir, job.index).c_str(),
                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)),
        marker_file_(job.dir + "/marker") {}

  int work();

 private:
  // False: the daemon or the lock is lost, and this worker is at its end.
  bool locked_section();
  bool section(const std::string& token);
  [[nodiscard]] bool enter(const std::string& token);
  void leave();
  [[nodiscard]] bool left_by_the_dead(const Marker& found, const std::string& token) const;
  [[nodiscard]] std::uint32_t read_number() const;
  void write_number(std::uint32_t number) const;
  void report(std::uint32_t number) const;
  void stop_if_told(StopPoint point);
  [[nodiscard]] bool still_held();
  int lose(const Error& why);
  void tell_and_wait() const;

  const WorkerJob& job_;
  WorkerCell& cell_;
  ProcessName self_;
  Fd number_;
  Fd log_;
  std::string marker_file_;
  std::string own_marker_;  // empty: the marker there is not ours
  std::optional<Client> client_;
  Lock private_lock_;
  Lock lock_;
  std::int64_t granted_ns_ = 0;
  std::uint64_t pretended_ = 0;
};

int Worker::work() {
  if (job_.locking == Locking::with_locks) {
    auto client =
        Client::connect({.socket = job_.socket, .label = fmt::format("worker {}", job_.index + 1)});
    if (!client) return lose(client.error());
    client_ = *std::move(client);
    // Something each worker holds throughout, so that there is more to master than the number.
    auto mine = client_->lock(fmt::format("demo/worker-{}", job_.index + 1), Mode::EX);
    if (!mine) return lose(mine.error());
    private_lock_ = *std::move(mine);
  }
  for (unsigned round = 0; round < job_.rounds; ++round) {
    const bool goes_on =
        job_.locking == Locking::with_locks
            ? locked_section()
            : section(fmt::format("{:032x}", ++pretended_ * demo_workers + job_.index));
    if (!goes_on) return exit_lost;
  }
  cell_.state = WorkerState::finished;
  return exit_ok;
}

bool Worker::locked_section() {
  auto lock = client_->lock("demo/number", Mode::EX);
  if (!lock) {
    lose(lock.error());
    return false;
  }
  granted_ns_ = boottime().since_boot().count();
  lock_ = *std::move(lock);
  if (!section(to_text(lock_.token()))) return false;
  if (const auto released = lock_.release(); !released) {
    lose(released.error());
    return false;
  }
  return true;
}

bool Worker::section(const std::string& token) {
  if (!enter(token)) cell_.overlaps += 1;
  const std::uint32_t number = read_number();
  report(number);
  stop_if_told(StopPoint::before_write);
  if (!still_held()) return false;
  write_number(number + 1);
  stop_if_told(StopPoint::after_write);
  if (!still_held()) return false;
  const std::string line = fmt::format("{} {} {}\n", number + 1, token, granted_ns_);
  [[maybe_unused]] const ssize_t written = ::write(log_.number(), line.data(), line.size());
  leave();
  return true;
}

// False if somebody else is in there.
bool Worker::enter(const std::string& token) {
  own_marker_ = text_of({.token = token, .worker = job_.index, .process = self_});
  while (true) {
    const Fd marker(::open(marker_file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (marker) {
      [[maybe_unused]] const ssize_t written =
          ::write(marker.number(), own_marker_.data(), own_marker_.size());
      return true;
    }
    const auto found = parse_marker(read_file(marker_file_).value_or(""));
    if (!found || !left_by_the_dead(*found, token)) break;
    cell_.interrupted += 1;
    ::unlink(marker_file_.c_str());
  }
  own_marker_.clear();
  return false;
}

bool Worker::left_by_the_dead(const Marker& found, const std::string& token) const {
  if (found.worker >= demo_workers || found.token >= token) return false;
  return job_.board.workers[found.worker].state == WorkerState::lost || !is_running(found.process);
}

void Worker::leave() {
  if (own_marker_.empty()) return;
  if (read_file(marker_file_) == own_marker_) {
    ::unlink(marker_file_.c_str());
  } else {
    cell_.overlaps += 1;
  }
}

std::uint32_t Worker::read_number() const {
  std::array<char, 16> text{};
  const ssize_t length = ::pread(number_.number(), text.data(), text.size(), 0);
  std::uint32_t number = 0;
  // Fixed width with zeros in front, so that a reader never sees half of a shorter number.
  std::from_chars(text.data(), text.data() + std::max<ssize_t>(length, 0), number);
  return number;
}

void Worker::write_number(std::uint32_t number) const {
  const std::string text = fmt::format("{:010}\n", number);
  [[maybe_unused]] const ssize_t written = ::pwrite(number_.number(), text.data(), text.size(), 0);
}

// Exactly one worker answers to one threshold.
void Worker::report(std::uint32_t number) const {
  std::uint32_t threshold = job_.board.report_at;
  if (number < threshold || !job_.board.report_at.compare_exchange_strong(threshold, nobody))
    return;
  tell_and_wait();
}

// Here it stands, with the lock, until it is killed or its daemon is.
void Worker::stop_if_told(StopPoint point) {
  std::uint32_t chosen = job_.board.stop_one_of;
  if ((chosen >> job_.index & 1U) == 0 || job_.board.stop_point != point) return;
  if (!job_.board.stop_one_of.compare_exchange_strong(chosen, 0)) return;
  const auto index = static_cast<std::uint8_t>(job_.index);
  [[maybe_unused]] const ssize_t told = ::write(job_.tell_fd, &index, sizeof index);
  while (client_ && client_->poll(for_ever)) {
  }
}

void Worker::tell_and_wait() const {
  const auto index = static_cast<std::uint8_t>(job_.index);
  char leave = 0;
  if (::write(job_.tell_fd, &index, sizeof index) != sizeof index) return;
  [[maybe_unused]] const ssize_t told = ::read(job_.leave_fd, &leave, sizeof leave);
}

bool Worker::still_held() {
  if (job_.locking == Locking::without_locks) return true;
  if (const auto read = client_->dispatch(); !read) {
    lose(read.error());
    return false;
  }
  if (lock_.held()) return true;
  lose(Error{Errc::lease_expired});
  return false;
}

int Worker::lose(const Error& why) {
  const bool lost_daemon =
      client_ && (client_->ended() != nullptr || why.code == Errc::lease_expired);
  if (lost_daemon) {
    cell_.noticed_ns = boottime().since_boot().count();
    cell_.deadline_ns = client_->valid_until().time_since_epoch().count();
  } else {
    complain(fmt::format("worker {}: {}", job_.index + 1, why.text()));
  }
  cell_.state = lost_daemon ? WorkerState::lost : WorkerState::failed;
  return exit_lost;
}

}  // namespace

std::string demo_number_file(const std::string& dir) { return dir + "/number"; }
std::string demo_log_file(const std::string& dir, unsigned worker) {
  return fmt::format("{}/worker-{}.log", dir, worker + 1);
}

int demo_work(const WorkerJob& job) { return Worker(job).work(); }

}  // namespace holdfast::cli
