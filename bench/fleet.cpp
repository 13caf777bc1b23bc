// SPDX-License-Identifier: Apache-2.0
#include "bench/fleet.hpp"

#include <sys/socket.h>

namespace holdfast::bench {
namespace {

struct Report {
  std::size_t done = 0;
  Nanoseconds cpu{0};
};

template <class T>
void write_one(const Fd& fd, const T& value) {
  write_all(fd, {reinterpret_cast<const char*>(&value), sizeof value});
}
template <class T>
T read_one(const Fd& fd) {
  T value;
  read_all(fd, {reinterpret_cast<char*>(&value), sizeof value});
  return value;
}

[[noreturn]] void obey(const Fd& orders, const Fleet::Work& work) {
  write_one(orders, Report{});  // ready
  for (;;) {
    const auto duration = read_one<Nanoseconds>(orders);
    const Nanoseconds before = own_cpu_time();
    const std::size_t done = work(duration);
    write_one(orders, Report{.done = done, .cpu = own_cpu_time() - before});
  }
}

}  // namespace

Fleet::Fleet(std::size_t size, const std::function<Work(std::size_t)>& make) {
  for (std::size_t i = 0; i < size; ++i) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) give_up("cannot make a socket pair");
    Fd ours(ends[0]);
    const Fd theirs(ends[1]);
    clients_.push_back({.process = Process::fork_into([&] { obey(theirs, make(i)); }), .orders = std::move(ours)});
    (void)read_one<Report>(clients_.back().orders);
  }
}

Rate Fleet::measure(Nanoseconds duration, int server_pid) {
  const Nanoseconds server_before = cpu_time(server_pid);
  const Nanoseconds start = now();
  for (const Client& client : clients_) write_one(client.orders, duration);
  Report sum;
  for (const Client& client : clients_) {
    const auto report = read_one<Report>(client.orders);
    sum.done += report.done;
    sum.cpu += report.cpu;
  }
  const auto done = static_cast<double>(sum.done);
  return {.per_second = done * 1e9 / static_cast<double>((now() - start).count()),
          .client_ns = static_cast<double>(sum.cpu.count()) / done,
          .server_ns = static_cast<double>((cpu_time(server_pid) - server_before).count()) / done};
}

}  // namespace holdfast::bench
