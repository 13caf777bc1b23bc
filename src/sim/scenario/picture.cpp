// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/picture.hpp"

#include "model/name.hpp"
#include "sim/scenario/script.hpp"

#include <algorithm>

namespace holdfast::sim {
namespace {

std::string value_text(const ResourcePicture& picture) {
  switch (picture.value_state) {
    case ValueState::never_written:
      return "-";
    case ValueState::valid:
      return escaped(picture.value);
    case ValueState::doubtful:
      return "doubtful";
  }
  return "?";
}

std::string shown(const LockPicture& lock) { return lock.who.empty() ? "orphan" : lock.who; }

std::string lock_text(const LockPicture& lock) {
  std::string out = "  " + std::string(wire::name_of(lock.standing));
  out += "  ";
  out += shown(lock) + ":";
  if (lock.standing != wire::LockStanding::waiting) out += holdfast::name_of(lock.granted);
  if (lock.standing == wire::LockStanding::converting) out += "->";
  if (lock.standing != wire::LockStanding::granted) out += holdfast::name_of(lock.wanted);
  if (lock.node) out += "@" + name_of(lock.node);
  return out;
}

}  // namespace

std::vector<std::string> drawn(ResourcePicture picture) {
  std::string head = escaped(picture.name);
  if (picture.master)
    head += "  master " + name_of(picture.master) + "  home " + name_of(picture.home);
  std::vector<std::string> lines{head + "  value " + value_text(picture)};
  const auto granted_end = std::ranges::find_if(picture.locks, [](const LockPicture& lock) {
    return lock.standing != wire::LockStanding::granted;
  });
  std::sort(picture.locks.begin(), granted_end,
            [](const LockPicture& a, const LockPicture& b) { return shown(a) < shown(b); });
  for (const LockPicture& lock : picture.locks) lines.push_back(lock_text(lock));
  return lines;
}

}  // namespace holdfast::sim
