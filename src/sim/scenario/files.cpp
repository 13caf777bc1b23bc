// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/files.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/scenario/parser.hpp"

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

class Player {
 public:
  explicit Player(const FilesJob& job) : job_(job) {}

  int play() {
    const auto files = find_files(job_.paths);
    if (!files) return complain(files.error().text());
    for (const std::string& path : *files) play_file(path);
    fmt::print("{}", report_.text());
    if (ran_ == 0) return complain("no file could be played at the depths that were asked for");
    return failed_ == 0 ? 0 : 1;
  }

 private:
  static int complain(const std::string& text) {
    fmt::print(stderr, "holdfast: {}\n", text);
    return 2;
  }

  void play_file(const std::string& path) {
    const auto script = read_script(path);
    if (!script) {
      ++failed_;
      fmt::print("FAILED {}\n", script.error().detail);
      return;
    }
    for (const Depth& depth : job_.depths) play_at(*script, depth);
  }

  void play_at(const Script& script, const Depth& depth) {
    if (const std::string reason = depth.why_not(script); !reason.empty()) return report_.skipped(depth.name, reason);
    ++ran_;
    const FileResult result = run_script(script, depth, job_.trial);
    if (result.passed) return report_.passed(depth.name);
    if (job_.expectations == Expectations::rewrite && !result.fresh.empty()) {
      const auto written = write_lines(script.path, result.fresh);
      fmt::print("rewritten {} (say why in the commit){}\n", script.path, written ? "" : " FAILED");
      if (written) return report_.passed(depth.name);
    }
    ++failed_;
    report_.failed(depth.name);
    fmt::print("FAILED {} at depth {}\n{}  again: {} {} --depth {}\n", script.path, depth.name, result.complaint,
               job_.again, script.path, depth.name);
    std::fflush(stdout);
  }

  const FilesJob& job_;
  Report report_;
  std::size_t ran_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace

int play_files(const FilesJob& job) { return Player(job).play(); }

}  // namespace holdfast::sim
