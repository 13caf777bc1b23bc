// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/files.hpp"

#include "sim/scenario/parser.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::sim {
namespace {

namespace fs = std::filesystem;

Result<std::vector<std::string>> find_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code failed;
    if (!fs::is_directory(path, failed)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path, failed))
      if (entry.path().extension() == ".scenario") files.push_back(entry.path().string());
    if (failed) return Error{Errc::cannot_read, path + ": " + failed.message()};
  }
  std::ranges::sort(files);
  if (files.empty()) return Error{Errc::cannot_read, "no file *.scenario in what was named"};
  return files;
}

Result<Script> read_script(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error{Errc::cannot_read, path + ": cannot be read"};
  return parse_script(path, text.str());
}

Result<void> write_lines(const std::string& path, const std::vector<std::string>& lines) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  for (const std::string& line : lines) file << line << '\n';
  file.flush();
  if (!file) return Error{Errc::cannot_write, path + ": cannot be written"};
  return {};
}

int complain(const std::string& text) {
  fmt::print(stderr, "holdfast: {}\n", text);
  return 2;
}

class Player {
 public:
  explicit Player(const FilesJob& job) : job_(job) {}

  // Every `every`th file from `first` on.
  void play(const std::vector<std::string>& files, std::size_t first, std::size_t every) {
    for (std::size_t i = first; i < files.size(); i += every) play_file(files[i]);
  }
  [[nodiscard]] Report& report() { return report_; }

 private:
  void play_file(const std::string& path) {
    const auto script = read_script(path);
    if (!script) {
      report_.failed("read");
      fmt::print("FAILED {}\n", script.error().detail);
      return;
    }
    for (const Depth& depth : job_.depths) play_at(*script, depth);
  }

  void play_at(const Script& script, const Depth& depth) {
    if (const std::string reason = depth.why_not(script); !reason.empty())
      return report_.skipped(depth.name, reason);
    const FileResult result = run_script(script, depth, job_.trial);
    if (result.passed) return report_.passed(depth.name);
    if (job_.expectations == Expectations::rewrite && !result.fresh.empty()) {
      const auto written = write_lines(script.path, result.fresh);
      fmt::print("rewritten {} (say why in the commit){}\n", script.path, written ? "" : " FAILED");
      if (written) return report_.passed(depth.name);
    }
    report_.failed(depth.name);
    fmt::print("FAILED {} at depth {}\n{}  again: {} {} --depth {}\n", script.path, depth.name,
               result.complaint, job_.again, script.path, depth.name);
    std::fflush(stdout);
  }

  const FilesJob& job_;
  Report report_;
};

// One of several processes that share the files; its counts come back through a pipe.
struct Worker {
  pid_t pid = -1;
  int counts = -1;
};

Worker start_worker(const FilesJob& job, const std::vector<std::string>& files,
                    std::size_t number) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  std::fflush(stdout);
  const pid_t pid = ::fork();
  if (pid != 0) return ::close(ends[1]), Worker{pid, ends[0]};
  Player player(job);
  player.play(files, number, job.processes);
  const std::string counts = player.report().packed();
  std::fflush(stdout);
  ::_exit(::write(ends[1], counts.data(), counts.size()) == static_cast<ssize_t>(counts.size())
              ? 0
              : 1);
}

// False if the process did not come to its end.
bool finish_worker(const Worker& worker, Report& report) {
  if (worker.pid < 0) return false;
  std::string counts;
  std::array<char, 4096> chunk{};
  for (ssize_t got = 0; (got = ::read(worker.counts, chunk.data(), chunk.size())) > 0;)
    counts.append(chunk.data(), static_cast<std::size_t>(got));
  ::close(worker.counts);
  int status = 0;
  if (::waitpid(worker.pid, &status, 0) != worker.pid || !WIFEXITED(status) ||
      WEXITSTATUS(status) != 0)
    return false;
  report.add(counts);
  return true;
}

}  // namespace

int play_files(const FilesJob& job) {
  const auto files = find_files(job.paths);
  if (!files) return complain(files.error().text());
  Player here(job);
  if (job.processes == 1) {
    here.play(*files, 0, 1);
  } else {
    std::vector<Worker> workers;
    for (std::size_t i = 0; i < job.processes; ++i) workers.push_back(start_worker(job, *files, i));
    for (const Worker& worker : workers)
      if (!finish_worker(worker, here.report()))
        return complain("a process that played files did not come to its end");
  }
  fmt::print("{}", here.report().text());
  if (here.report().ran() == 0)
    return complain("no file could be played at the depths that were asked for");
  return here.report().all_passed() ? 0 : 1;
}

}  // namespace holdfast::sim
