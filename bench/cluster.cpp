// SPDX-License-Identifier: Apache-2.0
#include "bench/cluster.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <fstream>

namespace holdfast::bench {
namespace {

constexpr int start_ms_max = 20'000;

std::string all_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

Cluster::Cluster(const std::string& directory) : directory_(directory + "/cluster") {
  const std::string errors = directory + "/up.err";
  Fd told;
  supervisor_ = Process::start({program("holdfast"), "--dir", directory_, "up", "--nodes", "2", "--moves-per-second", "0"}, errors, told);
  // It prints where everything is once everything serves.
  pollfd waiting{.fd = told.get(), .events = POLLIN, .revents = 0};
  char first = 0;
  if (::poll(&waiting, 1, start_ms_max) != 1 || ::read(told.get(), &first, 1) != 1)
    give_up_plainly(fmt::format("`holdfast up` did not come up:\n{}", all_of(errors)));
}

std::string Cluster::socket(int node) const { return fmt::format("{}/n{}/holdfast.sock", directory_, node); }

}  // namespace holdfast::bench
