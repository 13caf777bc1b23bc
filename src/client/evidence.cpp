// SPDX-License-Identifier: Apache-2.0
#include "client/evidence.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "holdfast/monitor.hpp"
#include "model/name.hpp"

namespace holdfast::client {
namespace {

Error cannot(const std::string& path) {
  return Error{Errc::cannot_write, "cannot write the evidence to " + path + ": " + std::strerror(errno) +
                                       "; nothing was done"};
}

// The time of day, UTC, as strftime writes it.
std::string utc(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

// A name that nobody has used.
int open_new(const std::string& dir, std::string& path) {
  const std::string now = utc("%Y%m%dT%H%M%SZ");
  for (int attempt = 0; attempt < 1000; ++attempt) {
    path = fmt::format("{}/holdfast-evidence-{}-{}{}.json", dir, now, ::getpid(),
                       attempt == 0 ? std::string() : "-" + std::to_string(attempt));
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0;
}

}  // namespace

Result<std::string> write_evidence(const std::string& dir, std::string_view text) {
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) return cannot(dir);
  std::string path;
  const int fd = open_new(dir, path);
  if (fd < 0) return cannot(path);
  const bool written = write_all(fd, text);
  if (::close(fd) != 0 || !written) return cannot(path);
  return path;
}

}  // namespace holdfast::client

namespace holdfast {
namespace {

// Escaped, so that any bytes are a text, and then as JSON writes one.
std::string quoted(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : escaped(bytes)) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

std::string path_of(std::string_view lockspace, const std::vector<std::string>& above, std::string_view name) {
  std::string text;
  for (const std::string& one : above) text += (text.empty() ? "" : ",") + quoted(one);
  return fmt::format(R"("lockspace":{},"above":[{}],"name":{})", quoted(lockspace), text, quoted(name));
}

std::string lock_json(const LockInfo& lock) {
  const OwnerInfo& owner = lock.owner;
  std::string text = fmt::format(R"({{"node":{},"id":{},"standing":"{}")", lock.node.value(), lock.id.value(),
                                 name_of(lock.standing));
  if (lock.standing != LockStanding::waiting) text += fmt::format(R"(,"mode":"{}")", name_of(lock.granted));
  if (lock.standing != LockStanding::granted) text += fmt::format(R"(,"wanted":"{}")", name_of(lock.wanted));
  if (lock.token) text += fmt::format(R"(,"token":"{}")", to_text(lock.token));
  return text + fmt::format(R"(,"age_ms":{},"orphan":{},"owner":{{"id":{},"pid":{},"start_ticks":{},"uid":{},)"
                            R"("user":{},"command":{},"label":{}}}}})",
                            std::chrono::duration_cast<std::chrono::milliseconds>(lock.age).count(), lock.orphan,
                            owner.owner.value(), owner.pid, owner.start_ticks, owner.uid, quoted(owner.user),
                            quoted(owner.command), quoted(owner.label));
}

std::string condition_json(const WaitCondition& condition) {
  return fmt::format(R"({{{},"trouble":"{}","waiter":{},"holder":{}}})",
                     path_of(condition.lockspace, condition.above, condition.name), name_of(condition.trouble),
                     lock_json(condition.waiter), lock_json(condition.holder));
}

std::string resource_json(const ResourceInfo& resource) {
  std::string locks;
  for (const LockInfo& lock : resource.locks) locks += (locks.empty() ? "" : ",\n  ") + lock_json(lock);
  return fmt::format("{{{},\"master\":{},\"home\":{},\"recovering\":{},\"locks\":[\n  {}]}}",
                     path_of(resource.lockspace, resource.above, resource.name), resource.master.value(),
                     resource.home.value(), resource.recovering, locks);
}

template <class Items, class Text>
std::string list(const Items& items, Text&& text_of) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "\n" : ",\n") + text_of(item);
  return text;
}

}  // namespace

std::string to_json(const Look& look, std::string_view reason) {
  return fmt::format("{{\"taken\":\"{}\",\"reason\":{},\"complete\":{},\n\"conditions\":[{}],\n"
                     "\"resources\":[{}]}}\n",
                     client::utc("%Y-%m-%dT%H:%M:%SZ"), quoted(reason), look.complete,
                     list(look.conditions, condition_json), list(look.graph.page().resources, resource_json));
}

}  // namespace holdfast
