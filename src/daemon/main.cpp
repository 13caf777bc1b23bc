// SPDX-License-Identifier: Apache-2.0
// The program `holdfastd`: one node of a lock cluster.
#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>

#include "daemon/host.hpp"
#include "daemon/options.hpp"
#include "daemon/ready.hpp"

namespace holdfast::daemon {
namespace {

int report(const Error& error, int exit_code) {
  fmt::print(stderr, "holdfastd: {}\n", error.text());
  return exit_code;
}

// Each session takes two descriptors.
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int serve(const Options& options) {
  io::Log log(options.config.log_level);
  allow_many_descriptors();
  // OpenSSL writes to sockets without MSG_NOSIGNAL.
  std::signal(SIGPIPE, SIG_IGN);
  Result<std::unique_ptr<Host>> host = Host::open(options.config, log);
  if (!host) return report(host.error(), host.error().code == Errc::bad_config ? exit_usage : exit_trouble);
  const Result<void> ended =
      (*host)->serve([&] { tell_ready(options.config, (*host)->life(), options.ready_fd); });
  return ended ? exit_clean : report(ended.error(), exit_trouble);
}

int run(int argc, const char* const* argv) {
  const Result<Options> options = parse_options(argc, argv);
  if (!options) return report(options.error(), exit_usage);
  switch (options->task) {
    case Task::show_text: fmt::print("{}", options->text); return exit_clean;
    case Task::check_config:
      fmt::print("{}: ok\n", options->config_file.empty() ? "configuration" : options->config_file);
      return exit_clean;
    case Task::serve: return serve(*options);
  }
  return exit_trouble;
}

}  // namespace
}  // namespace holdfast::daemon

int main(int argc, char** argv) { return holdfast::daemon::run(argc, argv); }
