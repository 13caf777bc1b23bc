// SPDX-License-Identifier: Apache-2.0
#include "node/deadlock_text.hpp"

#include "model/name.hpp"

namespace holdfast::node {
namespace {

std::string name_of_member(const wire::DeadlockMember& member) {
  std::string text = "node " + std::to_string(member.owner.node.value()) + " pid " + std::to_string(member.owner.pid);
  if (!member.owner.command.empty()) text += " (" + member.owner.command + ")";
  if (member.transaction != 0) text += " transaction " + std::to_string(member.transaction);
  return text;
}

std::string resource_of(const wire::DeadlockMember& member) {
  const auto parts = split_key(member.key);
  if (!parts) return escaped(member.key);
  std::string text;
  for (const std::string_view name : names_of(*parts)) text += (text.empty() ? "" : "::") + escaped(name);
  return text;
}

std::string wait_of(const wire::DeadlockMember& member) {
  return " waits for " + std::string(name_of(member.wanted)) + " on \"" + resource_of(member) + "\"" + (member.ahead != 0 ? " behind " : ", held ") +
         std::string(name_of(member.blocked_by)) + " by ";
}

}  // namespace

std::string text_of(const wire::DeadlockReport& report) {
  std::string text = "deadlock: ";
  const wire::DeadlockMember* before = nullptr;
  for (const wire::DeadlockMember& member : report.members) {
    if (before != nullptr) text += ", which";
    if (before == nullptr) text += name_of_member(member);
    before = &member;
    text += wait_of(member);
    const bool is_last = &member == &report.members.back();
    if (is_last && report.length > report.members.size())
      text += std::to_string(report.length - report.members.size()) + " others in turn, and these by ";
    text += name_of_member(is_last ? report.members.front() : *(&member + 1));
  }
  return text;
}

}  // namespace holdfast::node
